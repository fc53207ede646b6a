"""The figures on a study's page: which there are, how each is read, and how they get into the page.

A new figure needs one entry in FIGURES, its kind in a section of guidefit.report.pages.study, and its rule in FIGURES of
report.smk.
"""

import base64
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

FILE = re.compile(
    r"(?:(?P<of>[A-Za-z][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)?)-)?(?P<kind>[a-z_]+)(?:-seed_(?P<seed>[0-9]+))?\.(?:svg|png)"
)
PNG = b"\x89PNG\r\n\x1a\n"
DPI = 150  # of PNG files; guidefit.report.figures.style, whose import a page does not need, has the same
MOST_BYTES = 9_000_000  # of the figures of one page, as text
CODE = Path(__file__).parent.parent / "figures"


@dataclass(frozen=True)
class Figure:
    """title; reads: how to read it, one sentence; table: with its numbers; module: of guidefit.report.figures, which draws it."""

    title: str
    reads: str
    table: str
    module: str


# kind, which the file's name ends with -> what the page says of it
FIGURES = {
    "logfc_by_cna": Figure(
        "LogFC against copy number",
        "Each panel is a gene, each point a row of the screen, each line the least-squares fit of one sgRNA.",
        "data/",
        "data",
    ),
    "logfc_by_x": Figure(
        "LogFC against the covariate",
        "The same rows against the covariate x, which is what the models see of the copy number.",
        "data/",
        "data",
    ),
    "logfc_density": Figure(
        "LogFC by gene",
        "Each shape is the distribution of logFC over the rows of one gene, with a dot at its median.",
        "data/",
        "data",
    ),
    "samples": Figure(
        "Samples",
        "Each row is a sample of the count table; flagged samples lie outside the limits.",
        "data/screen/samples.csv",
        "samples",
    ),
    "model": Figure(
        "Graph of the model",
        "Each arrow points from a variable to one that depends on it; blue variables are estimated, the green one is observed.",
        "identifiability.csv",
        "graph",
    ),
    "prior_predictive": Figure(
        "Prior predictive",
        "Blue curves are data sets simulated from the priors alone, the black one is the data, which should lie well within them.",
        "checks.csv",
        "predictive",
    ),
    "trace": Figure(
        "Trace",
        "Densities (left) and draws in their order (right), one colour per chain: chains that agree overlap and look like noise.",
        "diagnostics.csv",
        "parameters",
    ),
    "rank": Figure(
        "Rank plot",
        "Each curve is a chain: where chains agree, the curves of their ranks stay within the grey band around zero.",
        "diagnostics.csv",
        "parameters",
    ),
    "posterior_predictive": Figure(
        "Posterior predictive",
        "Blue curves are data sets simulated from the fitted model, the black one is the data, which should look like one of them.",
        "checks.csv",
        "predictive",
    ),
    "posterior_predictive_by_gene": Figure(
        "Posterior predictive by gene",
        "Bars hold 90 % of the predicted means and standard deviations, crosses are those of the data.",
        "checks.csv",
        "predictive",
    ),
    "posterior_predictive_by_line": Figure(
        "Posterior predictive by cell line",
        "Bars hold 95 % of the predicted values of each cell line, crosses are those of the data.",
        "checks.csv",
        "predictive",
    ),
    "loo_pit": Figure(
        "LOO-PIT",
        "The curve shows where left-out rows lie in their predictive distributions; it should stay within the band.",
        "checks.csv",
        "predictive",
    ),
    "forest_intercept": Figure(
        "Intercepts and scales",
        "Dots are posterior means, bars 50 % and lines 95 % intervals; diamonds are true values, where they are known.",
        "estimates.csv",
        "parameters",
    ),
    "forest_slope": Figure(
        "Slopes",
        "Dots are posterior means, bars 50 % and lines 95 % intervals of slopes in logFC per unit of the covariate.",
        "estimates.csv",
        "parameters",
    ),
    "truth": Figure(
        "Estimates against the truth",
        "Each dot is a parameter, with its 94 % highest density interval; those on the dashed line are estimated exactly.",
        "estimates.csv",
        "parameters",
    ),
    "pair": Figure(
        "Joint draws",
        "Points are joint draws of the two parameters that the data separate least; a narrow ridge means that only a sum is known.",
        "identifiability.csv",
        "parameters",
    ),
    "genes": Figure(
        "Genes: effect and certainty",
        "Each point is a gene: the further left, the more strongly its knock-out depletes cells; the higher, the more certain.",
        "gene_effects.csv",
        "effects",
    ),
    "gene_ranking": Figure(
        "Strongest effects",
        "Genes with the lowest and highest effects, with 95 % intervals.",
        "gene_effects.csv",
        "effects",
    ),
    "copy_number_lines": Figure(
        "LogFC against copy number, with the fit",
        "Points are rows of the screen; the line and its band are what the model says of the gene.",
        "gene_effects.csv",
        "effects",
    ),
    "guides": Figure(
        "sgRNAs by gene",
        "Each point is an sgRNA with its 95 % interval, next to its gene: sgRNAs far from the others may cut elsewhere.",
        "sgrna_effects.csv",
        "effects",
    ),
    "correction": Figure(
        "Copy-number corrections",
        "Each row is a correction: a good one removes the slope of nonessential genes and keeps essential genes apart.",
        "correction.csv",
        "correction",
    ),
    "diagnostics": Figure(
        "Every check",
        "Each row is a fit, each column a check with its worst value over all parameters; of many fits the worst are shown.",
        "checks.csv",
        "diagnostics",
    ),
    "comparison": Figure(
        "Comparison of variants",
        "The further right, the better a variant predicts left-out rows; lines are standard errors.",
        "comparison.csv",
        "comparison",
    ),
    "coverage": Figure(
        "Coverage",
        "Shares of intervals that contain the truth, with Monte Carlo errors, against the shares that they claim.",
        "recovery.csv",
        "recovery",
    ),
    "bias": Figure(
        "Bias and contraction",
        "Bias of the posterior means with Monte Carlo errors, and how much narrower the posterior is than the prior.",
        "recovery.csv",
        "recovery",
    ),
    "calibration_ecdf": Figure(
        "Ranks of the truth",
        "Each curve is a parameter: if the fits are calibrated, it stays within its band around zero.",
        "calibration.csv",
        "calibration",
    ),
    "calibration_ranks": Figure(
        "Histograms of ranks",
        "If the fits are calibrated, the bars are level: a hill means too wide, a valley too narrow intervals, a slope bias.",
        "calibration.csv",
        "calibration",
    ),
}


@dataclass(frozen=True)
class File:
    """A figure's file: of: what it shows, a variant or data-..., empty where it is about all of the study; kind: in FIGURES."""

    path: str
    of: str
    kind: str
    seed: str


def files(paths: Iterable[str], seed: int) -> list[File]:
    """The figures among these paths that are of this seed or of none. Raises KeyError for a kind that FIGURES lacks."""
    found = []
    for path in paths:
        match = FILE.fullmatch(Path(path).name)
        if match is None or match["kind"] not in FIGURES:
            raise KeyError(f"{path}: this figure has no entry in guidefit.report.pages.pictures.FIGURES.")
        if match["seed"] in (None, str(seed)):
            found.append(File(path, match["of"] or "", match["kind"], match["seed"] or ""))
    return found


class Budget:
    """Puts figures into a page until the page is large enough."""

    def __init__(self, most: int = MOST_BYTES):
        self.left = most

    def source(self, path: str) -> str | None:
        """The file as a data URI, or None where the page has no room for it."""
        content = Path(path).read_bytes()
        if Path(path).suffix == ".svg":  # as text, which is shorter than in base64
            text = f"data:image/svg+xml,{quote(re.sub(rb'\s+', b' ', content), safe=' =:/,;()')}"
        else:
            text = f"data:image/png;base64,{base64.b64encode(content).decode()}"
        if len(text) > self.left:
            return None
        self.left -= len(text)
        return text


def width(path: str) -> int | None:
    """Width of a PNG file in CSS pixels, of which an inch has 96; None for SVG files, which state it themselves."""
    content = Path(path).read_bytes()[:24]
    return round(int.from_bytes(content[16:20]) * 96 / DPI) if content.startswith(PNG) else None


def code(figure: Figure, page_folder: str) -> tuple[str, str]:
    """The name of the module that draws a figure, and a link to it from the page's folder; empty if it lies elsewhere."""
    path = CODE / f"{figure.module}.py"
    inside = path.is_relative_to(Path.cwd())
    return f"guidefit/report/figures/{figure.module}.py", os.path.relpath(path, page_folder) if inside else ""
