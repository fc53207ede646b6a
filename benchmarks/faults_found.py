"""How many seeds does calibration need to find a known fault in a fit?

python benchmarks/faults_found.py [--quick]        writes benchmarks/faults_found.md and the table in docs/is_my_model_right.md

About 20 minutes. The faults are those of tests/helpers/calibration_faults.py and single_fit_faults.py; the right model is fitted as
well.
"""

import sys
from collections import Counter

import pandas as pd
from measuring import ROOT, Bench, Raw, answer, paragraph, table

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
    single = single_fit_faults.FAULTS if not bench.quick else {}
    return {
        "most": counts[-1],
        "faults": {fault: smallest(fault, counts) for fault in calibration_faults.ALL if fault != "none"},
        "right": alarms(1 if bench.quick else STUDIES, counts[-1]),
        "single": {fault: single_fit_faults.share_named(fault, range(SINGLE)) for fault in single},
        "fits": SINGLE,
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


def alarms(studies: int, seeds: int) -> Raw:
    """Of studies with the right model: how many fail calibration, and fits by check that is not passed, with its level."""
    failed, checks = 0, Counter[str]()
    for study in range(studies):
        ranks, found = calibration_faults.right_fits(range(study * seeds, (study + 1) * seeds))
        failed += bool((calibration_faults.verdict(ranks)["verdict"] == "fail").any())
        checks.update(found)
        print(f"right model, study {study}: {failed} failed so far; {dict(checks)}", flush=True)
    return {"studies": studies, "seeds": seeds, "failed": failed, "checks": dict(checks)}


def page(raw: Raw) -> list[str]:
    """The page; its table is written into the documentation as well."""
    right, found = raw["right"], _table(raw)
    if PAGE.exists() and raw["most"] == COUNTS[-1]:
        text = PAGE.read_text()
        before, rest = text.split(BEGIN)
        PAGE.write_text("\n".join([before + BEGIN, "", *found, END]) + rest.split(END)[1])
    fits = right["studies"] * right["seeds"]
    levels = [f"{count} ({count / fits:.2%}) {name}" for name, count in sorted(right["checks"].items(), key=lambda each: -each[1])]
    return [
        *paragraph("`varying_effects`, 5 genes of 1 to 4 sgRNAs in 12 cell lines, truths from the prior of the right model."),
        *found,
        *paragraph(
            f"Right model: {right['failed']} of {right['studies']} studies of {right['seeds']} seeds fail calibration (stated "
            f"level: 1 % of studies). Checks of its {fits:,} single fits that are not passed, with the share of the fits: "
            f"{'; '.join(levels) or 'none'}. The stated levels are 0.1 % of fits for a conflict of prior and data, and none for "
            "directions that are not identified and for ridges."
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
    right = raw["right"]
    rows.append(["none: the right model", f"{right['failed']} of {right['studies']} studies of {right['seeds']} fail", ""])
    for fault, found in raw["single"].items():
        named = f"1 fit (named in {found['named']} of {found['fits']}; right model: {found['right']} of {found['fits']})"
        rows.append([single_fit_faults.FAULTS[fault], named, found["where"]])
    return table(["fault in the fit", "seeds until it is found", "first seen in"], rows)


if __name__ == "__main__":
    answer(__file__, measure, page)
