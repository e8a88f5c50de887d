"""Why a forecast came out: every input's share in it, through the recursion."""
