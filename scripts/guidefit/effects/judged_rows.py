"""The rows that a correction is judged on."""

FITTED, UNSEEN_LINES, UNSEEN_GENES = "fitted", "unseen lines", "unseen lines and genes"
"""Those that it was fitted to; those of cell lines that it was not fitted to; those of such genes in such lines."""
