"""The page of genes."""

import json
import re

import numpy as np
import pandas as pd

from guidefit.effects import correction
from guidefit.effects.gene_table import GENE_COLUMNS
from guidefit.report import gene_page
from guidefit.screens import arrays, sufficient
from helpers.effects import THRESHOLDS, control_rows


def test_hostile_names_in_the_page(answers):
    genes, sgrnas, _ = answers
    genes = genes.assign(verdict="depleted")
    fits = pd.DataFrame({"variant": ["v"], "seed": [1], "verdict": ["pass"]})
    page = gene_page.page("study", genes, sgrnas.assign(departure_q025=1.0), fits, None, None, THRESHOLDS)
    assert "<script>alert" not in page
    assert page.count("<script") == 2  # its own
    assert "&lt;script&gt;alert(1)" in page
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, flags=re.DOTALL)[1])
    assert sorted(row[0] for row in data) == sorted(genes["gene"])


def test_a_study_without_genes_has_a_page_too(answers):
    genes, sgrnas, _ = answers
    fits = pd.DataFrame({"variant": ["v"], "seed": [1], "verdict": ["error"]})
    assert "No fit gives effects" in gene_page.page("study", genes.head(0), sgrnas.head(0), fits, None, None, THRESHOLDS)


def test_a_study_whose_variants_have_no_genes_has_a_page_too(answers):
    _, sgrnas, _ = answers
    none = pd.DataFrame(columns=list(GENE_COLUMNS))  # as from find_effects: without rows, columns have no type
    fits = pd.DataFrame({"variant": ["pooled"], "seed": [1], "verdict": ["pass"]})
    page = gene_page.page("study", none, sgrnas.head(0), fits, None, None, THRESHOLDS)
    assert "No fit gives effects" in page


def test_nothing_is_judged_without_essential_genes(answers):
    genes, sgrnas, _ = answers
    rows = control_rows(slope=-0.3, genes=4)
    rows = rows[rows["control"] == "nonessential"]
    statistics = sufficient.from_arrays(arrays.model_data(rows))
    table = correction.compare(rows, statistics, {"v": rows["logfc"] + 0.3 * rows["x"]}, 1.0)
    fits = pd.DataFrame({"variant": ["v"], "seed": [1], "verdict": ["pass"]})
    assert "It cannot be judged" in gene_page.page("study", genes, sgrnas, fits, None, table, THRESHOLDS)


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
        assert "<b>v</b>" in gene_page.page("study", two, sgrnas, fits, comparison, None, THRESHOLDS)
