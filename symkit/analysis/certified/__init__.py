"""Gaussian integrals with a proof: what is printed is within what is printed beside it."""
