"""Training: a step as one graph, and the loops that repeat it."""
