"""Other people's frameworks: PyTorch's modules, scikit-learn's networks, anybody's arrays."""
