"""The default study, end to end: the notebook's experiment."""

import ast

import arviz as az
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pandas as pd
import plotnine as p9
import pytest

from guidefit.assess import estimates
from helpers import ROOT

pytestmark = pytest.mark.slow
VARIANTS = ["varying_effects", "global_intercept", "correlated_effects"]
IDS = {"gene": str, "sgrna": str}


def test_verdicts(notebook):
    table = notebook.table("notebook/diagnostics.csv").set_index("variant")
    assert table.index.tolist() == VARIANTS
    assert table["verdict"].tolist() == ["pass", "fail", "pass"], table["reasons"].tolist()
    assert "not identified: the data carry no information about alpha - mu_gamma" in table.loc["global_intercept", "reasons"]
    assert (table.loc[["varying_effects", "correlated_effects"], "divergences"] == 0).all()
    assert table["rows"].tolist() == [300] * 3
    assert (table[["seconds_compile", "seconds_sampling"]] > 0).all(axis=None)
    assert table["versions"].str.contains("pymc 6").all()


def test_estimates_hold_every_variable_with_its_truth_on_the_fitted_scale(notebook):
    table = notebook.table("notebook/estimates.csv", dtype=IDS)
    assert list(table.columns) == list(estimates.COLUMNS)
    counts = table.groupby(["variant", "variable"]).size()
    expected = {"gamma_g": 5, "delta_g": 5, "alpha_s": 15, "beta_s": 15, "sigma": 1, "mu_gamma": 1, "sigma_beta": 1}
    for variant in VARIANTS:
        assert {name: counts[variant, name] for name in expected} == expected
    assert counts["correlated_effects", "rho"] == 1
    assert counts["global_intercept", "alpha"] == 1
    # the design's truths, carried from the copy number to its z-score within the gene
    screen = pd.read_parquet(notebook / "results/notebook/data/design/seeds_103/screen.parquet")
    cna = screen.groupby("gene", observed=True)["cna"]
    gamma_g = np.array([-1.124639, -0.630166, -0.308103, -0.692731, -1.042568])
    delta_g = np.array([1.327219, -0.569207, -0.567684, -1.980011, -1.631965])
    mine = table[table["variant"] == "varying_effects"].set_index("variable")
    np.testing.assert_allclose(mine.loc["gamma_g", "truth"], gamma_g + delta_g * cna.mean(), atol=2e-6)
    np.testing.assert_allclose(mine.loc["delta_g", "truth"], delta_g * cna.std(ddof=0), atol=2e-6)
    assert np.isnan(mine.loc["mu_gamma", "truth"])  # it has no counterpart
    assert mine.loc["sigma", "truth"] == 0.3
    inside = (mine["q025"] < mine["truth"]) & (mine["truth"] < mine["q975"])
    assert inside[mine["truth"].notna()].mean() > 0.8


def test_the_first_rows_are_the_notebooks(notebook):
    screen = pd.read_parquet(notebook / "results/notebook/data/design/seeds_103/screen.parquet")
    assert list(screen.columns) == ["study", "seed", "gene", "sgrna", "cell_line", "cna", "x", "logfc"]
    np.testing.assert_allclose(screen["logfc"].head(), [1.556512, -0.484596, 1.482701, -1.162076, 0.441627], atol=5e-7)


def test_posterior_opens_in_arviz(notebook):
    fit = az.from_netcdf(notebook / "results/notebook/fits/varying_effects/seeds_103/posterior.nc")
    assert {"posterior", "sample_stats", "observed_data", "constant_data", "prior"} <= set(fit.children)
    assert dict(fit["posterior"].sizes) == {"chain": 4, "draw": 2000, "gene": 5, "sgrna": 15}
    assert "row" not in fit["posterior"].dims
    assert float(az.ess(fit["posterior"].to_dataset())["sigma"]) > 1000


def test_what_cannot_be_ranked_is_not(notebook):
    table = notebook.table("notebook/comparison.csv").set_index("variant")
    assert pd.isna(table.loc["global_intercept", "rank"])
    assert "not ranked: the fit's verdict is fail" in table.loc["global_intercept", "note"]
    assert (table.loc[["varying_effects", "correlated_effects"], "rank"] == 1).all()  # they cannot be distinguished


def test_only_the_negative_control_has_an_unlearnt_direction(notebook):
    table = notebook.table("notebook/identifiability.csv")
    assert set(table["variant"]) == {"global_intercept"}
    # the ridge's sd in closed form is 2.57; a sampler that hardly moves along it measures it badly
    assert table["sd"].iloc[0] == pytest.approx(np.sqrt(1 / (1 / 9 + 1 / 25)), rel=0.5)


def test_figures_and_report(notebook):
    figures = {path.name for path in (notebook / "results/notebook/figures").iterdir()}
    for variant in VARIANTS:
        kinds = {name.removeprefix(f"{variant}-").split("-")[0].split(".")[0] for name in figures if name.startswith(f"{variant}-")}
        assert kinds == {
            *("trace", "rank", "forest_intercept", "forest_slope", "truth", "pair", "model"),
            *(
                "prior_predictive",
                "posterior_predictive",
                "posterior_predictive_by_gene",
                "posterior_predictive_by_line",
                "loo_pit",
            ),
        }
    assert {"diagnostics.svg", "comparison.svg"} <= figures
    report = (notebook / "results/report.html").read_text()
    captions = (
        "The question of the study, its answer",
        "Data sets that are simulated from the priors",
        "Diamonds mark the truth",
    )
    for caption in captions:
        assert caption in report


def test_a_second_run_does_nothing(notebook):
    run = notebook.run(config=notebook.default)
    assert "Nothing to be done" in run.output
    assert run.jobs == []


def test_the_notebook_of_the_documentation_opens_the_results(notebook, monkeypatch):
    """Each cell is executed, and the value of its last line is shown as a notebook shows it."""
    (notebook / "docs").mkdir()
    monkeypatch.chdir(notebook / "docs")
    document = nbformat.read(ROOT / "docs/explore.ipynb", as_version=4)
    nbformat.validate(document)
    names, shown = {}, []
    for cell in (cell for cell in document.cells if cell.cell_type == "code"):
        assert not cell.outputs
        *statements, last = ast.parse(cell.source).body
        exec(compile(ast.Module(statements, []), "cell", "exec"), names)
        shown.append(eval(compile(ast.Expression(last.value), "cell", "eval"), names))
    assert shown[0]["verdict"].tolist() == ["pass", "fail", "pass"]
    assert shown[1].index.tolist() == names["scalars"]
    assert len(plt.gcf().axes) >= len(names["scalars"])
    for plot, folder in zip(shown[3:], ("truth", "elpd"), strict=True):
        assert isinstance(plot, p9.ggplot)
        plot.save(notebook / f"{folder}.png", verbose=False)
        assert (notebook / f"{folder}.png").stat().st_size > 10_000
    plt.close("all")
