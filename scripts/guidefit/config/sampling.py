"""The section `sampling`: how a variant is fitted."""

from typing import Literal

from guidefit.config.section import Section, key


class Sampling(Section):
    """How variants are fitted. A study has one such section; each variant may set any of its keys for itself."""

    engine: Literal["nuts", "collapsed", "gibbs"] = key(
        "nuts",
        "nuts samples all parameters with the No-U-Turn sampler; collapsed integrates means and effects out exactly and draws only "
        "the scales; gibbs fits gene_classes, gene_by_line, one_line and one_line_contrast to screens of any size.",
    )
    sampler: Literal["nutpie", "pymc"] = key(
        "nutpie", "The program that the engine nuts runs: nutpie (fast) or PyMC's own sampler (the reference)."
    )
    adaptation: Literal["diag", "draw_diag", "low_rank"] = key("diag", "How nutpie adapts its mass matrix.")
    scales: Literal["importance", "nuts"] = key(
        "importance",
        "How the engine collapsed draws the scales: importance sampling, which falls back to nuts if its k-hat is 0.7 or more, or "
        "nuts.",
    )
    importance_draws: int = key(
        4000,
        "Weighted draws of importance sampling; five times as many are drawn if k-hat is 0.7 or more.",
        unit="draws",
        ge=1000,
        le=10_000_000,
    )
    draws: int = key(
        1000,
        "Draws that are kept, per chain; the engine collapsed keeps draws x chains, the engine gibbs fewer where ess is reached.",
        unit="draws",
        ge=10,
        le=1_000_000,
    )
    tune: int = key(1000, "Tuning iterations per chain.", unit="iterations", ge=10, le=1_000_000)
    chains: int = key(4, "Number of chains.", ge=2, le=1000)
    target_accept: float = key(0.95, "Target acceptance rate of the No-U-Turn sampler.", gt=0, lt=1)
    max_treedepth: int = key(10, "Maximum tree depth of the No-U-Turn sampler.", ge=1, le=20)
    ess: int = key(
        400,
        "The engine gibbs stops when every hyper-parameter has this effective sample size over all chains.",
        unit="draws",
        ge=50,
        le=1_000_000,
    )
    dependent_below: float = key(
        -0.5,
        "For gene_by_line: the effect below which a gene counts as a dependency of a cell line; gene_classes "
        "uses half way between its two classes.",
        unit="logFC",
    )
