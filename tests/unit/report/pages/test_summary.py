"""The parts of a study's page that the tables of all fits give."""

import re

import numpy as np
import pandas as pd

from guidefit.assess import checks
from guidefit.assess.estimates import COLUMNS as ESTIMATE_COLUMNS
from guidefit.base import tables
from guidefit.report.pages import study, summary
from guidefit.report.pages.material import Material
from guidefit.screens.ledger import JOINS

THRESHOLDS = {"failed_share_max": 0.05, "calibration_level": 0.01}
NASTY = "<script>alert('1; 2')</script>; it's \"so\""


def a_fit(verdict="pass", variant="pooled", seed=1, **others):
    sizes = {"rows": 300, "sgrnas": 15, "genes": 5, "cell_lines": 20}
    engine = {"engine": "nuts", "method": "NUTS", "chains": 4, "draws": 1000, "seconds_compile": 1.0, "seconds_sampling": 2.0}
    own = {"study": "s", "variant": variant, "seed": seed, "verdict": verdict, "reasons": "not read by any code"}
    return own | sizes | engine | {"versions": "pymc 6"} | others


def a_check(check, level="pass", value=np.nan, threshold=np.nan, where="", variant="pooled", seed=1):
    own = {"study": "s", "variant": variant, "seed": seed}
    return own | {"check": check, "level": level, "value": value, "threshold": threshold, "where": where}


def page(fits, rows=(), estimates=None, **others):
    none = pd.DataFrame(columns=list(ESTIMATE_COLUMNS))
    optional = dict.fromkeys(("comparison", "recovery", "calibration", "evidence", "dropped", "joins", "on_layout")) | others
    found = summary.Tables(pd.DataFrame(fits), checks.make_table(rows), none if estimates is None else estimates, **optional)
    return study.fill(Material(found, settings(found.diagnostics["variant"])))


def settings(variants):
    models = {name: {"text": name, "priors": {}, "has_lines": False} for name in variants}
    return {"study": "s", "kind": "simulated", "thresholds": THRESHOLDS, "arms": {}, "models": models, "has_lines": False}


def stopped(message, **ids):
    return a_check(checks.STOPPED, "error", where=message, **ids)


def write_inputs(folder, fits, rows, estimates, comparison):
    written = {
        "diagnostics": pd.DataFrame(fits),
        "checks": checks.make_table(rows),
        "estimates": estimates,
        "comparison": comparison,
    }
    for name, table in written.items():
        tables.write(table, folder / f"{name}.csv")
    return {name: folder / f"{name}.csv" for name in written}


def test_the_page_is_made_from_files(tmp_path):
    estimates = pd.DataFrame(
        {
            "study": "s",
            "variant": "pooled",
            "seed": 1,
            "variable": "gamma_g",
            "gene": ["NA", "007"],
            "sgrna": None,
            "cell_line": None,
            "mean": 0.5,
        }
    ).reindex(columns=list(ESTIMATE_COLUMNS))
    comparison = pd.DataFrame({"seed": [1], "variant": ["pooled"], "rank": [1], "elpd": [-5.0], "note": [NASTY]})
    comparison = comparison.reindex(columns=["seed", "log_evidence", *summary.COMPARISON])
    inputs = write_inputs(tmp_path, [a_fit()], [a_check(checks.R_HAT, value=1.0)], estimates, comparison)
    text = study.render(inputs, settings(["pooled"]))["page"]
    assert "1 fit of 1 variant, each to 300 rows: 15 sgRNAs of 5 genes in 20 cell lines." in text
    assert "<td>NA</td>" in text
    assert "<td>007</td>" in text
    assert "Only pooled can be ranked." in text
    assert "<script>alert" not in text
    assert "it&#39;s &#34;so&#34;" in text


def test_a_study_whose_fits_all_stopped_has_a_page(tmp_path):
    fits = [{"study": "s", "variant": "pooled", "seed": seed, "verdict": "error", "reasons": ""} for seed in (1, 2)]
    rows = [stopped(NASTY, seed=seed) for seed in (1, 2)]
    estimates = pd.DataFrame(columns=list(ESTIMATE_COLUMNS))
    comparison = pd.DataFrame(columns=["seed", "log_evidence", *summary.COMPARISON])
    text = study.render(write_inputs(tmp_path, fits, rows, estimates, comparison), settings(["pooled"]))["page"]
    assert "no fit was completed" in text
    assert "alert(&#39;1; 2&#39;)" in text
    assert "<script>alert" not in text
    assert '<span class="light error">error 2</span>' in text
    assert "Which variant predicts better?" not in text
    assert "all checks passed" not in text


def test_a_study_without_ranks_recovery_or_rank_statistics_has_a_page():
    comparison = pd.DataFrame({"seed": [1], "variant": ["pooled"], "note": ["not ranked"]}).reindex(
        columns=["seed", "log_evidence", *summary.COMPARISON]
    )
    recovery = pd.DataFrame(columns=["variant", "fits", "verdict", "bias", "variable", "coverage_95", "coordinates", "seeds"])
    calibration = pd.DataFrame([{"variant": "pooled", "fits": "all", "n": 0, "failed": 2, "failed_share": 1.0, "verdict": "fail"}])
    columns = ["variable", "p_holm", "p_value", "mean_rank", "n_needed"]
    calibration = calibration.reindex(columns=[*calibration.columns, *columns])
    text = page([a_fit("error")], [stopped("no")], comparison=comparison, recovery=recovery, calibration=calibration)
    assert "No variant can be ranked: see the notes." in text
    assert "no fit has rank statistics" in text
    assert ">no</span>" in text


def test_a_light_for_each_verdict_and_a_word_only_for_pass():
    text = page([a_fit("pass", "sound"), a_fit("unchecked", "plain")], [a_check(checks.PREDICTIVE, "unchecked", variant="plain")])
    assert '<td>sound</td><td><span class="light pass">pass</span> </td><td class="number">1</td><td>all checks passed</td>' in text
    assert text.count("all checks passed") == 1
    assert '<span class="light unchecked">unchecked</span>' in text
    assert "unchecked: the predictive checks were not made" in text


def test_a_note_does_not_lower_a_verdict():
    row = a_check(checks.IMPORTANCE_K_HAT, "note", 0.9, 0.7, "4000 draws")
    text = page([a_fit()], [row, a_check(checks.R_HAT, value=1.0)])
    assert "<td>all checks passed<br>note: " in text


def test_the_severest_reasons_come_first():
    rows = [a_check(checks.R_HAT, "warn", 1.02, 1.01, "mu"), a_check(checks.ESS_BULK, "fail", 9, 100, "mu")]
    text = page([a_fit("fail")], rows)
    assert text.index("fail: bulk ESS 9") < text.index("warn: R-hat 1.020")


def test_reasons_of_many_fits_are_counted_and_the_worst_one_is_quoted():
    fits = [a_fit("fail" if seed < 3 else "pass", seed=seed) for seed in range(4)]
    rows = [a_check(checks.ESS_BULK, "fail" if seed < 3 else "pass", 10 + seed, 100, "a; b", seed=seed) for seed in range(4)]
    text = page(fits, rows)
    assert "fail: bulk ESS: 3 of 4 fits; seed 0: bulk ESS 10 (a; b)" in text
    assert '<span class="light pass">pass 1</span> <span class="light fail">fail 3</span>' in text
    assert "all checks passed" not in text


def test_of_many_fits_the_worst_are_listed():
    fits = [a_fit("warn" if seed % 2 else "pass", seed=seed) for seed in range(14)]
    fits[4] = a_fit("error", seed=4)
    fits[6] = a_fit("fail", seed=6)
    rows = [a_check(checks.R_HAT, "warn" if seed % 2 else "pass", 1.02, 1.01, "mu", seed=seed) for seed in range(14)]
    rows[4], rows[6] = stopped("broken", seed=4), a_check(checks.ESS_BULK, "fail", 9, 100, "mu", seed=6)
    rows += [a_check(checks.E_BFMI, "warn", 0.25, 0.3, seed=9), a_check(checks.PREDICTIVE, "unchecked", seed=9)]
    text = page(fits, rows)
    assert "The worst fits:" in text
    listed = re.findall(r'<tr><td>pooled</td><td class="number">(\d+)</td><td><span', text)
    assert listed == ["4", "6", "9", "1", "3"]
    assert "logs/s/fit/pooled_seeds_*.log, seed 4" in text
    assert text.count("the predictive checks were not made (") == 1  # among the reasons of the variant alone
    assert "The worst fits:" not in page(fits[:12], rows[:12])


def test_of_many_good_fits_none_is_listed():
    rows = [a_check(checks.PREDICTIVE, "unchecked", seed=seed) for seed in range(14)]
    assert "The worst fits:" not in page([a_fit("unchecked", seed=seed) for seed in range(14)], rows)


def recovered(**columns):
    own = {"variant": "pooled", "fits": "all", "variable": ["mu", "rho"], "seeds": [40, 0], "coordinates": 1}
    known = {"bias": [0.1, np.nan], "coverage_95": [0.95, np.nan], "verdict": ["pass", np.nan], "note": np.nan}
    return pd.DataFrame(own | known | columns)


def test_answers_on_recovery():
    assert ">yes</span>" in page([a_fit()], recovery=recovered())
    assert "no counterpart of the truth on the scale of x: rho<" in page([a_fit()], recovery=recovered())
    wrong = page([a_fit()], recovery=recovered(verdict=["fail", np.nan], note=["coverage <80 %; low", np.nan]))
    assert ">no</span>" in wrong
    assert "mu: coverage &lt;80 %; low" in wrong
    few = page([a_fit()], recovery=recovered(verdict=[np.nan, np.nan], note=["one seed", np.nan]))
    assert ">cannot tell</span>" in few
    assert "several seeds are needed" in few
    assert ">no</span>" in page([a_fit("fail")], recovery=recovered())


def calibrated(verdict, p=0.4, **columns):
    own = {"study": "given", "variant": "pooled", "fits": "all", "variable": "beta", "n": 90, "failed": 1, "failed_share": 1 / 91}
    return pd.DataFrame([own | {"mean_rank": 0.5, "p_value": p, "p_holm": p, "verdict": verdict, "n_needed": 6} | columns])


def test_answers_on_calibration():
    assert ">yes</span>" in page([a_fit()], calibration=calibrated("pass"))
    assert "1 of 91 fits failed or stopped (1.1%)" in page([a_fit()], calibration=calibrated("pass"))
    assert ">no</span>" in page([a_fit()], calibration=calibrated("fail", 1e-4))
    assert "the answer yes allows at most 5%" in page([a_fit()], calibration=calibrated("pass", failed=9, failed_share=0.1))
    few = page([a_fit()], calibration=calibrated(np.nan, n=4))
    assert ">cannot tell</span>" in few
    assert "4 seeds are too few for this test: at least 6 are needed" in few


def test_the_page_of_a_screen_says_whether_its_layout_is_calibrated_or_how_to_find_out():
    title = "Is it calibrated on the layout of this screen?"
    several = [calibrated("pass"), calibrated("fail", 1e-4, study="before")]
    text = page([a_fit()], on_layout=several)
    assert title in text
    assert text.index("<td>given</td><td>pooled</td>") < text.index(">yes<") < text.index("<td>before</td>") < text.index(">no<")
    assert "Not known" not in text
    assert "simulate: {layout: s, truth: posterior}" in page([a_fit()], on_layout=[])
    assert title not in page([a_fit()])


def compared(**columns):
    table = pd.DataFrame({"seed": 1, "variant": ["a", "b"], "rank": [1, 2], "elpd": [-5.0, -9.0]} | columns)
    return table.reindex(columns=["seed", "log_evidence", *summary.COMPARISON])


def test_answers_on_evidence():
    row = {"quantity": "mean posterior probability", "variant": "pooled", "seeds": 40, "without_evidence": 2}
    row |= {"observed": 0.7, "expected": 0.5, "mcse": 0.05, "p_holm": 0.001, "verdict": "fail"}
    calibrated = pd.DataFrame(columns=["variant", "fits"])
    (found,) = [page([a_fit()], calibration=calibrated, evidence=pd.DataFrame([row]))]
    assert "40 seeds, and 2 in which a fit has no evidence" in found
    assert "mean posterior probability of pooled: 0.700, expected 0.500 ± 0.05 (corrected p 0.001)" in found
    assert "too few seeds" in page([a_fit()], calibration=calibrated, evidence=pd.DataFrame([row | {"verdict": np.nan}]))


def test_answers_on_the_comparison():
    assert "a predicts best of the 2 variants that can be ranked." in page([a_fit()], comparison=compared())
    assert "a and b predict best and cannot be distinguished." in page([a_fit()], comparison=compared(rank=[1, 1]))
    assert "Only a can be ranked." in page([a_fit()], comparison=compared(rank=[1, np.nan]))
    evidence = page([a_fit()], comparison=compared(rank=np.nan, elpd=np.nan, log_bayes_factor=[-3.0, 0.0]))
    assert "b has the highest evidence." in evidence
    assert "log Bayes factor" in evidence
    assert "log Bayes factor" not in page([a_fit()], comparison=compared())


def test_of_a_variable_by_gene_some_rows_are_shown():
    genes = [f"g{i}" for i in range(20)]
    estimates = pd.DataFrame({"variant": "pooled", "seed": 1, "variable": "gamma_g", "gene": genes, "mean": 0.5, "truth": np.nan})
    text = page([a_fit()], estimates=estimates.reindex(columns=list(ESTIMATE_COLUMNS)))
    assert text.count("<td>gamma_g</td>") == summary.MAX_COORDINATES
    assert "8 more rows of this kind" in text


def test_rows_that_were_dropped_are_listed():
    table = pd.DataFrame({"action": ["dropped"], "reason": [NASTY], "rows": [1234], "examples": ["a; b"]})
    joins = pd.DataFrame([("guide map", NASTY, 2000, 1500, 500, 0.25, "a")], columns=JOINS)
    text = page([a_fit()], dropped=table, joins=joins)
    assert '<td class="number">1,500 of 2,000</td>' in text
    assert '<td class="number">25.0%</td>' in text
    assert '<td class="number">1,234</td>' in text
    assert "<script>alert" not in text
