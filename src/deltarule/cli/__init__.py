"""The command line: a thin face on the rooms below. Only here is anything printed."""
