"""Predictive checks in closed form of whole screens."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from guidefit.assess import closed_checks, leave_one_out
from helpers.line_screens import declared, screen
from helpers.screens import write


def fit_at_the_truth(variant, seed=1, draws=60, **sizes):
    """A screen from the prior, and a fit of which every draw is the truth, with little scatter in the scales."""
    rng = np.random.default_rng(seed)
    data, values, _ = screen(variant, rng, **sizes)
    _, structure, _ = declared(variant)
    by_line = structure.gene_by_line[0]
    arrays = {}
    for name, value in values.items():
        dims = structure.dims.get(name, ())
        scatter = np.exp(0.02 * rng.standard_normal((2, draws)))[(..., *[None] * len(dims))]
        is_scale = name in {structure.noise, structure.line_noise[1]}
        arrays[name] = (
            ("chain", "draw", *dims),
            np.broadcast_to(value, (2, draws, *np.shape(value))) * (scatter if is_scale else 1),
        )
    names = {dim: data.coords[dim] for dim in ("gene", "sgrna", "cell_line")}
    return data, xr.DataTree.from_dict({"posterior": xr.Dataset(arrays, coords=names).drop_vars(by_line)})


def check(variant, data, fit, seed=5):
    found, _, _ = declared(variant)
    return closed_checks.make_checker(found, found.priors, 4000, [])(data, fit, seed)


@pytest.mark.parametrize("copies", [True, False])
@pytest.mark.parametrize("variant", ["gene_classes", "gene_by_line"])
def test_every_row_is_checked(variant, copies):
    data, fit = fit_at_the_truth(variant, copies=copies)
    found = check(variant, data, fit)
    assert np.isfinite(found.loo.to_array()).all()
    assert found.loo.attrs["n_samples"] == 120
    assert 0.2 < found.loo["pit"].mean() < 0.8
    for kind in ("prior", "posterior"):
        assert np.isfinite(found.draws[f"{kind}_predictive"]["logfc"]).all()
    predicted = found.draws["posterior_predictive"]["logfc"]
    assert np.corrcoef(predicted.mean("sample"), data.logfc)[0, 1] > 0.5


def test_draws_that_hold_more_than_is_needed_change_nothing():
    data, fit = fit_at_the_truth("gene_classes")
    whole = check("gene_classes", data, fit).loo
    posterior = fit["posterior"].to_dataset()
    sizes = posterior.sizes["chain"], posterior.sizes["draw"], len(data.genes), len(data.cell_lines)
    more = {name: (("chain", "draw", "gene", "cell_line"), np.ones(sizes)) for name in ("e_gl", "_e_gl")}
    xr.testing.assert_equal(check("gene_classes", data, xr.DataTree.from_dict({"posterior": posterior.assign(more)})).loo, whole)


def test_the_order_of_rows_and_the_size_of_parts_do_not_matter(monkeypatch):
    data, fit = fit_at_the_truth("gene_by_line")  # without classes and flags of guides nothing of the densities is drawn
    structure = declared("gene_by_line")[1]
    fit["posterior"] = fit["posterior"].to_dataset().assign(p_row=fit["posterior"][structure.departing_rows[0]] * 0)
    whole = check("gene_by_line", data, fit).loo
    mixed = np.random.default_rng(3).permutation(len(data.x))
    rows = {name: getattr(data, name)[mixed] for name in ("sgrna_of_row", "x", "logfc", "cell_line_of_row")}
    monkeypatch.setattr(closed_checks, "ROWS_AT_ONCE", 40)
    parts = check("gene_by_line", replace(data, **rows), fit).loo
    for name in ("elpd_i", "pit", "pareto_k"):
        np.testing.assert_allclose(parts[name], whole[name][mixed], rtol=1e-6, atol=1e-9)


def test_predicted_values_of_large_screens_are_kept_for_some_genes(monkeypatch):
    monkeypatch.setattr(closed_checks, "ROWS_KEPT", 100)
    data, fit = fit_at_the_truth("gene_classes")
    found = check("gene_classes", data, fit).draws
    kept = found["posterior_predictive"]["row"].to_numpy()
    assert 0 < len(kept) < len(data.x)
    assert set(np.flatnonzero(np.isin(data.gene_of_row, data.gene_of_row[kept]))) == set(kept)
    assert found["prior_predictive"]["logfc"].shape == (200, len(kept))
    np.testing.assert_array_equal(found["observed_data"]["logfc"], data.logfc[kept])
    assert np.corrcoef(found["posterior_predictive"]["logfc"].mean("sample"), data.logfc[kept])[0, 1] > 0.5


def test_of_a_large_screen_some_genes_are_checked(tmp_path, monkeypatch):
    data, fit = fit_at_the_truth("gene_by_line")
    names = {"gene": np.array(data.genes)[data.gene_of_row], "sgrna": np.array(data.sgrnas)[data.sgrna_of_row]}
    table = pd.DataFrame(names | {"cell_line": np.array(data.cell_lines)[data.cell_line_of_row], "x": data.x, "logfc": data.logfc})
    write(table.sample(frac=1, random_state=1).astype(dict.fromkeys(names, "category")), tmp_path / "screen.parquet", 50)
    assert len(closed_checks.read_screen(tmp_path / "screen.parquet", 3).x) == len(data.x)
    monkeypatch.setattr(closed_checks, "MOST_ROWS", 150)
    some = closed_checks.read_screen(tmp_path / "screen.parquet", 3)
    assert 0 < len(some.x) < 250
    assert set(some.genes) < set(data.genes)
    found = check("gene_by_line", some, fit).loo
    assert found.sizes["row"] == len(some.x)
    whole = leave_one_out.loo_table(check("gene_by_line", data, fit).loo, data, seed=1, variant="v")
    part = leave_one_out.loo_table(found, some, seed=1, variant="v")
    both = part.merge(whole, on=["sgrna", "cell_line"])
    assert len(both) == len(part)
    assert np.corrcoef(both["elpd_i_x"], both["elpd_i_y"])[0, 1] > 0.99
