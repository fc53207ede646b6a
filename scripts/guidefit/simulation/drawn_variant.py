"""Which variant generates the data of a seed, in a study that draws it by prior probabilities."""

from collections.abc import Mapping

import numpy as np

from guidefit.base import randomness


def draw_variant(study: str, seed: int, probabilities: Mapping[str, float]) -> str:
    """The variant that generates the data of a seed, drawn with these prior probabilities."""
    rng = randomness.generator(study, "", seed, "variant")
    place = np.searchsorted(np.cumsum(list(probabilities.values())), rng.random(), side="right")
    return list(probabilities)[min(int(place), len(probabilities) - 1)]
