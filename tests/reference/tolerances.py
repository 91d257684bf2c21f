"""How far float32 may be from the truth; each number with its reason."""

SCORE = 1e-5
"""Absolute, for scores of order 1: some hundred roundings of 6e-8, times a small condition."""

RELATIVE = 1e-5
"""Relative, for what has a scale: sums of squares over up to some thousand examples."""
