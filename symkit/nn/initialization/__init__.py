"""Initial weights that keep the variance of signals, for any PyTorch model."""
