"""Calibration on a real screen's layout, and variants for real screens, through the real Snakefile."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

pytestmark = pytest.mark.slow

COLUMNS = {"sgrna": "guide", "gene": "symbol", "cell_line": "line", "cna": "copies", "logfc": "lfc"}


def write_screen(path):
    """A made-up screen in which one guide was not measured in one line."""
    rng = np.random.default_rng(5)
    rows = []
    for g, (intercept, slope) in enumerate(rng.normal([-0.5, -0.4], [0.5, 0.2], (5, 2))):
        copies = rng.gamma(8, 0.25, 8)
        for s in range(3):
            own = intercept + rng.normal(0, 0.2)
            rows += [(f"g{g}_{s}", f"G{g}", f"L{c}", copies[c], own + slope * copies[c] + rng.normal(0, 0.3)) for c in range(8)]
    table = pd.DataFrame(rows[:-1], columns=["guide", "symbol", "line", "copies", "lfc"]).assign(batch="one")
    table.to_csv(path, index=False)
    return table


def test_calibration_on_the_layout_of_a_screen(workflow):
    table = write_screen(workflow / "screen.csv")
    screen = {"path": "screen.csv", "columns": COLUMNS}
    few = {"covariate": "log2", "variants": ["correlated_genes"], "checks": False, "figure_seeds": 0}
    many = few | {"sampling": {"engine": "collapsed", "draws": 25}, "seeds": "0-19", "batch_size": 20, "keep_draws": False}
    wide = many["sampling"] | {"importance_draws": 20_000}  # with fewer, one of these posteriors needs NUTS
    real = few | {"screen": screen, "sampling": {"engine": "collapsed"}, "seeds": [4, 9], "batch_size": 5}
    studies = {
        "real": real,
        "given": many | {"simulate": {"layout": "real", "truth": "posterior"}},
        "before": many | {"simulate": {"layout": "real", "truth": "prior"}, "sampling": wide},
    }
    workflow.configure(real=real)
    workflow.run()
    page = (workflow / "results/real/index.html").read_text()
    assert "Is it calibrated on the layout of this screen?" in page
    assert "simulate: {layout: real, truth: posterior}" in page

    workflow.configure(**studies)
    run = workflow.run()
    assert run.jobs.count("simulate_posterior") == run.jobs.count("simulate_prior") == 1
    assert run.jobs.count("fit") == 0  # that of the screen stays as it is
    assert run.jobs.count("fit_temporary") == 2
    page = (workflow / "results/real/index.html").read_text()
    assert "<td>given</td><td>correlated_genes</td>" in page
    assert "<td>before</td><td>correlated_genes</td>" in page
    assert "Not known" not in page

    for name in ("given", "before"):
        calibration = workflow.table(f"{name}/calibration.csv").query("fits == 'all'")
        assert (calibration["n"] == 20).all()
        assert {"rho_gene", "log_likelihood", "alpha_s"} <= set(calibration["variable"])
        assert (calibration["verdict"] == "pass").all()
        assert not (workflow / f"results/{name}/comparison.csv").exists()

    data = pd.read_parquet(workflow / "results/given/data/correlated_genes/seeds_0-19/screen.parquet")
    rows = data[data["seed"] == 3]
    one, two = (rows[rows["replicated"] == which] for which in (False, True))
    np.testing.assert_allclose(one["logfc"], table["lfc"])
    np.testing.assert_allclose(two["x"], np.log2(table["copies"] + 1))
    assert np.corrcoef(two["logfc"], one["logfc"])[0, 1] > 0.5
    assert two["sgrna"].tolist() == table["guide"].tolist()

    # the truth of each seed is one draw of the first seed's posterior
    truth = pd.read_parquet(workflow / "results/given/data/correlated_genes/seeds_0-19/truth.parquet")
    with xr.open_datatree(workflow / "results/real/fits/correlated_genes/seeds_0-4/posterior.nc") as fit:
        draws = fit["posterior"].to_dataset().load()
        draws = draws.sel(seed=4) if "seed" in draws.dims else draws
    for _, mine in truth.groupby("seed"):
        by_name = mine.set_index(["variable", "gene"])["truth"]
        chain, draw = (int(at[0]) for at in np.nonzero(draws["mu_gamma"].values == by_name["mu_gamma"].iloc[0]))
        for gene in ("G0", "G4"):
            assert by_name["delta_g", gene] == float(draws["delta_g"].sel(gene=gene)[chain, draw])


@pytest.mark.long
def test_cell_lines_go_by_name_through_tables_and_pictures(workflow):
    sampling = {"draws": 300, "tune": 400, "chains": 2, "adaptation": "low_rank"}
    workflow.configure(
        lines={
            "simulate": {"genes": 4, "cell_lines": 12, "sigma_line": 0.6},
            "covariate": "centred",
            "sampling": sampling,
            "variants": ["cell_line_intercepts"],
            "seeds": [1, 2],
            "batch_size": 2,
        }
    )
    workflow.run()
    estimates = workflow.table("lines/estimates.csv")
    lines = estimates[estimates["variable"] == "tau_c"]
    assert lines["cell_line"].tolist() == [f"cell_{i}" for i in range(12)] * 2
    assert lines["gene"].isna().all()
    assert np.corrcoef(lines["mean"], lines["truth"])[0, 1] > 0.9
    assert set(workflow.table("lines/diagnostics.csv")["verdict"]) <= {"pass", "warn"}
    recovery = workflow.table("lines/recovery.csv").set_index("variable")
    assert recovery.loc["tau_c", "coordinates"] == 12
    assert recovery.loc["sigma_line", "seeds"] == 2
    page = (workflow / "results/lines/index.html").read_text()
    assert "tau_c[cell_11]" in page
    forest = (workflow / "results/lines/figures/cell_line_intercepts-forest_intercept-seed_1.svg").read_text()
    assert "tau_c[cell_7]" in forest
    for name in ("trace-seed_1.png", "truth-seed_1.svg", "pair-seed_1.png", "posterior_predictive-seed_1.svg", "model.svg"):
        assert (workflow / f"results/lines/figures/cell_line_intercepts-{name}").stat().st_size > 5_000
