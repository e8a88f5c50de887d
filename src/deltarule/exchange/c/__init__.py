"""A model as a header in C99: in floating point, in whole numbers, and with a step of training."""
