"""exp, log, tanh, roots: elementary functions as straight code, with bounds of their errors."""
