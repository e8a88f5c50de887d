"""exp, log, tanh, roots: elementary functions as instructions, with bounds of their errors."""
