"""One call of somebody's program: in which form, with parameters where, and what it left behind."""
