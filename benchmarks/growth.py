"""How does the cost of one fit grow with the number of rows, and with the number of genes?

python benchmarks/growth.py [--quick] [--against NAME ...]        writes benchmarks/growth.md and benchmarks/growth.png

About 6 minutes on two cores in which nothing else should run. `collapsed` with importance sampling is compared with nutpie.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from measuring import (
    HOW,
    Bench,
    Raw,
    answer,
    blueprints,
    digits,
    ess_per_cpu_second,
    make_design,
    measured,
    panels,
    paragraph,
    skipped,
    table,
)

LONGEST = 100.0  # seconds of one fit; what takes longer is left out
AGAINST = ("nutpie_nuts",)
SIZES = {
    "cell_lines": [make_design(genes=5, sgrnas_per_gene=3, cell_lines=n) for n in (20, 200, 2_000, 20_000)],
    "genes": [make_design(genes=n, sgrnas_per_gene=4, cell_lines=20) for n in (5, 50, 500, 5_000)],
}
TITLES = {
    "cell_lines": "One fit against the number of cell lines (5 genes of 3 sgRNAs)",
    "genes": "One fit against the number of genes (4 sgRNAs each, 20 cell lines)",
}
FIGURES: dict[str, Callable[[Raw], float]] = {
    "sampling (CPU s)": lambda run: run["cpu_seconds"]["sample"],
    "ESS": lambda run: run["ess_bulk_min"],
    "whole process (s)": lambda run: run["seconds"]["total"],
    "memory (MB)": lambda run: run["peak_mb"],
}


def measure(bench: Bench) -> Raw:
    """Fits of growing screens; the growing number is the run's `grows`."""
    tiny = bench.screen("tiny", blueprints.draw(SIZES["cell_lines"][0], np.random.default_rng(1)), "zscore_within_gene", "x")
    for name in bench.against:
        bench.run(name, tiny, draws=10, tune=10)  # fills its cache
    return {"runs": [run for grows in SIZES for run in measure_one(bench, grows)]}


def measure_one(bench: Bench, grows: str) -> list[Raw]:
    """Fits of screens with a growing number of cell lines, or of genes."""
    runs: list[Raw] = []
    half = {"draws": 100, "tune": 100} if bench.quick else {"draws": 500, "tune": 500}
    expected = dict.fromkeys(bench.against, 0.0)  # seconds of the next fit, if it grows as the rows do
    for design in SIZES[grows][:2] if bench.quick else SIZES[grows]:
        size = {"cell_lines": design.cell_lines, "genes": design.genes, "rows": int(design.sgrna_counts.sum() * design.cell_lines)}
        print(f"{grows}: {size['rows']} rows", flush=True)
        data = bench.screen(grows, blueprints.draw(design, np.random.default_rng(1)), "zscore_within_gene", "x")
        runs += [run | size | {"grows": grows} for run in repeat(bench, "collapsed", data, {})]
        for name in bench.against:
            if expected[name] > LONGEST:
                left_out = {"engine": name, "left_out": f"would take {expected[name] / 60:.0f} minutes or more"}
                runs.append(left_out | size | {"grows": grows})
                continue
            found = repeat(bench, name, data, half)
            runs += [run | size | {"grows": grows} for run in found]
            expected[name] = 10 * found[-1]["seconds"]["sample"] if "seconds" in found[-1] else 10 * LONGEST
    return runs


def repeat(bench: Bench, name: str, data: Any, options: dict[str, int]) -> list[Raw]:
    """Up to three fits of one screen, without their estimates."""
    runs: list[Raw] = []
    started = time.perf_counter()
    for seed in range(1, 2 if bench.quick else 4):
        found = bench.run(name, data, timeout=LONGEST + 60, seed=seed, **options)
        runs.append({key: value for key, value in found.items() if key not in ("mean", "sd")})
        if "seconds" not in found or time.perf_counter() - started > 15:
            break
    return runs


# --- page ------------------------------------------------------------------------------------------------------------


def page(raw: Raw) -> list[str]:
    """The page: a table for cell lines, and one for genes."""
    text = """
    `varying_effects`, medians of up to three fits. nutpie draws 4 x 500 after 4 x 500 of tuning here, which halves CPU seconds and
    ESS: compare ESS per CPU second. *Reduction*: rows to sufficient statistics, the only step of `collapsed` that reads the rows.
    """
    lines = [*paragraph(HOW), "![CPU seconds against size](growth.png)", "", *paragraph(text)]
    for grows, title in TITLES.items():
        lines += [f"## {title}", "", *one_table([run for run in raw["runs"] if run["grows"] == grows], grows)]
    return lines + skipped(raw["runs"])


def one_table(runs: Sequence[Raw], grows: str) -> list[str]:
    """The table of one growing number, a row for each size."""
    sizes: dict[int, dict[str, list[Raw]]] = {}
    for run in runs:
        sizes.setdefault(run[grows], {}).setdefault(run["engine"], []).append(run)
    rows = []
    for size, groups in sizes.items():
        own = groups["collapsed"]
        cells = [f"{size:,}", f"{own[0]['rows']:,}", digits(statistics.median(1000 * run["cpu_seconds_reduce"] for run in own))]
        cells += cells_of(own)
        for group in (groups[name] for name in AGAINST if name in groups):
            cells += [*cells_of(group), gain(own, group)]
        rows.append(cells)
    header = [grows.replace("_", " "), "rows", "reduction (CPU ms)", *FIGURES]
    for name in AGAINST:
        if any(run["engine"] == name for run in runs):
            first, *others = FIGURES
            header += [f"{name.partition('_')[0]}: {first}", *others, "times more ESS per CPU s"]
    return table(header, rows)


def cells_of(group: Sequence[Raw]) -> list[str]:
    """Medians of the figures of an alternative at one size, or why they are not there."""
    done = [run for run in group if "seconds" in run]
    if not done:
        return [group[0].get("left_out", "not installed"), "", "", ""]
    return [digits(statistics.median(map(figure, done))) for figure in FIGURES.values()]


def gain(own: Sequence[Raw], group: Sequence[Raw]) -> str:
    """How many times more ESS per CPU second `collapsed` has."""
    done = [run for run in group if "seconds" in run]
    if not done:
        return ""
    return digits(statistics.median(map(ess_per_cpu_second, own)) / statistics.median(map(ess_per_cpu_second, done)))


# --- picture ---------------------------------------------------------------------------------------------------------


def draw(raw: Raw) -> Any:
    """CPU seconds of one fit against the number of cell lines, and of genes."""
    figure, (left, right) = panels(2)
    draw_one(left, raw, "cell_lines", "cell lines (5 genes of 3 sgRNAs)")
    draw_one(right, raw, "genes", "genes (4 sgRNAs each, 20 cell lines)")
    return figure


def draw_one(axis: Any, raw: Raw, grows: str, label: str) -> None:
    """CPU seconds of one fit against one growing number."""
    from guidefit.report.figures.style import BLUE, SKY, VERMILION

    runs = [run for run in measured(raw) if run["grows"] == grows]
    series = (
        ("nutpie_nuts", "nutpie, 4 x (500 + 500): sampling", VERMILION, "o-", lambda run: run["cpu_seconds"]["sample"]),
        ("collapsed", "collapsed, importance: sampling", BLUE, "o-", lambda run: run["cpu_seconds"]["sample"]),
        ("collapsed", "collapsed: rows to sufficient statistics", SKY, "s--", lambda run: run["cpu_seconds_reduce"]),
    )
    for name, words, colour, style, value in series:
        groups: dict[int, list[float]] = {}
        for run in runs:
            if run["engine"] == name:
                groups.setdefault(run[grows], []).append(value(run))
        if groups:
            axis.plot(list(groups), [statistics.median(each) for each in groups.values()], style, color=colour, label=words)
    sizes = sorted({run[grows] for run in runs})
    axis.set(xscale="log", yscale="log", xlabel=label, ylabel="CPU seconds of one fit")
    axis.set_xticks(sizes, [f"{each:,}" for each in sizes])
    axis.minorticks_off()
    axis.grid(alpha=0.3)
    axis.set_title(f"Cost of a fit against {grows.replace('_', ' ')}")
    low, high = axis.get_ylim()
    axis.set_ylim(low, high * (high / low) ** 0.35)
    axis.legend(loc="upper left")


if __name__ == "__main__":
    answer(__file__, measure, page, draw, AGAINST)
