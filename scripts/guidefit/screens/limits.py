"""Bounds that no measurement reaches."""

LOGFC_MAX = 50.0
"""Largest |logFC|: log2 of the ratio of any two read counts is smaller."""
