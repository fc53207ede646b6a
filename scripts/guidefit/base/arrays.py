"""Selections of array elements that several steps share."""

import numpy as np


def evenly_spaced(count: int, most: int) -> np.ndarray:
    """Indices of at most `most` evenly spaced items out of `count`, first and last included; all of them where `most` suffices."""
    return np.linspace(0, count - 1, min(most, count)).astype(int)
