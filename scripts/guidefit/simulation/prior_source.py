"""Screens whose truth is drawn from a variant's own prior."""

from collections.abc import Sequence

import pandas as pd

from guidefit.base import randomness
from guidefit.models import declaration, promises
from guidefit.models.declaration import Priors
from guidefit.screens import arrays, screen_file
from guidefit.simulation.simulators import PriorSimulator
from guidefit.simulation.truth import truth_table


class PriorSource:
    """A variant as a source of screens. Its model is compiled with the first screen, for all screens of the same design.

    own_files: those of the user's own variant. priors: those of the config. place: of the priors in the config, for errors.
    """

    def __init__(self, variant: str, own_files: Sequence[str], priors: Priors, place: str) -> None:
        self.variant = variant
        self._declared = declaration.declare(declaration.file_of(variant, own_files))
        self._priors = declaration.merge_priors(self._declared.priors, priors, place)
        self._simulator: PriorSimulator | None = None

    def draw(self, study: str, seed: int, table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The rows of a screen with logFC, and the truth that it was generated from. table: its rows without logFC."""
        data = arrays.model_data(table)
        if self._simulator is None:
            path = self._declared.path
            build = promises.load(path)
            if promises.is_own(path):
                promises.build_checked(build, self._priors, data, path)
            self._simulator = PriorSimulator(build, self._priors, data)
        truth, logfc = self._simulator(data.x, randomness.integer(study, self.variant, seed, "truth"))
        return table.assign(logfc=logfc), truth_table(truth, screen_file.coords(table), self._simulator.dims)
