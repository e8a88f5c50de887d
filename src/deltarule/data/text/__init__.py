"""Text files: their encoding, separator, header and lines, and what their cells mean."""
