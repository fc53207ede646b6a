"""Material of pages, made up."""

import pandas as pd

from guidefit.assess import checks
from guidefit.assess.estimates import COLUMNS
from guidefit.report.pages import summary
from guidefit.report.pages.material import Material

THRESHOLDS = {"failed_share_max": 0.05, "calibration_level": 0.01, "fdr": 0.05}


def material(verdicts, rows=(), estimates=(), kind="simulated", **optional):
    """Material of one seed with these verdicts by variant."""
    fits = pd.DataFrame({"study": "s", "variant": list(verdicts), "seed": 1, "verdict": list(verdicts.values())})
    fits = fits.assign(engine="nuts", method="NUTS", chains=4, draws=10, seconds_compile=1.0, seconds_sampling=1.0, versions="v")
    fits = fits.assign(rows=300, sgrnas=15, genes=5, cell_lines=20, reasons="")
    none = dict.fromkeys(("comparison", "recovery", "calibration", "evidence", "dropped", "joins", "on_layout"))
    table = checks.make_table({"study": "s", "seed": 1} | row for row in rows)
    known = pd.DataFrame(estimates).reindex(columns=list(COLUMNS)).assign(seed=1)
    models = {name: {"text": f"Model {name}.\n\ny ~ Normal(mu, 1)", "priors": {}, "has_lines": False} for name in verdicts}
    settings = {"study": "s", "kind": kind, "thresholds": THRESHOLDS, "arms": {}, "models": models, "has_lines": False}
    return Material(summary.Tables(fits, table, known, **none | optional), settings)


def an_estimate(**values):
    return {"variant": "a", "variable": "gamma_g", "gene": "g", "mean": 0.0, "q025": -1.0, "q975": 1.0} | values
