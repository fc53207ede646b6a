"""Figures. Each module answers one question; the script plot.py imports it by its name and calls its `draw`."""
