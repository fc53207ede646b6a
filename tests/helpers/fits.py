"""Thresholds of verdicts and truths, for tests of fits."""

import pandas as pd

THRESHOLDS = {
    "r_hat_pass": 1.01,
    "r_hat_fail": 1.05,
    "ess_per_chain_pass": 100,
    "ess_per_chain_fail": 25,
    "divergence_rate_fail": 0.001,
    "max_treedepth_rate_fail": 0.1,
    "e_bfmi_pass": 0.3,
    "e_bfmi_fail": 0.2,
    "contraction_pass": 0.3,
    "contraction_fail": 0.1,
    "band_prob": 0.99,
    "calibration_level": 0.01,
    "failed_share_max": 0.05,
}


def truth(**values):
    rows = [(variable, None, None, value) for variable, value in values.items()]
    return pd.DataFrame(rows, columns=["variable", "gene", "sgrna", "truth"]).astype(
        {"gene": "str", "sgrna": "str", "truth": float}
    )
