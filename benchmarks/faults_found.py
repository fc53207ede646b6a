"""How many seeds does calibration need to find a known fault in a fit?

python benchmarks/faults_found.py [--quick]        writes benchmarks/faults_found.md and the table in docs/is_my_model_right.md

About 10 minutes. The faults are those of tests/helpers/calibration_faults.py and single_fit_faults.py; the right model is fitted as
well.
"""

import multiprocessing
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

import pandas as pd
from measuring import CORES, ROOT, Bench, Raw, answer, paragraph, table

sys.path.insert(0, str(ROOT / "tests"))

from helpers import calibration_faults, single_fit_faults

COUNTS = (10, 20, 30, 50, 100, 200, 300, 400, 500)
STUDIES = 4  # of COUNTS[-1] seeds each, with the right model
SINGLE = 25  # fits with each fault that a single fit shows
PAGE = ROOT / "docs/is_my_model_right.md"
BEGIN, END = "<!-- faults: written by benchmarks/faults_found.py -->", "<!-- end of faults -->"


def measure(bench: Bench) -> Raw:
    """Seeds needed for each fault, alarms in fits of the right model, and shares of single fits that name a fault."""
    counts = COUNTS[:1] if bench.quick else COUNTS
    of_many = [fault for fault in calibration_faults.ALL if fault != "none"]
    of_one = [] if bench.quick else list(single_fit_faults.FAULTS)
    studies = 1 if bench.quick else STUDIES
    with ProcessPoolExecutor(CORES, multiprocessing.get_context("spawn")) as pool:
        right = pool.map(alarms, range(studies), [counts[-1]] * studies)
        many = pool.map(smallest, of_many, [counts] * len(of_many))
        single = pool.map(single_fit_faults.share_named, of_one, [range(SINGLE)] * len(of_one))
        return {
            "most": counts[-1],
            "right": list(right),
            "faults": dict(zip(of_many, many, strict=True)),
            "single": dict(zip(of_one, single, strict=True)),
        }


def smallest(fault: str, counts: tuple[int, ...]) -> Raw:
    """The smallest of the counts with which calibration finds a fault (None: with none of them), and where."""
    parts: list[pd.DataFrame] = []
    for first, seeds in zip((0, *counts), counts, strict=False):
        parts.append(calibration_faults.ranks(fault, range(first, seeds)))
        found = calibration_faults.verdict(pd.concat(parts)).query("verdict == 'fail'").sort_values("p_value")
        if len(found):
            print(f"{fault}: {seeds} seeds", flush=True)
            return {"seeds": seeds, "variables": list(dict.fromkeys(found["variable"]))}
    print(f"{fault}: not found with {counts[-1]} seeds", flush=True)
    return {"seeds": None, "variables": []}


def alarms(study: int, seeds: int) -> Raw:
    """Of a study with the right model: whether it fails calibration, and fits by check that is not passed, with its level."""
    ranks, checks = calibration_faults.right_fits(range(study * seeds, (study + 1) * seeds))
    failed = bool((calibration_faults.verdict(ranks)["verdict"] == "fail").any())
    print(f"right model, study {study}: {'failed' if failed else 'passed'}; {dict(checks)}", flush=True)
    return {"seeds": seeds, "failed": failed, "checks": dict(checks)}


def page(raw: Raw) -> list[str]:
    """The page; its table is written into the documentation as well."""
    found, seeds = _table(raw), raw["most"]
    failed, checks = sum(each["failed"] for each in raw["right"]), Counter[str]()
    for each in raw["right"]:
        checks.update(each["checks"])
    if PAGE.exists() and raw["most"] == COUNTS[-1]:
        text = PAGE.read_text()
        before, rest = text.split(BEGIN)
        PAGE.write_text("\n".join([before + BEGIN, "", *found, END]) + rest.split(END)[1])
    fits = len(raw["right"]) * seeds
    levels = [f"{count} ({count / fits:.2%}) {name}" for name, count in checks.most_common()]
    return [
        *paragraph("`varying_effects`, 5 genes of 1 to 4 sgRNAs in 12 cell lines, truths from the prior of the right model."),
        *found,
        *paragraph(
            f"Right model: {failed} of {len(raw['right'])} studies of {seeds} seeds fail calibration (stated "
            f"level: 1 % of studies). Checks of its {fits:,} single fits that are not passed, with the share of the fits: "
            f"{'; '.join(levels) or 'none'}. The stated levels are 0.1 % of fits for a conflict of prior and data, and none for "
            "directions that are not identified and for ridges. `scale_contraction` has none: it names a scale about which the "
            "data carry no information, as where a truth from the prior has noise much larger than that scale."
        ),
        *paragraph(
            "The last rows are of checks that each fit has: the share of the fits with the fault in which its check names it, and "
            "of the fits of the right model to data of the same size."
        ),
    ]


def _table(raw: Raw) -> list[str]:
    rows = []
    for fault, found in raw["faults"].items():
        seeds = str(found["seeds"]) if found["seeds"] else f"not in {raw['most']}"
        variables = ", ".join(f"`{name}`" for name in found["variables"][:2])
        rows.append([calibration_faults.ALL[fault], seeds, variables])
    failed = sum(each["failed"] for each in raw["right"])
    rows.append(["none: the right model", f"{failed} of {len(raw['right'])} studies of {raw['most']} fail", ""])
    for fault, found in raw["single"].items():
        named = f"1 fit (named in {found['named']} of {found['fits']}; right model: {found['right']} of {found['fits']})"
        rows.append([single_fit_faults.FAULTS[fault], named, found["where"]])
    return table(["fault in the fit", "seeds until it is found", "first seen in"], rows)


if __name__ == "__main__":
    answer(__file__, measure, page)
