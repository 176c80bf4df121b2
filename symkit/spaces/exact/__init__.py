"""Functions told apart by exact values."""
