"""Figures of one fit: its parameters, its predictive checks, its graph; and of the screen."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from guidefit.assess.draws import of_dataset
from guidefit.assess.identifiability import Direction
from guidefit.engines import posterior_file
from guidefit.report.figures import chains, data, graph, parameters, predictive
from guidefit.screens import covariates

PARAMETERS = ("trace", "rank_plot", "forest_intercept", "forest_slope", "truth", "pair")
GENES = [f"g{i}" for i in range(100)]


def draws(seed=0, **scale):
    rng, dims = np.random.default_rng(seed), ("chain", "draw")
    values = {name: (dims, rng.normal(scale=scale.get(name, 1.0), size=(2, 60))) for name in ("mu_gamma", "mu_delta")}
    values["gamma_g"] = ((*dims, "gene"), rng.normal(size=(2, 60, 100)))
    return xr.Dataset(values, coords={"chain": [0, 1], "draw": np.arange(60), "gene": GENES})


def a_fit():
    stats = xr.Dataset({"diverging": (("chain", "draw"), np.zeros((2, 60), bool))}, coords={"chain": [0, 1], "draw": np.arange(60)})
    return xr.DataTree.from_dict({"posterior": draws(), "prior": draws(1, mu_gamma=5), "sample_stats": stats})


def estimates():
    mean = np.linspace(-1, 1, 100)
    genes = pd.DataFrame({"variable": "gamma_g", "gene": GENES, "mean": mean, "truth": mean})
    table = pd.concat([pd.DataFrame({"variable": ["mu_gamma", "mu_delta"], "mean": 0.0}), genes], ignore_index=True)
    ends = {
        name: table["mean"] + i
        for i, name in zip((-2, -1, 1, 2, -2, 2), ("q025", "q25", "q75", "q975", "hdi_lower", "hdi_upper"), strict=True)
    }
    return table.assign(seed=1, sgrna=None, cell_line=None, r_hat=1.0, ess_bulk=100.0, **ends)


@pytest.mark.slow
def test_parameters_of_a_fit_and_of_one_that_stopped(tmp_path, monkeypatch):
    outputs = {name: str(tmp_path / f"{name}.png") for name in PARAMETERS}
    estimates().to_parquet(tmp_path / "estimates.parquet")
    settings = {"variant": "v", "seed": "1", "contraction_pass": 0.3}
    sizes = []
    for fit in (None, a_fit()):
        monkeypatch.setattr(posterior_file, "read_fit", lambda path, seed, fit=fit: fit)
        parameters.draw({"posterior": "p.nc", "estimates": tmp_path / "estimates.parquet"}, outputs, settings)
        sizes.append([(tmp_path / f"{name}.png").stat().st_size for name in PARAMETERS])
    stopped, drawn = sizes
    assert len(set(stopped)) == 1
    assert min(drawn) > stopped[0]


def test_chains_of_hyper_parameters_and_of_the_worst_others_are_drawn():
    found = estimates()
    found.loc[found["gene"] == "g7", "r_hat"] = 1.2
    found.loc[found["gene"] == "g9", "ess_bulk"] = 5.0
    names = chains.choose(of_dataset(draws()), found)
    assert names[:4] == ["mu_gamma", "mu_delta", "gamma_g[g7]", "gamma_g[g9]"]
    assert len(names) == 2 + chains.MAX_WORST
    assert chains.choose(of_dataset(draws()), found.assign(r_hat=np.nan)) == ["mu_gamma", "mu_delta"]


def test_chains_in_different_places_leave_the_band_of_ranks_and_equal_ones_do_not():
    same = np.random.default_rng(0).normal(size=(4, 1000))
    apart = same + np.array([[0], [0], [0], [1.0]])
    table = chains.rank_plot({"same": same, "apart": apart, "constant": np.ones((4, 1000))}, {"apart": 4000.0}, "t").data
    outside = ~table["difference"].between(table["lower"] - 1e-12, table["upper"] + 1e-12)
    shares = outside.groupby([table["parameter"], table["chain"]], observed=True).mean()
    assert shares["same"].max() == 0
    assert shares["apart", "3"] > 0.9
    kinds = chains.trace({"constant": np.ones((4, 10)), "same": same}, "t").data["panel"].cat.categories
    assert list(kinds) == ["constant: density", "constant: trace", "same: density", "same: trace"]


def test_a_forest_of_many_genes_has_the_lowest_and_highest():
    plot = parameters.forest(estimates(), parameters.INTERCEPT_SIDE, "logFC", "t")
    assert plot.labels.caption == "gamma_g: 8 lowest and 8 highest of 100"
    assert set(plot.data["label"]) == {"mu_gamma", *GENES[:8], *GENES[-8:]}
    nothing = parameters.forest(estimates(), ["tau_c"], "logFC", "t")
    assert nothing.data["reason"].tolist() == ["this variant has no parameters of this kind"]


def test_joint_draws_follow_an_unidentified_direction():
    direction = Direction(0.0, 0.01, 1.0, 3.0, {"mu_gamma": 1.0, "gamma_g[g3]": -1.0})
    plot = parameters.joint_draws(draws(), draws(1), [direction], "t")
    assert (plot.labels.x, plot.labels.y) == ("mu_gamma (logFC)", "gamma_g[g3] (logFC)")
    assert "carry no information about mu_gamma - gamma_g" in plot.labels.subtitle.replace("\n", " ")
    plot = parameters.joint_draws(draws(), draws(1), [], "t")
    assert {plot.labels.x, plot.labels.y} == {"mu_gamma (logFC)", "mu_delta (logFC per unit of x)"}


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "is_drawn"), [(1, True), (2, False)])
def test_predictive_checks_of_a_fit_and_of_one_that_stopped(tmp_path, hostile_table, seed, is_drawn):
    rng, rows = np.random.default_rng(1), len(hostile_table)
    group = {kind: xr.Dataset({"logfc": (("sample", "row"), rng.normal(size=(4, rows)))}) for kind in ("prior", "posterior")}
    genes = ("row", hostile_table["gene"].astype(str).to_numpy())
    observed = xr.Dataset({"logfc": ("row", hostile_table["logfc"].to_numpy())}).assign_coords(gene=genes)
    tree = xr.DataTree.from_dict(
        {f"seed_1/{kind}_predictive": each for kind, each in group.items()} | {"seed_1/observed_data": observed}
    )
    tree.to_netcdf(tmp_path / "predictive.nc", engine="netcdf4")
    pd.DataFrame({"seed": 1, "pit": rng.random(rows)}).to_parquet(tmp_path / "loo.parquet")
    line = {"cell_line": [f"line {i}" for i in range(60)], "observed": np.arange(60.0), "low": -1.0, "high": 40.0}
    parts = [pd.DataFrame({"statistic": name, "seed": 1, **line}) for name in ("mean", "sd", "median_essential")]
    pd.concat(parts).to_parquet(tmp_path / "lines.parquet")
    inputs = {name: tmp_path / f"{name}.parquet" for name in ("loo", "lines")} | {"predictive": tmp_path / "predictive.nc"}
    outputs = {name: str(tmp_path / f"{name}.svg") for name in ("prior", "posterior", "by_gene", "by_line", "loo_pit")}
    predictive.draw(inputs, outputs, {"variant": "v", "seed": str(seed), "band_prob": 0.99})
    sizes = {name: (tmp_path / f"{name}.svg").stat().st_size for name in outputs}
    assert all((size > 20_000) == is_drawn for size in sizes.values()), sizes


def test_what_is_predicted_outside_the_axis_is_reported():
    observed = np.linspace(-1, 1, 50)
    plot = predictive.posterior_check(np.vstack([np.zeros((3, 50)), np.full((1, 50), 9.0)]), observed, "t")
    assert "25.00% of their rows lie outside the axis" in plot.labels.subtitle
    assert plot.labels.subtitle.startswith("3 predicted data sets; 50 rows")


def test_a_screen_and_one_of_too_many_rows(tmp_path, hostile_path, monkeypatch):
    settings = {"study": "s", "source": "screen", "seed": "1", "covariate": "log2_diploid"}
    outputs = {name: str(tmp_path / f"{name}.png") for name in ("cna", "x", "density")}
    titles = []
    monkeypatch.setattr(data.style, "save", lambda plot, path: titles.append(plot.labels.title))
    data.draw({"screen": hostile_path}, outputs, settings)
    monkeypatch.setattr(data, "MAX_ROWS", 10)
    monkeypatch.setattr(data.style, "MAX_NAMES", 3)
    data.draw({"screen": hostile_path}, outputs, settings)
    assert titles[0] == "LogFC against copy number (s, screen, seed 1)"
    assert titles[3] == "LogFC against copy number (s, screen, seed 1; 3 of 5 genes)"


def test_every_covariate_has_a_label():
    assert set(data.COVARIATES) == set(covariates.NAMES)


def test_panels_of_genes_are_in_natural_order():
    assert sorted(["g10", "g2", "a", "TP53"], key=data._natural_order) == ["TP53", "a", "g2", "g10"]


def test_a_graph_is_drawn_from_a_file(tmp_path):
    names = {"mu": "free", "x": "data", "logfc": "observed"}
    nodes = [{"name": name, "kind": kind, "distribution": "Normal", "dims": ["5 rows"]} for name, kind in names.items()]
    model = {"nodes": nodes, "edges": [["mu", "logfc"], ["x", "logfc"]]}
    (tmp_path / "model.json").write_text(json.dumps(model))
    graph.draw({"model": tmp_path / "model.json"}, {"graph": str(tmp_path / "graph.svg")}, {"variant": "v"})
    assert (tmp_path / "graph.svg").exists()
    plot = graph.model_graph(model, "t")
    places = plot.data.set_index("name")[["x", "y"]]
    assert places.loc["mu", "y"] == places.loc["x", "y"] > places.loc["logfc", "y"]
