"""Check anybody's gradient, and name the mistake in it."""
