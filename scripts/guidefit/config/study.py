"""A study: where its data come from, which variants are fitted, how, and over which seeds."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from guidefit.config import seeds as seed_ranges
from guidefit.config.sampling import Sampling
from guidefit.config.screen import Screen
from guidefit.config.section import REQUIRED, Name, Problem, Section, key, refuse
from guidefit.config.simulate import Simulate
from guidefit.config.thresholds import Thresholds
from guidefit.config.until import Until, why_unknown
from guidefit.config.variant import Variant

RESERVED = ("design", "drawn", "screen")
"""Names of folders of data, so that no variant can have them."""


def _as_mapping(variants: Any) -> Any:
    """A list of variants as a mapping without settings; `null` settings as none."""
    if isinstance(variants, list):
        twice = sorted({str(name) for name in variants if variants.count(name) > 1})
        refuse(("", f"{name!r} is listed twice. Remove one of the two.") for name in twice)
        refuse(
            ("", f"{name!r} is not the name of a variant. List names, or write a mapping of names to settings.")
            for name in variants
            if not isinstance(name, str)
        )
        return {name: {} for name in variants}
    if isinstance(variants, Mapping):
        return {name: {} if settings is None else settings for name, settings in variants.items()}
    return variants


def _as_ranges(seeds: Any) -> seed_ranges.Ranges:
    ranges, problems = seed_ranges.parse(seeds)
    refuse(problems)
    return ranges


_SEED_SCHEMA = {"oneOf": [{"type": "integer", "minimum": 0, "maximum": seed_ranges.LARGEST_SEED}, {"type": "string"}]}
Seeds = Annotated[
    seed_ranges.Ranges,
    BeforeValidator(_as_ranges),
    PlainSerializer(lambda ranges: [first if first == last else f"{first}-{last}" for first, last in ranges]),
    WithJsonSchema({"oneOf": [*_SEED_SCHEMA["oneOf"], {"type": "array", "minItems": 1, "items": _SEED_SCHEMA}]}),
]
Share = Annotated[float, Field(ge=0, le=1)]


class Study(Section):
    """One study. It has either `simulate` or `screen`."""

    simulate: Simulate | None = key(None, "A simulated screen; a study has either simulate or screen.")
    screen: Screen | None = key(None, "A real screen; a study has either simulate or screen.")
    covariate: Literal["raw", "centred", "zscore_within_gene", "zscore", "log2", "log2_diploid", "saturating", "winsorised"] = key(
        "zscore_within_gene", "The transform of the copy number that the model sees as x."
    )
    diploid: float | None = key(
        None,
        "Copy number of a diploid gene, in the units of the copy numbers.",
        unit="copies",
        without="1 for a real screen, 2 for a simulated one, that of layout for a study with a layout",
        gt=0,
    )
    winsor_quantiles: Annotated[list[Share], Field(min_length=2, max_length=2)] = key(
        [0.01, 0.99], "Lower and upper quantile at which the covariate winsorised clips the copy number."
    )
    variants: Annotated[dict[Name, Variant], BeforeValidator(_as_mapping)] = key(
        REQUIRED, "The variants to fit: a list of names, or a mapping of names to settings.", min_length=1
    )
    seeds: Seeds = key(
        ((1, 1),), f"Seeds: whole numbers and ranges (0-99), one or a list of them; at most {seed_ranges.MOST_SEEDS:,} in total."
    )
    until: Until | None = key(
        None,
        "For a simulated study: seeds are added after those of seeds, in batches, until a quantity is known precisely enough.",
        without="the seeds are those of seeds",
    )
    batch_size: int = key(
        1, "Seeds per job: one job fits all seeds with the same seed // batch_size and compiles the model once.", unit="seeds", ge=1
    )
    sampling: Sampling = key(Sampling(), "How the variants are fitted, unless a variant has settings of its own.")
    threads: int = key(1, "Threads of one fit, which is the number of its chains that run in parallel.", ge=1)
    checks: bool = key(True, "Whether to make predictive checks and LOO for every fit; false saves time in sweeps.")
    keep_draws: bool = key(
        True, "Whether posterior.nc is kept after all tables and figures are made; false keeps the results of large sweeps small."
    )
    predictive_draws: int = key(
        4000,
        "The largest number of posterior draws used for predictive checks and LOO of fits by the engine nuts, which take 85 "
        "bytes per row and draw; of screens with many rows fewer are used, so that rows x draws is at most 40 million, but at "
        "least 250. Fits by other engines, and of variants with effects by cell line, take at most 200.",
        unit="draws",
        ge=100,
    )
    figure_seeds: int = key(1, "The number of seeds, from the first on, that get figures of single fits.", unit="seeds", ge=0)
    show_genes: list[str] = key(
        [],
        "For a real screen: the genes whose cell lines and guides are drawn.",
        without="those with the strongest effects, the steepest slopes and the highest copy numbers",
        max_length=12,
    )
    matrices: bool = key(
        False,
        "For a real screen: whether effects by gene and cell line are also written as matrices in the form of DepMap's "
        "CRISPRGeneEffect.csv, with their standard deviations and the probabilities of dependency.",
    )
    n_ranks: int = key(100, "Number of possible ranks of a truth among thinned posterior draws.", unit="ranks", ge=2)
    thresholds: Thresholds = key(Thresholds(), "Where verdicts change.")

    def contradictions(self) -> Iterator[Problem]:
        """Sections that do not go together."""
        if (self.simulate is None) == (self.screen is None):
            yield "simulate, screen", "give exactly one of the two: a simulated screen (simulate) or a real one (screen)."
        low, high = self.winsor_quantiles
        if low >= high:
            yield "winsor_quantiles", f"the lower quantile {low:g} must be below the upper quantile {high:g}. Swap them."
        for name in RESERVED:
            if name in self.variants:
                yield f"variants.{name}", "this name is reserved for a folder of data. Give the variant another name."
        if self.simulate is not None and self.show_genes:
            yield "show_genes", "only real screens (screen) have figures of chosen genes. Remove this key."
        if self.simulate is not None and self.matrices:
            yield "matrices", "only real screens (screen) have matrices of effects. Remove this key."
        if self.screen is not None and self.screen.ploidy is not None and self.diploid not in (None, 1):
            yield "diploid", "with screen.ploidy copy numbers are relative, and those of a diploid gene are 1. Remove this key."
        if self.until is not None:
            yield from self._until_problems(self.until)
        if self.simulate is not None:
            yield from self._simulation_problems(self.simulate)

    def _until_problems(self, until: Until) -> Iterator[Problem]:
        count = sum(last - first + 1 for first, last in self.seeds)
        if self.simulate is None:
            yield "until", "only a simulated screen (simulate) has different data with every seed. Remove this key."
        elif until.at_most < count:
            yield "until.at_most", f"{until.at_most} is less than the number of seeds, {count} (seeds). Use more, or fewer seeds."
        elif self.seeds[-1][1] + until.at_most > seed_ranges.LARGEST_SEED:
            yield (
                "until.at_most",
                f"seeds above the largest one, {seed_ranges.LARGEST_SEED}, would be needed. Begin with smaller seeds.",
            )
        elif text := why_unknown(until.variable, self.simulate, self.covariate):
            yield "until.variable", text
        elif until.quantity == "power" and self.simulate.largest_effect(until.variable) <= self.thresholds.effect_min:
            yield (
                "until.quantity",
                f"no gene has a real effect: all are within {self.thresholds.effect_min:g} of 0 (thresholds.effect_min). Simulate "
                "larger effects, or use a smaller effect_min.",
            )
        elif self.simulate.layout is None:
            least = until.least_mcse(self.simulate.size_of(until.variable))
            if least > until.mcse:
                yield (
                    "until.mcse",
                    f"{until.mcse:g} cannot be reached: {until.at_most:,} seeds (at_most) reach {least:.2g} at best. Use a larger "
                    f"error, or at_most: {until.at_most * (least / until.mcse) ** 2:.0f} or more.",
                )

    def _simulation_problems(self, simulate: Simulate) -> Iterator[Problem]:
        source = simulate.variant
        if source is not None and source not in self.variants:
            yield "simulate.variant", f"{source!r} is not a variant of this study. Its variants are: {', '.join(self.variants)}."
        for name in simulate.variant_probabilities or ():
            path = f"simulate.variant_probabilities.{name}"
            if name not in self.variants:
                yield path, f"{name!r} is not a variant of this study. Its variants are: {', '.join(self.variants)}."
            elif (engine := self.sampling_of(name)["engine"]) != "collapsed":
                yield path, f"the engine {engine} gives no evidence, which its probability needs. Set engine: collapsed for it."
        if self.covariate == "raw" and simulate.effect_on == "x":
            yield "simulate.effect_on", "with covariate: raw, x is the copy number itself. Remove effect_on."
        if simulate.truth == "fixed":
            return
        for name in self.variants:
            sampling = self.sampling_of(name)
            kept = sampling["chains"] * sampling["draws"]
            if self.n_ranks - 1 > kept:
                yield (
                    f"variants.{name}",
                    f"the fit keeps {kept} draws (chains x draws), and n_ranks: {self.n_ranks} needs at least {self.n_ranks - 1}. "
                    "Keep more draws, or set a smaller n_ranks.",
                )

    def sampling_of(self, variant: str) -> dict[str, Any]:
        """All sampling settings of a variant: its own over the study's."""
        return self.sampling.model_dump() | self.variants[variant].own_sampling()


class Config(Section):
    """The whole config."""

    studies: dict[Name, Study] = key(
        REQUIRED, "Name of a study (letters, digits and underscores; it becomes a folder of results/) -> the study.", min_length=1
    )
