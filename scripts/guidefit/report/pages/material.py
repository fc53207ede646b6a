"""What a study's page is made from: the tables of the study and what the config says of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from guidefit.report.pages import genes as gene_page
from guidefit.report.pages import summary
from guidefit.screens import screen_file

MOST_ROWS = 2_000_000  # of larger screens the page describes the tables alone


@dataclass(frozen=True)
class Material:
    """genes: of real screens; screen: rows of the first seed, None where there are too many.

    settings: study, kind, thresholds, arms (of, against), models (variant: text, priors), has_lines.
    """

    tables: summary.Tables
    settings: Mapping[str, Any]
    genes: gene_page.Tables | None = None
    screen: pd.DataFrame | None = None

    @classmethod
    def read(cls, inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> "Material":
        """The tables at these paths, by name."""
        tables = summary.Tables.read(inputs)
        seed = int(tables.diagnostics["seed"].iloc[0])
        small = bool(inputs.get("screen")) and screen_file.count_rows(inputs["screen"], seed) <= MOST_ROWS
        return cls(
            tables,
            settings,
            gene_page.Tables.read(inputs) if inputs.get("genes") else None,
            screen_file.read_seed(inputs["screen"], seed) if small else None,
        )

    @property
    def is_real(self) -> bool:
        """Whether the screen was imported."""
        return self.settings["kind"] != "simulated"

    @property
    def seed(self) -> int:
        """The seed whose figures and estimates the page shows."""
        return int(self.tables.diagnostics["seed"].iloc[0])

    @property
    def fits(self) -> pd.DataFrame:
        """The rows of diagnostics.csv of the first seed."""
        return self.tables.diagnostics[self.tables.diagnostics["seed"] == self.seed]

    @property
    def is_one_seed(self) -> bool:
        """Whether the page is about one seed alone."""
        return self.tables.diagnostics["seed"].nunique() == 1

    @property
    def chosen(self) -> tuple[str, str]:
        """The variant to rely on and why it is this one; see `genes.choose`."""
        compared = self.tables.comparison
        of_seed = None if compared is None else compared[compared["seed"] == self.seed]
        return gene_page.choose(self.fits, self.fits.set_index("variant")["verdict"], of_seed)

    def estimates(self, variant: str) -> pd.DataFrame:
        """The rows of estimates.csv of one variant and the first seed."""
        table = self.tables.estimates
        return table[(table["variant"] == variant) & (table["seed"] == self.seed)]

    def checks(self, variant: str) -> pd.DataFrame:
        """The rows of checks.csv of one variant and the first seed."""
        table = self.tables.checks
        return table[(table["variant"] == variant) & (table["seed"] == self.seed)]
