"""What the pages are built with: formulas as MathML, docstrings as pages, generated tables."""
