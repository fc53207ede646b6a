"""How many seeds does calibration need to find a known fault in a fit?

python benchmarks/faults_found.py [--quick]        writes benchmarks/faults_found.md

About 5 minutes. The faults are those of tests/helpers/calibration_faults.py; the right model is fitted as well.
"""

import sys

from measuring import ROOT, Bench, Raw, answer, table

sys.path.insert(0, str(ROOT / "tests"))

from helpers import calibration_faults

COUNTS = (10, 20, 30, 50, 100, 200, 400)


def measure(bench: Bench) -> Raw:
    """For each fault the smallest number of seeds with which calibration fails, and the variables that fail then."""
    counts = COUNTS[:1] if bench.quick else COUNTS
    return {"most": counts[-1], "faults": {fault: smallest(fault, counts) for fault in calibration_faults.FAULTS}}


def smallest(fault: str, counts: tuple[int, ...]) -> Raw:
    """The smallest of the counts with which calibration finds a fault (None: with none of them), and where."""
    ranks = calibration_faults.ranks(fault, range(counts[-1]))
    for seeds in counts:
        found = calibration_faults.verdict(ranks[ranks["seed"] < seeds]).query("verdict == 'fail'").sort_values("p_value")
        if len(found):
            print(f"{fault}: {seeds} seeds", flush=True)
            return {"seeds": seeds, "variables": list(dict.fromkeys(found["variable"]))}
    print(f"{fault}: not found with {counts[-1]} seeds", flush=True)
    return {"seeds": None, "variables": []}


def page(raw: Raw) -> list[str]:
    """The page: a row for each fault."""
    rows = []
    for fault, found in raw["faults"].items():
        seeds = str(found["seeds"]) if found["seeds"] else f"not in {raw['most']}"
        rows.append([calibration_faults.FAULTS[fault], seeds, ", ".join(f"`{name}`" for name in found["variables"])])
    text = "`varying_effects`, 5 genes of 1 to 4 sgRNAs in 12 cell lines, truths from the prior of the right model."
    return [text, "", *table(["fault in the fit", "seeds until it is found", "first seen in"], rows)]


if __name__ == "__main__":
    answer(__file__, measure, page)
