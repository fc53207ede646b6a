"""PSIS-LOO from densities given draws, against a model whose answer is known and against ArviZ."""

import arviz_stats as azs
import numpy as np
import pytest
import xarray as xr
from scipy import stats

from guidefit.assess import leave_one_out
from guidefit.assess.leave_one_out import RowDensities
from helpers.line_screens import layout


def of_a_normal_mean(draws=4000, rows=30):
    """Rows N(mu, 1) with a flat prior of mu: the rows, and their densities given draws of mu."""
    rng = np.random.default_rng(2)
    y = rng.normal(size=rows)
    mu = y.mean() + rng.standard_normal(draws) / np.sqrt(rows)
    density = stats.norm.logpdf(y[:, None], mu)
    return y, RowDensities(density, stats.norm.cdf(y[:, None], mu), density)


def test_rows_are_left_out_of_the_posterior():
    y, rows = of_a_normal_mean()
    found = leave_one_out.weigh(rows)
    n = len(y)
    others, sd = (y.sum() - y) / (n - 1), np.sqrt(1 + 1 / (n - 1))
    assert (abs(found.elpd_i - stats.norm.logpdf(y, others, sd)) < 5 * found.mcse + 1e-4).all()
    np.testing.assert_allclose(found.pit, stats.norm.cdf(y, others, sd), atol=0.01)
    assert (found.pareto_k < 0.7).all()


def test_the_whole_is_that_of_arviz_in_the_order_of_the_screen():
    _, rows = of_a_normal_mean(draws=500)
    order = np.random.default_rng(1).permutation(30)
    parts = [
        leave_one_out.weigh(RowDensities(*(each[places] for each in (rows.log_density, rows.lower, rows.log_own))))
        for places in (order[:11], order[11:])
    ]
    found = leave_one_out.join(parts, order, 500)
    tree = xr.DataTree.from_dict(
        {
            "log_likelihood": xr.Dataset({"y": (("chain", "draw", "row"), rows.log_density.T.reshape(2, 250, 30))}),
            "posterior": xr.Dataset({"mu": (("chain", "draw"), np.zeros((2, 250)))}),
        }
    )
    theirs = azs.loo(tree, pointwise=True, reff=1.0)
    np.testing.assert_allclose(found["elpd_i"], theirs.elpd_i, atol=1e-6)
    np.testing.assert_allclose(found["pareto_k"], theirs.pareto_k, atol=1e-6)
    for name in ("elpd", "se", "p", "good_k"):
        assert found.attrs[name] == pytest.approx(float(getattr(theirs, name)), abs=1e-5), name
    data = layout(np.random.default_rng(1), genes=5, lines=6, most_guides=1, keep=1.0)
    table = leave_one_out.loo_table(found, data, seed=1, variant="v")
    assert table["row"].tolist() == list(range(30))
    assert table["gene"].tolist() == [data.genes[g] for g in data.gene_of_row]
    assert table["cell_line"].tolist() == [data.cell_lines[line] for line in data.cell_line_of_row]
    assert {name: str(kind) for name, kind in table.dtypes.items()} == leave_one_out.LOO_TYPES


def test_no_fits_give_a_table_with_types():
    table = leave_one_out.loo_table(None)
    assert table.empty
    assert {name: str(kind) for name, kind in table.dtypes.items()} == leave_one_out.LOO_TYPES
