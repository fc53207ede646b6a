"""Does `collapsed` agree with lme4's estimates of two million rows, and what do the two cost?

python benchmarks/agreement_with_lme4.py [--quick]        writes benchmarks/agreement_with_lme4.md and .png

About 2 minutes. lme4 needs R (benchmarks/peers/requirements.txt); without it the page has `collapsed` and the truth alone.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from measuring import (
    ALTERNATIVES,
    HOW,
    Bench,
    Raw,
    answer,
    blueprints,
    digits,
    make_design,
    measured,
    panels,
    paragraph,
    skipped,
    table,
)

PARAMETERS = ("mu_gamma", "sigma_gamma", "mu_delta", "sigma_delta", "sigma_alpha", "sigma_beta", "sigma")


def measure(bench: Bench) -> Raw:
    """lme4's estimates, and the whole posterior by `collapsed`."""
    design = make_design(genes=500, sgrnas_per_gene=4, cell_lines=1_000)
    if bench.quick:
        design = make_design(genes=30, sgrnas_per_gene=4, cell_lines=50)
    blueprint = blueprints.draw(design, np.random.default_rng(1))
    rows = len(blueprint.cna)
    print(f"{rows} rows", flush=True)
    data = bench.screen("large", blueprint, "zscore", "x")
    truth = {name: blueprint.truth[name] for name in PARAMETERS}
    del blueprint
    runs = [bench.run(name, data) for name in ("collapsed", *bench.against)]
    for run in runs:  # lme4 reports no effects of genes and sgRNAs here
        for kind in ("mean", "sd"):
            run[kind] = {name: values[0] for name, values in run.get(kind, {}).items() if name in truth}
    return {"rows": rows, "genes": design.genes, "cell_lines": design.cell_lines, "truth": truth, "runs": runs}


def page(raw: Raw) -> list[str]:
    """The page: a table of costs, and one of estimates."""
    text = f"""
    {raw["rows"]:,} rows: {raw["genes"]:,} genes of 4 sgRNAs in {raw["cell_lines"]:,} cell lines, `varying_effects`, slopes per sd
    of copy number. lme4 finds the restricted maximum likelihood estimate, with standard errors of the two means alone; `collapsed`
    the whole posterior. Once each.
    """
    own, *others = raw["runs"]
    lines = [*paragraph(HOW), "![Estimates and costs](agreement_with_lme4.png)", "", *paragraph(text), *costs(measured(raw))]
    for other in others:
        lines += estimates(raw["truth"], own, other)
        lines += paragraph(" ".join(f"lme4's message: {message}." for message in other.get("messages", [])))
    return lines + skipped(raw["runs"])


def costs(runs: list[Raw]) -> list[str]:
    """The table of seconds and memory; `collapsed` comes first."""
    figures: dict[str, Callable[[Raw], str]] = {
        "whole process (s)": lambda run: digits(run["seconds"]["total"]),
        "whole process (CPU s)": lambda run: digits(run["cpu_seconds"]["total"]),
        "estimation or sampling alone (s)": lambda run: digits(run["seconds"]["sample"]),
        "memory (MB)": lambda run: f"{run['peak_mb']:,.0f}",
        "times as long as `collapsed`": lambda run: digits(run["seconds"]["total"] / runs[0]["seconds"]["total"]),
    }
    rows = [[ALTERNATIVES[run["engine"]].title, *(figure(run) for figure in figures.values())] for run in runs]
    return table(["", *figures], rows)


def estimates(truth: dict[str, float], own: Raw, other: Raw) -> list[str]:
    """The table of truth, estimates and their difference."""
    rows = []
    for name, value in truth.items():
        mean, sd = own["mean"][name], own["sd"][name]
        estimate, difference = "", ""
        if name in other["mean"]:
            error = f" ± {other['sd'][name]:.4f}" if name in other["sd"] else ""
            estimate, difference = f"{other['mean'][name]:.4f}{error}", f"{(other['mean'][name] - mean) / sd:+.2f}"
        rows.append([f"`{name}`", f"{value:g}", estimate, f"{mean:.4f} ± {sd:.4f}", difference])
    return table(["", "truth", "lme4 ± standard error", "`collapsed`, mean ± sd", "difference (posterior sd)"], rows)


def draw(raw: Raw) -> Any:
    """Estimates relative to the truth in posterior sds."""
    from guidefit.report.figures.style import BLUE, ORANGE

    figure, (axis,) = panels(1)
    own, *others = raw["runs"]
    names = [name for name in raw["truth"] if name in own["mean"]][::-1]
    for place, name in enumerate(names):
        sd, truth = own["sd"][name], raw["truth"][name]
        at = (own["mean"][name] - truth) / sd
        axis.plot([at - 2, at + 2], [place + 0.1] * 2, color=BLUE, linewidth=2)
        axis.plot(at, place + 0.1, "o", color=BLUE, label=label(own, "collapsed: mean ± 2 sd") if place == 0 else None)
        for other in (each for each in others if "seconds" in each):
            at = (other["mean"][name] - truth) / sd
            if name in other["sd"]:
                wide = 2 * other["sd"][name] / sd
                axis.plot([at - wide, at + wide], [place - 0.15] * 2, color=ORANGE, linewidth=2)
            axis.plot(at, place - 0.15, "D", color=ORANGE, label=label(other, "lme4: estimate ± 2 se") if place == 0 else None)
    axis.plot([0, 0], [-0.6, len(names) - 0.5], color="black", linewidth=0.8)
    axis.set_yticks(range(len(names)), names)
    axis.set(xlabel="distance from the truth (posterior sd)", ylim=(-0.6, len(names) + 0.7))
    axis.set_title(f"{raw['rows']:,} rows: estimates and costs")
    axis.legend(loc="upper left")
    return figure


def label(run: Raw, words: str) -> str:
    """A legend's entry with seconds and memory of the process."""
    return f"{words} ({digits(run['seconds']['total'])} s, {run['peak_mb'] / 1000:.1f} GB)"


if __name__ == "__main__":
    answer(__file__, measure, page, draw, ("lme4",))
