"""A training that is stopped and goes on: its state in a file, when it is written, what is read."""
