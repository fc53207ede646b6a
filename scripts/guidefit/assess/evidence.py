"""Are evidence and posterior model probabilities right? SBC with the variant itself drawn (Schad, Nicenboim, Bürkner, Betancourt &
Vasishth 2023; Modrák et al. 2023).

For each seed a variant is drawn by its prior probability, and its prior generates the data for all. Given the data, each variant
is then the one that generated them with its posterior probability, exactly if the evidence of all variants is right. So over the
seeds (1) the mean posterior probability of a variant is its prior one, (2) it agrees with the share of the seeds in which the
variant was drawn, and (3) the mean log posterior probability of the drawn variants has the value that the probabilities
themselves imply: it is lower where they are too certain. (1) sees a prior in the fits other than the one that generated the data:
with a mean shifted by 0.8 standard deviations in 25 % of studies of 100 seeds, 80 % of 300 and all of 1,000 (tests/unit/assess/
test_evidence.py, level 0.01). (2) and (3) are exact for any number of seeds.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import special, stats

from guidefit.assess import uniformity
from guidefit.assess.design import mean_share
from guidefit.assess.evidence_table import COLUMNS, DRAWN, LOG_SCORE, MEAN
from guidefit.simulation.drawn_variant import draw_variant

SIMULATIONS = 4000
ROUNDING = 1e-9  # error of a probability
FEWEST = 20  # seeds with evidence below which nothing is said


def calibrate(fits: pd.DataFrame, study: str, prior: Mapping[str, float], level: float) -> pd.DataFrame:
    """model_probabilities.csv: one row per quantity and variant. fits: diagnostics.csv; prior: variant -> its probability.

    observed and expected: the mean posterior probability and the prior one; the share of the data sets that the variant
    generated and the mean posterior probability; the mean log posterior probability of the variants that generated the data, and
    the one that the probabilities imply. mcse: the standard error of their difference. without_evidence: seeds that are left out
    because a fit of one of the variants gives none. verdict: `fail` where p_holm is below `level`; empty with fewer than FEWEST
    seeds.
    """
    posterior = posterior_probabilities(fits, prior)
    drawn = [list(prior).index(draw_variant(study, int(seed), prior)) for seed in posterior.index]
    table = pd.DataFrame(test(posterior.to_numpy(), np.array(drawn, dtype=int), prior))
    if len(table):
        table["p_holm"] = uniformity.holm(table["p_value"].to_numpy())
        table["verdict"] = np.where(table["p_holm"] < level, "fail", "pass") if len(posterior) >= FEWEST else ""
    table = table.assign(study=study, seeds=len(posterior), without_evidence=fits["seed"].nunique() - len(posterior))
    return table.reindex(columns=list(COLUMNS))


def posterior_probabilities(fits: pd.DataFrame, prior: Mapping[str, float]) -> pd.DataFrame:
    """(seed x variant) posterior probabilities of the variants with prior probabilities, for seeds in which all have evidence."""
    own = fits[fits["variant"].isin(prior)].astype({"log_evidence": float})
    log_evidence = own.pivot(index="seed", columns="variant", values="log_evidence").reindex(columns=list(prior)).dropna()
    joint = log_evidence + np.log(list(prior.values()))
    return joint.sub(special.logsumexp(joint, axis=1), axis=0).pipe(np.exp) if len(joint) else joint


def test(posterior: np.ndarray, drawn: np.ndarray, prior: Mapping[str, float]) -> Iterator[dict[str, Any]]:
    """The tests of posterior probabilities (seed, variant) given the number of the drawn variant of each seed (seed,).

    Those of `DRAWN` and `LOG_SCORE` are exact but for simulation: given the data, the drawn variants follow the posterior
    probabilities. That of `MEAN` is Student's t test.
    """
    count = len(posterior)
    if count < 2:
        return
    for number, (variant, probability) in enumerate(prior.items()):
        found = mean_share(pd.Series(posterior[:, number]), pd.Series(np.ones(count)))
        ids = {"variant": variant, "prior_probability": probability, "observed": found["value"], "expected": probability}
        t = (found["value"] - probability) / max(found["mcse"], ROUNDING)
        yield {"quantity": MEAN} | ids | {"mcse": found["mcse"], "p_value": float(2 * stats.t.sf(abs(t), count - 1))}
    simulated = _draw_again(posterior, np.random.default_rng(count))
    for number, (variant, probability) in enumerate(prior.items()):
        own = posterior[:, number]
        yield {
            "quantity": DRAWN,
            "variant": variant,
            "prior_probability": probability,
            "observed": float((drawn == number).mean()),
            "expected": float(own.mean()),
            "mcse": float(np.sqrt((own * (1 - own)).sum()) / count),
            "p_value": _two_sided((simulated == number).sum(axis=1), (drawn == number).sum()),
        }
    logs = np.log(np.maximum(posterior, np.finfo(float).tiny))
    scores = logs[np.arange(count), simulated].mean(axis=1)
    observed = float(logs[np.arange(count), drawn].mean())
    yield {
        "quantity": LOG_SCORE,
        "observed": observed,
        "expected": float((posterior * logs).sum(axis=1).mean()),
        "mcse": float(scores.std()),
        "p_value": _two_sided(scores, observed),
    }


def _draw_again(posterior: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(SIMULATIONS, seed) numbers of variants drawn by the posterior probabilities."""
    below = np.cumsum(posterior, axis=1)[:, :-1]
    uniform = rng.random((SIMULATIONS, len(posterior)))
    return sum(uniform > column for column in below.T)


def _two_sided(simulated: np.ndarray, observed: float) -> float:
    """Two-sided p-value of a statistic among its simulated values; ties count on both sides."""
    near = 1e-12 * max(1.0, abs(observed))
    lower, upper = (simulated <= observed + near).sum(), (simulated >= observed - near).sum()
    return float(min(1.0, 2 * (1 + min(lower, upper)) / (1 + len(simulated))))
