"""The rows that a correction is judged on, and the shapes of the artefact that are compared."""

FITTED, UNSEEN_LINES, UNSEEN_GENES = "fitted", "unseen lines", "unseen lines and genes"
"""Those that it was fitted to; those of cell lines that it was not fitted to; those of such genes in such lines."""
NONE, LINEAR, SATURATING, SPLINE = "none", "linear in log2", "saturating", "spline in log2"
"""Shapes as functions of the copy number."""
