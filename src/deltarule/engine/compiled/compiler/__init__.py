"""From graphs to instructions, from instructions to machine code, kept on disk."""
