"""What does one fit of the notebook's screen cost, as a whole process and in ESS per CPU second of sampling?

python benchmarks/one_fit.py [--quick] [--against NAME ...]        writes benchmarks/one_fit.md and benchmarks/one_fit.png

About 10 minutes on two cores in which nothing else should run. `collapsed` with importance sampling is compared with the
alternatives, and the posterior means of all of them with each other.
"""

import statistics
from collections.abc import Callable, Sequence
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
    ess_per_cpu_second,
    measured,
    panels,
    paragraph,
    plain,
    skipped,
    spread,
    table,
)

MODELS = ("varying_effects", "correlated_effects")
AGAINST = ("pymc_nuts", "nutpie_nuts", "numpyro_nuts", "pystan_nuts", "collapsed_nuts")


def measure(bench: Bench) -> Raw:
    """Every alternative in interleaved rounds, each round in another order."""
    names = [*bench.against, "collapsed"]
    data = bench.screen("notebook", blueprints.draw_notebook(103), "zscore_within_gene", "cna")
    models, rounds, size = (MODELS[:1], 1, {"draws": 200, "tune": 200}) if bench.quick else (MODELS, 4, {})
    runs = []
    for number in range(rounds + 1):  # round 0 fills the caches
        for model in models:
            print(f"round {number} of {rounds}, {model}", flush=True)
            start = number % len(names)
            for name in names[start:] + names[:start]:
                runs.append(bench.run(name, data, model=model, seed=number + 1, **size) | {"round": number, "model": model})
    return {"runs": runs}


def by_alternative(runs: Sequence[Raw], model: str) -> tuple[dict[str, Raw], dict[str, list[Raw]]]:
    """A model's first run by each alternative, and its runs after that."""
    of = [run for run in runs if run["model"] == model]
    first = {run["engine"]: run for run in of if run["round"] == 0}
    return first, {name: [run for run in of if run["engine"] == name and run["round"]] for name in ALTERNATIVES if name in first}


# --- page ------------------------------------------------------------------------------------------------------------


def page(raw: Raw) -> list[str]:
    """The page: for each model a table of costs, what the ESS of importance sampling is made of, and ratios."""
    runs = measured(raw)
    text = f"""
    The notebook's screen (seed 103: 300 rows, 15 sgRNAs, 5 genes). Medians and ranges of {max(run["round"] for run in runs)}
    rounds; the alternatives take turns, in another order in each round. *First run*: once, with empty caches, in no median. *ESS*
    is the bulk effective sample size of the worst parameter; for importance sampling it is the least of 1 / sum of squared
    weights, (sd / Monte Carlo error)^2 of the worst mean, and the number of kept draws. *Distance*: the largest distance, over all
    rounds, of a posterior mean from that of `collapsed` in its first round, in posterior sds.
    """
    lines = [*paragraph(HOW), "![ESS per CPU second, and whole processes](one_fit.png)", "", *paragraph(text)]
    for model in dict.fromkeys(run["model"] for run in runs):
        first, warm = by_alternative(runs, model)
        lines += [f"## `{model}`", "", *costs(first, warm), *paragraph(importance(warm["collapsed"]))]
        if len(warm) > 1:
            lines += ["How many times better `collapsed` is, round by round:", "", *gains(warm)]
    return lines + skipped(raw["runs"])


def costs(first: dict[str, Raw], warm: dict[str, list[Raw]]) -> list[str]:
    """The table of what a fit costs by each alternative."""
    own = warm["collapsed"][0]
    figures: dict[str, Callable[[Raw], float]] = {
        "whole process (s)": lambda run: run["seconds"]["total"],
        "of it imports (s)": lambda run: run["seconds"]["import"],
        "sampling (CPU s)": lambda run: run["cpu_seconds"]["sample"],
        "ESS": lambda run: run["ess_bulk_min"],
        "ESS per CPU s of sampling": ess_per_cpu_second,
        "memory (MB)": lambda run: run["peak_mb"],
    }
    rows = []
    for name, group in warm.items():
        cells = [spread([figure(run) for run in group]) for figure in figures.values()]
        cells.insert(2, digits(first[name]["seconds"]["total"]))
        distances = [(np.array(run["mean"][v]) - own["mean"][v]) / own["sd"][v] for run in group for v in own["mean"]]
        rows.append([ALTERNATIVES[name].title, *cells, f"{max(abs(each).max() for each in distances):.2f}"])
    header = ["", *figures, "distance (sd)"]
    header.insert(3, "first run (s)")
    return table(header, rows)


def importance(own: Sequence[Raw]) -> str:
    """What the speed and the ESS of importance sampling are made of."""
    repeats = ""
    if "ess_by_repeats" in own[0]:
        repeats = f"""
        The means over the kept draws vary between the repeats as much as those of
        {spread([run["ess_by_repeats"] for run in own])} independent draws would, averaged over the parameters.
        """
    return f"""
    For `collapsed` with importance sampling, one sampling is the median of {own[0]["repeats"]} in a process; the first one there,
    with cold memory, took {spread([run["cpu_seconds_first"] for run in own])} CPU s. The ESS by its weights was
    {spread([run["importance_ess"] for run in own])}, by the stated error of the worst scale's mean
    {spread([run["ess_scale_mean"] for run in own])}, and by that of the worst mean or effect, for which conditional moments and
    not draws are averaged, {spread([run["ess_effect_mean"] for run in own])}. {repeats}
    """


def gains(warm: dict[str, list[Raw]]) -> list[str]:
    """The table of ratios between `collapsed` and the others, round by round."""
    own = warm["collapsed"]
    rows = [
        [
            ALTERNATIVES[name].title,
            spread(ratios(own, group, lambda run: 1 / run["seconds"]["total"])),
            spread(ratios(own, group, lambda run: 1 / run["cpu_seconds"]["sample"])),
            spread(ratios(own, group, ess_per_cpu_second)),
            spread(ratios(own, group, ess_per_cpu_second, lambda run: run["ess_bulk_min"] / run["cpu_seconds_first"])),
        ]
        for name, group in warm.items()
        if name != "collapsed"
    ]
    return table(["than", "whole process", "CPU s of sampling", "ESS per CPU s", "ESS per CPU s of its first sampling"], rows)


def ratios(
    own: Sequence[Raw], other: Sequence[Raw], figure: Callable[[Raw], float], own_figure: Callable[[Raw], float] | None = None
) -> list[float]:
    """How many times larger a figure is of one alternative than of another in the same round."""
    theirs = {run["round"]: figure(run) for run in other}
    return [(own_figure or figure)(run) / theirs[run["round"]] for run in own]


# --- picture ---------------------------------------------------------------------------------------------------------


def draw(raw: Raw) -> Any:
    """ESS per CPU second, and whole processes by phase."""
    figure, (left, right) = panels(2)
    draw_ess(left, measured(raw))
    draw_process(right, measured(raw))
    return figure


def draw_ess(axis: Any, runs: Sequence[Raw]) -> None:
    """ESS per CPU second of sampling, a row for each alternative."""
    from guidefit.report.figures.style import BLUE, ORANGE

    models = list(dict.fromkeys(run["model"] for run in runs))
    names: list[str] = []
    for number, (model, colour) in enumerate(zip(models, (BLUE, ORANGE), strict=False)):
        _, warm = by_alternative(runs, model)
        names = list(warm)[::-1]
        for place, name in enumerate(names):
            values = [ess_per_cpu_second(run) for run in warm[name]]
            height = place + 0.24 * (0.5 - number)
            axis.plot([min(values), max(values)], [height] * 2, color=colour, linewidth=2)
            middle = statistics.median(values)
            axis.plot(middle, height, "o", color=colour, label=model if place == 0 else None)
            axis.annotate(
                digits(middle),
                (middle, height),
                (0, 6 if number == 0 else -13),
                textcoords="offset points",
                fontsize=8,
                ha="center",
            )
    axis.set_yticks(range(len(names)), [plain(name) for name in names])
    axis.set(xscale="log", ylim=(-0.6, len(names) + 0.3), xlabel="smallest bulk ESS per CPU second of sampling")
    axis.set_title("One fit of the notebook's screen: sampling alone")
    axis.margins(x=0.12)
    axis.grid(axis="x", alpha=0.3)
    axis.legend(loc="upper right")


def draw_process(axis: Any, runs: Sequence[Raw]) -> None:
    """Seconds of whole processes by phase."""
    from guidefit.report.figures.style import BLUE, GREY, ORANGE, SKY

    _, warm = by_alternative(runs, runs[0]["model"])
    names = list(warm)[::-1]
    left = np.zeros(len(names))
    for phase, colour in {"import": GREY, "compile": SKY, "sample": BLUE, "summarise": ORANGE}.items():
        values = np.array([statistics.median(seconds_of(run, phase) for run in warm[name]) for name in names])
        axis.barh(names, values, left=left, color=colour, label=phase, height=0.6)
        left += values
    for place, total in enumerate(left):
        axis.annotate(f"{digits(total)} s", (total, place), (4, 0), textcoords="offset points", va="center", fontsize=9)
    axis.set_yticks(range(len(names)), [plain(name) for name in names])
    axis.set(xlabel="wall seconds from the start of the process (warm caches)", xlim=(0, 1.15 * left.max()))
    axis.set_title(f"One fit as a whole process ({runs[0]['model']})")
    axis.legend(loc="upper right" if left[-1] < left.max() / 2 else "lower right")


def seconds_of(run: Raw, phase: str) -> float:
    """Wall seconds of a phase; the last one, summarise, is what the others leave of the total."""
    seconds = run["seconds"]
    return seconds[phase] if phase != "summarise" else 2 * seconds["total"] - sum(seconds.values())


if __name__ == "__main__":
    answer(__file__, measure, page, draw, AGAINST)
