"""The collapsed posterior of a linear Gaussian model: all means and effects integrated out, exactly, given the scales.

Two levels have the same form. A pair (intercept, slope) has a normal prior with covariance S around the pair of the level above,
and a normal likelihood with information M and best value t. Then, with E = |I + S M|,

    seen from above   likelihood of the pair above: information W = (S + M^-1)^-1 = (M + |M| adj S) / E, best value t
    given the above   covariance C = (S^-1 + M)^-1 = (S + |S| adj M) / E, and (I + S M)^-1 = adj(I + S M) / E of the mean above

and no matrix is ever inverted: S may be zero (a level without variation), M singular (a covariate that does not vary). This is
used for the sgRNAs within their gene and for the genes within the hyper-means. (Lindley & Smith 1972; Woodbury's identity.)
Best values are taken relative to a pooled line of their gene, and these to a pooled line of all: sums of squares then are as
small as the residuals, whatever the units.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from guidefit.models.structure import Structure
from guidefit.screens.sufficient import SufficientStatistics

Scales = Mapping[str, np.ndarray]
_STEP = 1e-50  # of the complex step (Squire & Trapp 1998): no difference is taken, so it can be as small as one likes
_CHUNK = 1 << 15  # draws x sgRNAs that are held at a time: what fits a processor's cache


@dataclass(frozen=True)
class Pair:
    """Symmetric 2 x 2 matrices [[a, b], [b, c]], element by element in arrays, with their determinant."""

    a: Any
    b: Any
    c: Any
    det: Any

    def over(self, divisor: Any) -> "Pair":
        """The matrices divided by numbers."""
        return Pair(self.a / divisor, self.b / divisor, self.c / divisor, self.det / divisor**2)

    @property
    def inverse(self) -> "Pair":
        """The inverse matrices."""
        return Pair(self.c / self.det, -self.b / self.det, self.a / self.det, 1 / self.det)

    def times(self, one: Any, two: Any) -> tuple[Any, Any]:
        """The matrices times the vectors (one, two)."""
        return self.a * one + self.b * two, self.b * one + self.c * two


@dataclass(frozen=True)
class Meeting:
    """A prior covariance S that meets an information M (see the module)."""

    prior: Pair
    information: Pair

    @cached_property
    def growth(self) -> Any:
        """E = |I + S M|."""
        s, m = self.prior, self.information
        return 1 + s.a * m.a + 2 * s.b * m.b + s.c * m.c + s.det * m.det

    @cached_property
    def seen_from_above(self) -> Pair:
        """W = (S + M^-1)^-1."""
        return _plus_adjugate(self.information, self.prior, self.growth)

    @cached_property
    def covariance(self) -> Pair:
        """C = (S^-1 + M)^-1."""
        return _plus_adjugate(self.prior, self.information, self.growth)

    @cached_property
    def shrinkage(self) -> tuple[Any, Any, Any, Any]:
        """(I + S M)^-1, row by row."""
        s, m, e = self.prior, self.information, self.growth
        return (
            (1 + s.b * m.b + s.c * m.c) / e,
            -(s.a * m.b + s.b * m.c) / e,
            -(s.b * m.a + s.c * m.b) / e,
            (1 + s.a * m.a + s.b * m.b) / e,
        )


def _plus_adjugate(one: Pair, other: Pair, growth: Any) -> Pair:
    return Pair(
        (one.a + one.det * other.c) / growth,
        (one.b - one.det * other.b) / growth,
        (one.c + one.det * other.a) / growth,
        one.det / growth,
    )


@dataclass(frozen=True)
class _Levels:
    """Everything that follows from K draws of the scales: arrays (sgrna, K) and (gene, K), for the hyper-means (K,)."""

    sgrna: Meeting
    gene: Meeting
    gene_score: tuple[Any, Any]  # h_g, the information times the best value
    precision: Pair  # of the hyper-means
    mean: tuple[Any, Any]  # of the hyper-means, relative to the pooled line of all
    log_density: Any


class CollapsedPosterior:
    """The collapsed model of one screen. Scales come as a mapping of names to (K,) arrays, or as z (K, scale)."""

    def __init__(self, structure: Structure, statistics: SufficientStatistics) -> None:
        self.structure = structure
        s = statistics if structure.slope else statistics.without_slope()
        self.genes, self.sgrnas = s.genes, s.sgrnas
        # sgRNAs gene by gene, so that sums over a gene are sums over neighbours
        self._order = np.argsort(s.gene_of_sgrna, kind="stable")
        self._back = np.argsort(self._order)
        self._gene = s.gene_of_sgrna[self._order]
        self._first = np.searchsorted(self._gene, np.arange(len(s.genes)))
        # (sgrna, 1): draws run along the last axis
        best, information = s.ols[:, self._order, None], s.information[:, self._order, None]
        self._information = Pair(information[0], information[1], information[2], s.determinant[self._order, None])
        self.rows, self._rss = s.rows, float(s.rss.sum())

        self._all = _pooled_line(s, np.zeros(len(s.n), dtype=int), 1)[:, 0]
        lines = _pooled_line(s, s.gene_of_sgrna, len(s.genes))[..., None]
        self._line = lines
        self._offset = lines - self._all[:, None, None]
        self._residual = best - lines[:, self._gene]
        means, variances = np.array(structure.hyper_prior).T
        self._prior_mean, self._prior_precision = means - self._all, 1 / variances

    # --- density ---------------------------------------------------------------------------------------------------

    def log_density(self, z: np.ndarray) -> np.ndarray:
        """(K,) joint log density of logFC and of z (K, scale), whose prior is a standard normal: nothing is left out."""
        scales, _ = self.structure.values(z)
        return self.log_likelihood(scales) + _log_prior(z)

    def gradient(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log density (K,) at z (K, scale), and its exact gradient (K, scale), by complex steps."""
        scales, slopes = self.structure.values(z)
        steps = 1j * _STEP * np.eye(len(scales))
        moved = {name: (value[:, None] + steps[i]).ravel() for i, (name, value) in enumerate(scales.items())}
        values = self.log_likelihood(moved).reshape(z.shape)
        return values[:, 0].real + _log_prior(z), values.imag / _STEP * np.stack(list(slopes.values()), axis=1) - z

    def log_likelihood(self, scales: Scales) -> np.ndarray:
        """(K,) log p(logFC | scales), all means and effects integrated out."""
        return np.concatenate([self._levels(part).log_density for part in self._chunks(scales)])

    def _chunks(self, scales: Scales) -> Iterator[dict[str, np.ndarray]]:
        count = max(1, _CHUNK // len(self._gene))
        for start in range(0, len(next(iter(scales.values()))), count):
            yield {name: values[start : start + count] for name, values in scales.items()}

    def _levels(self, scales: Scales) -> _Levels:
        """scales: name -> (K,), real or complex."""
        structure = self.structure
        noise = scales[structure.noise] ** 2
        # everything in units of the noise: the information then is that of the rows alone
        sgrna = Meeting(_covariance(structure.sgrna_scales(scales)).over(noise), self._information)
        above = sgrna.seen_from_above
        score = above.times(*self._residual)
        spread = self._residual[0] * score[0] + self._residual[1] * score[1]

        a, b, c = (self._by_gene(part) / noise for part in (above.a, above.b, above.c))
        gene = Meeting(_covariance(structure.gene_scales(scales)), Pair(a, b, c, a * c - b * b))
        one, two = gene_score = (self._by_gene(score[0]) / noise, self._by_gene(score[1]) / noise)
        left, right = gene.covariance.times(one, two)
        explained = one * left + two * right

        b11, b12, b21, b22 = gene.shrinkage  # of (I + T P)^-1; its transpose is (I + P T)^-1
        k1, k2 = b11 * one + b21 * two, b12 * one + b22 * two
        v = gene.seen_from_above
        offset1, offset2 = v.times(*self._offset)
        e1, e2 = self._offset
        from_line = (e1 * (2 * k1 + offset1) + e2 * (2 * k2 + offset2)).sum(axis=0)
        misfit = spread.sum(axis=0) / noise - explained.sum(axis=0) + from_line

        d, precision = self._prior_mean, self._prior_precision
        a, b, c = (part.sum(axis=0) + own for part, own in zip((v.a, v.b, v.c), (precision[0], 0.0, precision[1]), strict=True))
        total = Pair(a, b, c, a * c - b * b)
        b1, b2 = (k1 + offset1).sum(axis=0) + precision[0] * d[0], (k2 + offset2).sum(axis=0) + precision[1] * d[1]
        mean = ((c * b1 - b * b2) / total.det, (a * b2 - b * b1) / total.det)
        log_density = -0.5 * (
            self.rows * (np.log(2 * np.pi) + np.log(noise))
            + self._rss / noise
            + np.log(sgrna.growth).sum(axis=0)
            + np.log(gene.growth).sum(axis=0)
            + misfit
            + np.log(total.det / precision.prod())
            - (b1 * mean[0] + b2 * mean[1])
            + (precision * d * d).sum()
        )
        return _Levels(sgrna, gene, gene_score, total, mean, log_density)

    def _by_gene(self, values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(values, self._first, axis=0)

    # --- means and effects given the scales ------------------------------------------------------------------------

    def moments(self, scales: Scales) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Mean and sd of every mean and effect given each of K draws of the scales, by name: (K,), (K, gene) or (K, sgrna)."""
        parts = [self._moments(self._levels(part), part) for part in self._chunks(scales)]
        return {
            name: (np.concatenate([p[name][0] for p in parts]), np.concatenate([p[name][1] for p in parts])) for name in parts[0]
        }

    def _moments(self, levels: _Levels, scales: Scales) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Each value is constant + weights . hyper-means + a normal deviation of its own."""
        structure, gene, sgrna = self.structure, levels.gene, levels.sgrna
        noise = scales[structure.noise] ** 2
        hyper = levels.precision.inverse
        b = np.array(np.broadcast_arrays(*gene.shrinkage)).reshape(2, 2, *gene.shrinkage[0].shape)
        best = np.array(gene.covariance.times(*levels.gene_score)) - (b * self._offset).sum(axis=1)
        g = np.array(np.broadcast_arrays(*sgrna.shrinkage)).reshape(2, 2, *sgrna.shrinkage[0].shape)
        own = np.array(sgrna.covariance.times(*self._information.times(*self._residual)))
        spread = sgrna.covariance
        found = {}
        for side, names in enumerate(structure.sides):
            if names is None:
                continue
            added = self._added if side == 0 else None
            constant, variance, share = (added.constant, added.variance, added.share) if added else (0.0, 0.0, 0.0)
            away = np.array([share, 0.0])

            def moments(level: Any, weights: Any, deviation: Any, mean: Any = levels.mean) -> tuple[np.ndarray, np.ndarray]:
                one, two = weights
                variance = deviation + hyper.a * one**2 + 2 * hyper.b * one * two + hyper.c * two**2
                return (level + one * mean[0] + two * mean[1]).T, np.sqrt(variance).T

            draws = np.zeros(len(levels.mean[0]))
            if added:
                found[added.name] = moments(draws + constant, away, variance)
            unit = np.eye(2)[side] - away
            found[names.mean] = moments(draws + self._all[side] - constant, unit, variance)
            if names.gene:
                weights = [b[side, 0] - away[0], b[side, 1]]
                level = self._line[side] + best[side] - constant
                found[names.gene[0]] = moments(level, weights, (gene.covariance.a, gene.covariance.c)[side] + variance)
            if names.sgrna:
                one, two = g[side]
                of = self._gene
                above, own_variance = gene.covariance, (spread.a, spread.c)[side] * noise
                deviation = own_variance + one**2 * above.a[of] + 2 * one * two * above.b[of] + two**2 * above.c[of]
                weights = [one * b[0, k][of] + two * b[1, k][of] - away[k] for k in (0, 1)]
                level = self._line[side][of] + own[side] + one * best[0][of] + two * best[1][of] - constant
                mean, sd = moments(level, weights, deviation + variance)
                found[names.sgrna[0]] = mean[:, self._back], sd[:, self._back]
        return found

    def draw(self, scales: Scales, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """An exact draw of all means and effects for each of K draws of the scales: name -> (K,), (K, gene) or (K, sgrna)."""
        parts = [self._draw(self._levels(part), part, rng) for part in self._chunks(scales)]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _draw(self, levels: _Levels, scales: Scales, rng: np.random.Generator) -> dict[str, np.ndarray]:
        structure, gene, sgrna = self.structure, levels.gene, levels.sgrna
        count = len(levels.mean[0])
        hyper = levels.precision.inverse
        mean = _deviate(hyper, rng.standard_normal((2, count))) + np.array(levels.mean)

        apart = [mean[k] - self._offset[k] for k in (0, 1)]
        b11, b12, b21, b22 = gene.shrinkage
        best = gene.covariance.times(*levels.gene_score)
        above = [best[0] + b11 * apart[0] + b12 * apart[1], best[1] + b21 * apart[0] + b22 * apart[1]]
        effects = _deviate(gene.covariance, rng.standard_normal((2, len(self.genes), count))) + above

        noise = scales[structure.noise] ** 2
        g11, g12, g21, g22 = sgrna.shrinkage
        one, two = effects[0][self._gene], effects[1][self._gene]
        own = sgrna.covariance.times(*self._information.times(*self._residual))
        below = [own[0] + g11 * one + g12 * two, own[1] + g21 * one + g22 * two]
        deviation = _deviate(sgrna.covariance, rng.standard_normal((2, len(self.sgrnas), count)))
        guides = deviation * np.sqrt(noise) + below

        found = {}
        for side, names in enumerate(structure.sides):
            if names is None:
                continue
            top, away = mean[side] + self._all[side], np.zeros(count)
            if side == 0 and (added := self._added):
                extra = added.constant + added.share * mean[0] + np.sqrt(added.variance) * rng.standard_normal(count)
                found[added.name] = extra
                top, away = top - extra, extra
            found[names.mean] = top
            if names.gene:
                found[names.gene[0]] = (effects[side] + self._line[side] - away).T
            if names.sgrna:
                found[names.sgrna[0]] = (guides[side] + self._line[side][self._gene] - away)[self._back].T
        return found

    @cached_property
    def _added(self) -> "_Added | None":
        """The added constant given m, the sum that alone enters the likelihood, relative to the pooled line: conjugate normal."""
        name = self.structure.intercept.added
        if name is None:
            return None
        (own, own_sd), (top, top_sd) = (self.structure.means[n] for n in (name, self.structure.intercept.mean))
        share = own_sd**2 / (own_sd**2 + top_sd**2)
        return _Added(name, own + share * (self._all[0] - own - top), share, share * top_sd**2)


@dataclass(frozen=True)
class _Added:
    name: str
    constant: float
    share: float
    variance: float


def _log_prior(z: np.ndarray) -> np.ndarray:
    return -0.5 * (z**2).sum(axis=1) - 0.5 * z.shape[1] * np.log(2 * np.pi)


def _covariance(scales: tuple[Any, Any, Any]) -> Pair:
    one, two, rho = scales
    a, c = one**2, two**2
    return Pair(a, rho * one * two, c, a * c * (1 - rho**2))


def _pooled_line(s: SufficientStatistics, group: np.ndarray, groups: int) -> np.ndarray:
    """(2, group) least-squares line with one slope within the sgRNAs of a group, through the means of its rows."""

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(group, values, groups)

    information = total(np.where(s.varies, s.sxx, 0))
    product = total(np.where(s.varies, s.sxy, 0))
    slope = np.divide(product, information, out=np.zeros(groups), where=information > 0)
    n = total(s.n)
    return np.stack([(total(s.n * s.y_mean) - slope * total(s.n * s.x_mean)) / n, slope])


def _deviate(covariance: Pair, normals: np.ndarray) -> np.ndarray:
    """Normal deviates with these covariances from two standard normal ones: (2, ...)."""
    root = np.sqrt(covariance.a)
    known = root > 0
    safe = np.where(known, root, 1.0)
    rest = np.where(known, covariance.det / safe**2, covariance.c)
    return np.stack([root * normals[0], covariance.b / safe * normals[0] + np.sqrt(np.maximum(rest, 0)) * normals[1]])
