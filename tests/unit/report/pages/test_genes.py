"""The page on genes."""

import json
import re

import numpy as np
import pandas as pd

from guidefit.assess import checks
from guidefit.effects import correction, judged_rows
from guidefit.effects.amplified import AMPLIFIED_COLUMNS
from guidefit.effects.gene_table import GENE_COLUMNS
from guidefit.report.pages import genes as gene_page
from guidefit.screens import arrays, sufficient
from helpers.effects import THRESHOLDS, control_rows


def page(genes, sgrnas, fits, comparison=None, correction=None, arms=None, amplified=None):
    found = gene_page.Tables(genes.assign(seed=1), sgrnas, fits, comparison, correction, amplified)
    return gene_page.fill(found, "study", THRESHOLDS, arms or {})


def test_hostile_names_in_the_page(answers):
    genes, sgrnas, _ = answers
    genes = genes.assign(verdict="depleted")
    fits = pd.DataFrame({"variant": ["v"], "seed": [1], "verdict": ["pass"]})
    text = page(genes, sgrnas.assign(departure_q025=1.0), fits)
    assert "<script>alert" not in text
    assert text.count("<script") == 2  # its own
    assert "&lt;script&gt;alert(1)" in text
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, flags=re.DOTALL)[1])
    assert sorted(row[0] for row in data) == sorted(genes["gene"])


def test_a_study_without_genes_has_a_page(answers):
    genes, sgrnas, _ = answers
    fits = pd.DataFrame({"variant": ["v"], "seed": [1], "verdict": ["error"], "reasons": "error: no <luck>"})
    text = page(genes.head(0), sgrnas.head(0), fits)
    assert "No fit gives effects" in text
    assert "<b>v</b>: its fit stopped (error: no &lt;luck&gt;)." in text


def test_variants_without_effects_are_named_with_the_reason(answers):
    genes, sgrnas, _ = answers
    fits = pd.DataFrame({"variant": ["v", "bad", "pooled"], "seed": 1, "verdict": ["pass", "error", "warn"]})
    fits["reasons"] = ["all checks passed", "error: the sampler stopped: no luck", "warn: R-hat"]
    table = correction.list_stopped(
        corrected(), checks.make_table([{"variant": "bad", "seed": 1, "check": checks.STOPPED, "where": "no luck"}]), 1
    )
    text = page(genes, sgrnas, fits, correction=table)
    assert "<b>bad</b>: its fit stopped (error: the sampler stopped: no luck)." in text
    assert "<b>pooled</b>: it has no parameters of genes or sgRNAs" in text
    assert "<li><b>v</b>" not in text
    assert "<li>bad: its fit stopped: no luck</li>" in text
    assert (
        "Yes: v, judged on cell lines and genes that it was not fitted to" in text
    )  # a row without figures does not hide the answer on another variant
    assert "Variants without effects" not in page(genes, sgrnas, fits.head(1))


def test_a_study_whose_variants_have_no_genes_has_a_page(answers):
    _, sgrnas, _ = answers
    none = pd.DataFrame(columns=list(GENE_COLUMNS))  # without rows, columns have no type
    fits = pd.DataFrame({"variant": ["pooled"], "seed": [1], "verdict": ["pass"]})
    text = page(none, sgrnas.head(0), fits)
    assert "No fit gives effects" in text


def test_nothing_is_judged_without_essential_genes(answers):
    genes, sgrnas, _ = answers
    rows = control_rows(slope=-0.3, genes=4)
    rows = rows[rows["control"] == "nonessential"]
    statistics = sufficient.from_arrays(arrays.model_data(rows))
    table = correction.compare(rows, statistics, {"v": rows["logfc"] + 0.3 * rows["x"]}, 1.0)
    fits = pd.DataFrame({"variant": ["v"], "seed": [1], "verdict": ["pass"]})
    assert "This cannot be judged" in page(genes, sgrnas, fits, correction=table)


def test_the_page_shows_the_variant_that_predicts_best(answers):
    genes, sgrnas, _ = answers
    two = pd.concat([genes.assign(variant="bad"), genes])
    fits = pd.DataFrame({"variant": ["bad", "v"], "seed": [1, 1], "verdict": ["fail", "warn"]})
    ranks = pd.DataFrame({"variant": ["v", "bad"], "seed": 1, "rank": [1.0, np.nan], "elpd": [1.0, 2.0], "log_evidence": np.nan})
    evidence = pd.DataFrame(
        {"variant": ["w", "v", "bad"], "seed": 1, "rank": np.nan, "elpd": np.nan, "log_evidence": [-9.0, -4.0, -3.0]}
    )
    two = pd.concat([two, genes.assign(variant="w")])
    fits.loc[2] = ["w", 1, "pass"]
    for comparison in (ranks, evidence):
        assert "<b>v</b>" in page(two, sgrnas, fits, comparison, None)


def test_the_page_shows_an_unchecked_fit_before_one_that_failed(answers):
    genes, sgrnas, _ = answers
    two = pd.concat([genes.assign(variant="bad"), genes])
    fits = pd.DataFrame({"variant": ["bad", "v"], "seed": [1, 1], "verdict": ["fail", "unchecked"]})
    text = page(two, sgrnas, fits)
    assert "<b>v</b> (the first variant whose fit did not fail" in text
    assert '<span class="light unchecked">unchecked</span>' in text
    fits["verdict"] = "fail"
    assert "<b>bad</b> (no fit passed its checks: do not use these numbers" in page(two, sgrnas, fits)


def corrected(**of_variant):
    """correction.csv of a variant that is judged on fitted and on unseen rows."""
    none = {"method": "none", "slope": -0.2, "slope_se": 0.02, "nnmd": -4.0, "nnmd_se": 0.1, "note": "no correction"}
    own = none | {"method": "v", "slope": -0.01, "variance_explained": 0.02, "variance_explained_se": 0.005, "note": np.nan}
    sets = [judged_rows.FITTED, judged_rows.UNSEEN_LINES, judged_rows.UNSEEN_GENES]
    table = pd.DataFrame([row | {"rows": which} for which in sets for row in (none, own | of_variant)])
    return table.reindex(columns=[*table.columns, *(name for name in correction.COLUMNS if name not in table)])


def test_a_figure_without_standard_error_is_shown_alone(answers):
    genes, sgrnas, _ = answers
    fits = pd.DataFrame({"variant": ["v"], "seed": [1], "verdict": ["pass"]})
    text = page(genes, sgrnas, fits, correction=corrected(slope_se=np.nan))
    assert '<td class="number">-0.010</td>' in text
    assert '<td class="number">-0.200 ± 0.020</td>' in text
    assert "nan" not in text
    assert "This cannot be judged" in text


def test_classes_and_amplified_genes_are_shown_where_there_are_any(answers):
    genes, sgrnas, _ = answers
    fits = pd.DataFrame({"variant": ["v"], "seed": [1], "verdict": ["pass"]})
    text = page(genes, sgrnas, fits)
    assert "P(common)" not in text
    assert "Amplified genes" not in text
    called = genes.assign(p_common=[0.99, 0.1, 0.9, 0.0, 0.2], class_call=["common", "", "common", "", ""])
    called["control"] = ["essential", "essential", "nonessential", "", ""]
    row = dict.fromkeys(AMPLIFIED_COLUMNS, np.nan) | {
        "variant": "v",
        "gene": "<b>MYCN",
        "cell_line": "7",
        "control": "",
        "flags": "",
    }
    row |= {"flags": "", "raw": -2.5, "artefact": -0.75, "corrected": -1.75, "cna": 50.0}
    amplified = pd.DataFrame([row, row | {"gene": "ESS", "control": "essential"}, row | {"gene": "OTHER", "variant": "w"}])
    text = page(called, sgrnas, fits, amplified=amplified)
    assert "2 genes are called <b>common</b>" in text
    assert "1 of 2 essential" in text
    assert "1 of 1 nonessential" in text
    assert "&lt;b&gt;MYCN" in text
    assert '<td class="number">-0.75</td><td class="number">-1.75</td>' in text
    assert "ESS" not in text
    assert "OTHER" not in text
    assert "nan" not in text
