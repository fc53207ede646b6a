"""The section `simulate`: a simulated screen."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from guidefit.config.section import REQUIRED, Name, Problem, Section, key


MOST_ROWS = 1_000_000_000
"""Of a simulated screen; one of this size takes tens of GB of memory."""


SIZES = ("cell_lines", "sgrnas_per_gene")
"""What a study with a layout may have more or less of than the real screen."""


class GammaMeans(Section):
    """A gamma distribution from which each gene's mean copy number is drawn."""

    shape: float = key(REQUIRED, "Shape of the gamma distribution.", gt=0)
    scale: float = key(REQUIRED, "Scale of the gamma distribution.", unit="copies", gt=0)


def _kind(value: Any) -> str | None:
    if isinstance(value, dict | GammaMeans):
        return "distribution"
    return "list" if isinstance(value, list) else "number"


Positive = Annotated[float, Field(gt=0)]
MeanCopies = Annotated[
    Annotated[Positive, Tag("number")]
    | Annotated[list[Positive], Field(min_length=1), Tag("list")]
    | Annotated[GammaMeans, Tag("distribution")],
    Discriminator(_kind),
]
AtLeastOne = Annotated[int, Field(ge=1)]
GuideCounts = Annotated[
    Annotated[AtLeastOne, Tag("number")] | Annotated[list[AtLeastOne], Field(min_length=1), Tag("list")], Discriminator(_kind)
]


class CopyNumber(Section):
    """How copy numbers are drawn."""

    mean: MeanCopies = key(
        2.0,
        "Poisson mean of the copies: one number, a list with one number per gene, or {shape: , scale: } of the gamma distribution "
        "from which each gene's mean is drawn.",
        unit="copies",
    )
    noise: float = key(0.1, "Standard deviation of the measured copy number around the copies.", unit="copies", ge=0)
    shared: bool = key(True, "Whether a gene has one copy number per cell line (true) or one per row (false).")


Grid = Annotated[dict[str, Annotated[list[float | None], Field(min_length=1)]], Field(min_length=1)]
"""Key of `simulate` -> its values."""


class Simulate(Section):
    """A simulated screen. The defaults of the general design are the values of the notebook's experiment."""

    design: Literal["general", "notebook"] = key(
        "general",
        "notebook is the notebook's experiment digit for digit, with only effect_on and truth to set; general takes all keys.",
    )
    truth: Literal["fixed", "prior", "posterior"] = key(
        "fixed",
        "fixed uses the hyper-parameters below for every seed; prior draws all parameters from each variant's own prior; posterior "
        "draws them from the variant's posterior in the study named by layout.",
    )
    layout: str | None = key(
        None,
        "With truth prior or posterior: a study with a real screen, whose genes, sgRNAs, cell lines and copy numbers the simulated "
        "screen takes.",
        without="none",
    )
    variant: str | None = key(
        None,
        "With truth prior: the variant of the study whose prior generates the truth and the data for all variants, so that the "
        "others are fitted to data of another model.",
        without="each variant's own",
    )
    variant_probabilities: dict[Name, Positive] | None = key(
        None,
        "With truth prior: variants of the study and their prior probabilities, which sum to 1. For each seed one is drawn, whose "
        "prior generates the truth and the data for all variants, so that model_probabilities.csv says whether evidence and "
        "posterior model probabilities are right.",
        without="none",
        min_length=2,
    )
    grid: Grid | None = key(
        None,
        "For a design study: keys of this section with numbers (also copy_number.mean and copy_number.noise), each with the list "
        "of its values. Every combination is a point, which is simulated and fitted as a study of its own.",
        without="none",
    )
    effect_on: Literal["cna", "x"] | None = key(
        None,
        "What the slopes multiply in the simulation: the copy number (cna) or the model's covariate (x).",
        without="cna; x with truth prior or posterior",
    )
    genes: int = key(5, "Number of genes.", unit="genes", ge=1)
    sgrnas_per_gene: GuideCounts = key(
        3,
        "Number of sgRNAs of every gene, or a list with one number per gene. With layout and truth prior: one number; sgRNAs of "
        "the screen are left out, or added as repetitions of others of their gene; without it, each gene has its own.",
        unit="sgRNAs",
    )
    cell_lines: int = key(
        20,
        "Number of cell lines. With layout and truth prior: cell lines of the screen are left out, or added with the copy numbers "
        "of others; without it, the screen has its own.",
        unit="cell lines",
        ge=2,
    )
    mu_gamma: float = key(-0.5, "Mean of the genes' intercepts.", unit="logFC")
    sigma_gamma: float = key(0.5, "Standard deviation of the genes' intercepts.", unit="logFC", ge=0)
    sigma_alpha: float = key(0.2, "Standard deviation of the sgRNAs' intercepts around their gene's.", unit="logFC", ge=0)
    mu_delta: float = key(-1.0, "Mean of the genes' slopes.", unit="logFC per unit of effect_on")
    sigma_delta: float = key(1.0, "Standard deviation of the genes' slopes.", unit="logFC per unit of effect_on", ge=0)
    sigma_beta: float = key(
        0.2, "Standard deviation of the sgRNAs' slopes around their gene's.", unit="logFC per unit of effect_on", ge=0
    )
    sigma: float = key(
        0.3,
        "Standard deviation of the noise of a row; with outlier_nu the scale of its Student-t distribution.",
        unit="logFC",
        gt=0,
    )
    rho: float = key(0.0, "Correlation of the intercept and the slope of an sgRNA around those of its gene.", ge=-1, le=1)
    rho_gene: float = key(0.0, "Correlation of the intercept and the slope of a gene.", ge=-1, le=1)
    sigma_line: float = key(
        0.0, "Standard deviation of the cell lines' intercepts, which all rows of a cell line share.", unit="logFC", ge=0
    )
    replicates: int = key(
        1, "Number of replicates: a row is their mean, and each has noise of its own.", unit="replicates", ge=1, le=1000
    )
    arms: int = key(
        1,
        "2 for a contrast: a row is the difference of two arms, each with replicates and noise of its own.",
        unit="arms",
        ge=1,
        le=2,
    )
    effect_share: float | None = key(
        None, "Share of the genes that have a real effect: effect_size is added to their intercepts.", without="none", ge=0, le=1
    )
    effect_size: float | None = key(None, "Size of a real effect, negative for depletion.", unit="logFC", without="none")
    slope_share: float | None = key(
        None,
        "Share of the genes that depend on copy number by more than others: slope_size is added to their slopes.",
        without="none",
        ge=0,
        le=1,
    )
    slope_size: float | None = key(
        None, "What is added to the slopes of these genes.", unit="logFC per unit of effect_on", without="none"
    )
    line_effect_share: float | None = key(
        None,
        "Share of the genes' cell lines in which a gene has an effect of its own (gene x line): line_effect_size is added to the "
        "intercepts of its sgRNAs there.",
        without="none",
        ge=0,
        le=1,
    )
    line_effect_size: float | None = key(
        None, "Size of these effects, negative for a line that needs the gene.", unit="logFC", without="none"
    )
    copy_number: CopyNumber = key(CopyNumber(), "How copy numbers are drawn.")
    outlier_nu: float | None = key(
        None, "Degrees of freedom of Student-t noise.", unit="degrees of freedom", without="normal noise", gt=0
    )
    kappa: float | None = key(
        None,
        "Saturating response: slopes multiply x / (1 + x / kappa) if x > 0, which approaches kappa.",
        unit="units of effect_on",
        without="x",
        gt=0,
    )
    ratio: float | None = key(
        None, "Piecewise linear response: slopes multiply ratio * x if x > 0. It needs effect_on: x.", without="x", gt=0
    )

    @property
    def effects_on(self) -> str:
        """`effect_on`, with its default."""
        return self.effect_on or ("cna" if self.truth == "fixed" else "x")

    def size_of(self, variable: str) -> int:
        """How many values a variable has in a general design: one per gene, sgRNA or cell line, else one."""
        per_gene = self.sgrnas_per_gene
        guides = sum(per_gene) if isinstance(per_gene, list) else per_gene * self.genes
        by_dim = {"_g": self.genes, "_s": guides, "_c": self.cell_lines}
        return by_dim.get(variable[-2:], 1)

    def largest_effect(self, variable: str) -> float:
        """The largest absolute effect of a gene (gamma_g) or slope (delta_g), where the design gives it; else infinity."""
        name, real = {"gamma_g": ("gamma", "effect"), "delta_g": ("delta", "slope")}[variable]
        mean, size = getattr(self, f"mu_{name}"), getattr(self, f"{real}_size") or 0.0
        is_known = self.truth == "fixed" and self.effects_on == "x" and getattr(self, f"sigma_{name}") == 0
        return max(abs(mean), abs(mean + size)) if is_known else float("inf")

    def design_values(self) -> dict[str, Any]:
        """Values of a general design (guidefit.simulation.designs.Design); of a layout the sizes that are given."""
        if self.design == "notebook":
            return {}
        if self.layout is not None:
            return {name: getattr(self, name) for name in SIZES if name in self.model_fields_set}
        return self.model_dump(exclude={"design", "truth", "layout", "variant", "variant_probabilities", "grid", "effect_on"})

    def contradictions(self) -> Iterator[Problem]:
        """Keys that do not go together."""
        given = self.model_fields_set
        general = {"design", "truth", "effect_on", "variant", "variant_probabilities", "layout", "grid"}
        own = [name for name in type(self).model_fields if name in given - general]
        if self.variant is not None and self.truth != "prior":
            yield (
                "variant",
                f"data come from a variant only with truth: prior, and truth is {self.truth}. Change truth, or remove it.",
            )
        yield from self._probability_problems()
        if self.design == "notebook" and own:
            yield own[0], "the design notebook is fixed. Use design: general to change it."
        elif self.layout is not None:
            yield from self._beside_layout(own)
        elif self.truth == "prior":
            sizes = {"genes", "sgrnas_per_gene", "cell_lines", "copy_number"}
            for name in own:
                if name not in sizes:
                    yield name, "with truth: prior this comes from each variant's prior. Remove it, or use truth: fixed."
        if self.truth != "fixed" and self.effect_on == "cna":
            yield "effect_on", f"with truth: {self.truth} the logFC is generated on x, the model's covariate. Remove effect_on."
        yield from self._layout_problems()
        yield from self._share_problems()
        if self.layout is None and (rows := self.size_of("alpha_s") * self.cell_lines) > MOST_ROWS:
            yield "cell_lines", f"{rows:,} rows (sgRNAs x cell lines). A simulated screen can have at most {MOST_ROWS:,}."
        if self.kappa is not None and self.ratio is not None:
            yield "kappa, ratio", "the response to gains has one curve, and two are given. Remove one of them."
        if self.ratio is not None and self.effects_on == "cna":
            yield "ratio", "copy numbers are never below 0, so that every row would be a gain. Set effect_on: x."
        mean = self.copy_number.mean
        for name, value in (("sgrnas_per_gene", self.sgrnas_per_gene), ("copy_number.mean", mean)):
            if isinstance(value, list) and self.layout is None and len(value) != self.genes:
                yield name, f"{len(value)} entries for {self.genes} genes (simulate.genes). Give one entry per gene."

    def _probability_problems(self) -> Iterator[Problem]:
        given = self.variant_probabilities
        if given is None:
            return
        if self.truth != "prior":
            yield (
                "variant_probabilities",
                f"variants are drawn only with truth: prior, and truth is {self.truth}. Set truth: prior.",
            )
        if self.variant is not None:
            yield "variant", "with variant_probabilities the variant is drawn for each seed. Remove one of the two."
        if abs(sum(given.values()) - 1) > 1e-9:
            yield "variant_probabilities", f"their sum is {sum(given.values()):g}, and must be 1. Divide each by the sum."

    def _share_problems(self) -> Iterator[Problem]:
        for name in ("effect", "slope", "line_effect"):
            share, size = getattr(self, f"{name}_share"), getattr(self, f"{name}_size")
            if (share is None) != (size is None):
                given, missing = ("share", "size") if size is None else ("size", "share")
                yield f"{name}_{given}", f"it needs {name}_{missing}, which is missing. Give both or none."
            elif name == "line_effect":
                if share and round(share * self.genes * self.cell_lines) < 1:
                    yield (
                        "line_effect_share",
                        f"{share:g} of {self.genes} genes x {self.cell_lines} cell lines is less than half a one.",
                    )
            elif share and round(share * self.genes) < 1:
                yield (
                    f"{name}_share",
                    f"{share:g} of {self.genes} genes is less than half a gene. Use more genes or a larger share.",
                )

    def _beside_layout(self, own: list[str]) -> Iterator[Problem]:
        """Keys of a general design that do not go with a layout."""
        for name in own:
            if self.truth != "prior" or name not in SIZES:
                text = f"the screen has the layout of {self.layout}, with its genes and copy numbers. Remove this key or layout."
                yield name, text
            elif isinstance(getattr(self, name), list):
                yield name, "with a layout this is one number for all genes. Give one number."

    def _layout_problems(self) -> Iterator[Problem]:
        if self.layout is None:
            if self.truth == "posterior":
                yield (
                    "truth",
                    "posterior means the posterior given a real screen. Name the study of that screen as simulate.layout.",
                )
        elif self.design != "general":
            yield "design", f"the design {self.design} has a layout of its own. Remove design or layout."
        elif self.truth == "fixed":
            yield "truth", "a study with a layout draws its truth. Set truth: prior or truth: posterior."


GRID_KEYS = (
    *(name for name, field in Simulate.model_fields.items() if field.annotation in (int, float, float | None)),
    *("sgrnas_per_gene", "copy_number.mean", "copy_number.noise"),
)
"""Keys that a grid can have."""
