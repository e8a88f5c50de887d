"""Products of matrices, as LLVM functions for one machine and one size."""
