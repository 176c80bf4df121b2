"""Many functions at once: evaluated, told apart, described, saved."""
