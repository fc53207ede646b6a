"""Proposals of a chain of the engine `gibbs`, adapted during warm-up to the later half of what was drawn until then."""

import math

import numpy as np

from guidefit.engines.gibbs_moves import Hyper
from guidefit.engines.gibbs_state import State


def log_t6(x: np.ndarray, centre: np.ndarray, root: np.ndarray) -> float:
    """Log density of a multivariate t with 6 degrees of freedom in four dimensions, up to a constant."""
    return -5.0 * math.log1p(float((np.linalg.solve(root, x - centre) ** 2).sum()) / 6)


class Proposals:
    """tune: iterations of warm-up.

    walk, log_step, independent: by class, of the spreads (y of `gibbs_moves.from_spread`): root of the walk's covariance, its
    log size, and (centre, root) of the independent proposals, or None; shares: (centre, sd) of log odds of p_row, or None;
    lines: (2, line) widths of log k and log v; jumps: whether to propose log tau of genes from `State.centre` and `State.width`.
    """

    def __init__(self, tune: int, classes: int, lines: int, gene_of_cell: np.ndarray) -> None:
        self.tune, self._gene_of_cell = tune, gene_of_cell
        self._departed = np.zeros(int(gene_of_cell.max()) + 1)  # cells with several departing rows, by gene, over all iterations
        self.walk = [np.eye(4) * 0.1] * classes
        self.log_step = np.zeros(classes)
        self.independent: list[tuple[np.ndarray, np.ndarray] | None] = [None] * classes
        self.shares: tuple[float, float] | None = None
        self.lines = np.full((2, lines), 0.1)
        self.jumps = False
        self.spreads_drawn = np.zeros((classes, 4))
        self._at = {at for at in (tune // 16, tune // 8, tune // 4, tune // 2, tune - 1) if at >= 20}
        self._drawn: dict[str, list[np.ndarray]] = {name: [] for name in ("spreads", "shares", "lines", "taus")}

    def adapt(self, at: int, hyper: Hyper, state: State) -> None:
        """Note what iteration number `at` drew, and adapt now and then. `spreads_drawn` holds its y."""
        if at >= self.tune:
            return
        self._drawn["spreads"].append(self.spreads_drawn.copy())
        self._drawn["shares"].append(np.array(hyper.log_odds_row))
        self._drawn["lines"].append(np.stack([hyper.log_k, hyper.log_v]))
        self._departed += np.bincount(self._gene_of_cell, state.flags_of_cell > 1, len(self._departed))
        self._drawn["taus"].append(state.log_tau.astype(np.float32))
        if at not in self._at:
            return
        spreads, shares, lines, taus = (np.array(history[at // 2 :], float) for history in self._drawn.values())
        for c in range(len(self.walk)):
            covariance = np.cov(spreads[:, c].T) + 1e-8 * np.eye(4)
            self.walk[c] = np.linalg.cholesky(covariance) * 1.2
            self.independent[c] = spreads[:, c].mean(axis=0), np.linalg.cholesky(covariance * 1.3)
        self.shares = float(shares.mean()), 1.3 * float(shares.std()) + 0.02
        self.lines = lines.std(axis=0) + 0.002
        self.jumps = True
        state.centre[:] = taus.mean(axis=0)
        state.width[:] = 1.1 * np.maximum(taus.std(axis=0), 0.03)
        if at == self.tune - 1:
            state.switching[:] = np.where(self._departed > 0.02 * self.tune, 0.5, 0.1)
            self._drawn = {}
