"""Collapsed posteriors of several screens of one layout, evaluated together at points of their own.

What numpy spends on each call, rather than on numbers, is then spent once for all screens. Every screen's numbers are those that it
has alone.
"""

import copy
from collections.abc import Sequence

import numpy as np

from guidefit.engines.collapsed_posterior import STEP, CollapsedPosterior, log_prior
from guidefit.engines.symmetric_matrix import SymmetricMatrix2

_CHUNK = 1 << 14  # points x sgRNAs that are held at a time


class CollapsedBatch:
    """The posteriors of `models`, which have the same genes with the same sgRNAs."""

    def __init__(self, models: Sequence[CollapsedPosterior]) -> None:
        self.models = models
        if len(models) > 1:
            parts = [model.information for model in models]
            names = ("m11", "m12", "m22", "determinant")
            self._information = [np.concatenate([getattr(part, name) for part in parts], axis=-1) for name in names]
            self._t, self._offset = (np.concatenate([getattr(m, name) for m in models], axis=-1) for name in ("t", "offset"))
            self._m0 = np.stack([model.m0 for model in models], axis=-1)
            self._rows, self._rss = np.array([model.rows for model in models]), np.array([model.rss for model in models])

    def log_density(self, z: np.ndarray, which: np.ndarray) -> np.ndarray:
        """(P,) log densities at points z (P, scale) of the models which (P,)."""
        scales, _ = self.models[0].structure.values(z)
        return self._log_likelihood(np.stack(list(scales.values())), which) + log_prior(z)

    def gradient(self, z: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log densities (P,) and their exact gradients (P, scale), by complex steps."""
        scales, slopes = self.models[0].structure.values(z)
        dim = len(scales)
        moved = np.stack(list(scales.values()))[:, :, None] + 1j * STEP * np.eye(dim)[:, None]
        values = self._log_likelihood(moved.reshape(dim, -1), np.repeat(which, dim)).reshape(z.shape)
        return values[:, 0].real + log_prior(z), values.imag / STEP * np.stack(list(slopes.values()), axis=1) - z

    def _log_likelihood(self, scales: np.ndarray, which: np.ndarray) -> np.ndarray:
        """(P,) log likelihoods at scales (scale, P)."""
        points = len(which)
        if points == 1:  # numpy sums a single column in another order
            return self._log_likelihood(np.repeat(scales, 2, axis=1), np.repeat(which, 2))[:1]
        parts = np.array_split(np.arange(points), max(1, min(points // 2, -(-points * len(self.models[0].gene) // _CHUNK))))
        names = list(self.models[0].structure.quantiles)
        found = []
        for part in parts:
            model = self._at(which[part])
            found.append(model.log_likelihood_at(dict(zip(names, scales[:, part], strict=True))))
        return np.concatenate(found)

    def _at(self, which: np.ndarray) -> CollapsedPosterior:
        """A posterior whose data differ along the draws of the scales: those of the models which (P,)."""
        found = copy.copy(self.models[0])
        if len(self.models) > 1:
            # `take` lays the data out as broadcasting does: another layout would sum over sgRNAs in another order.
            found.information = SymmetricMatrix2(*(each.take(which, axis=-1) for each in self._information))
            found.t, found.offset, found.m0 = (each.take(which, axis=-1) for each in (self._t, self._offset, self._m0))
            found.rows, found.rss = self._rows[which], self._rss[which]
        return found


def has_same_layout(one: CollapsedPosterior, other: CollapsedPosterior) -> bool:
    """Whether two models can be evaluated together."""
    return np.array_equal(one.gene, other.gene)
