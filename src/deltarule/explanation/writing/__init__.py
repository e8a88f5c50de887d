"""How an explanation is written: its names, as text, Markdown, LaTeX and HTML."""
