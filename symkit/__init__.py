"""symkit: a compiler toolkit for the small functions that neural networks train with."""
