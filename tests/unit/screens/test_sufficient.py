"""Sums per sgRNA against the rows, however the rows come."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from guidefit.base.errors import UserError
from guidefit.screens import arrays, screen_file, sufficient
from guidefit.simulation.truth import truth_table
from helpers.screens import unbalanced, write


def test_least_squares_of_each_sgrna():
    table = unbalanced()
    data = arrays.model_data(table)
    s = sufficient.from_arrays(data)
    for i, name in enumerate(s.sgrnas):
        rows = table[table["sgrna"] == name]
        x, y = rows["x"].to_numpy(), rows["logfc"].to_numpy()
        design = np.stack([np.ones_like(x), x], axis=1)
        np.testing.assert_allclose(s.information[:, i], [len(x), x.sum(), (x**2).sum()], rtol=1e-12, atol=1e-12)
        if np.ptp(x) == 0:
            assert not s.varies[i]
            assert s.determinant[i] == 0
            np.testing.assert_allclose(s.ols[:, i], [y.mean(), 0])
            expected = ((y - y.mean()) ** 2).sum()
        else:
            best, *_ = np.linalg.lstsq(design, y)
            np.testing.assert_allclose(s.ols[:, i], best, rtol=1e-9)
            expected = ((y - design @ best) ** 2).sum()
        np.testing.assert_allclose(s.rss[i], expected, rtol=1e-9, atol=1e-12)


def test_the_likelihood_of_the_sums_is_that_of_the_rows():
    data = arrays.model_data(unbalanced())
    s = sufficient.from_arrays(data)
    rng = np.random.default_rng(5)
    for sigma in (0.05, 1.0, 30.0):
        alpha, beta = rng.normal(size=(2, len(s.n)))
        by_row = stats.norm(alpha[data.sgrna_of_row] + beta[data.sgrna_of_row] * data.x, sigma).logpdf(data.logfc).sum()
        one, two = s.ols - [alpha, beta]
        a, b, c = s.information
        by_sums = -s.rows * (np.log(sigma) + 0.5 * np.log(2 * np.pi)) - (
            s.rss + a * one**2 + 2 * b * one * two + c * two**2
        ).sum() / (2 * sigma**2)
        assert by_sums == pytest.approx(by_row, rel=1e-10)


@settings(max_examples=15, deadline=None)
@given(batch=st.integers(1, 200), group=st.integers(5, 300), seed=st.integers(0, 50))
def test_a_stream_of_any_chunks_gives_the_same_sums(tmp_path_factory, batch, group, seed):
    table = unbalanced(seed)
    path = tmp_path_factory.mktemp("stream") / "screen.parquet"
    write(table, path, group)
    whole, stream = sufficient.from_arrays(arrays.model_data(table)), sufficient.from_parquet(path, 3, batch)
    assert stream.sizes == whole.sizes
    assert (stream.genes, stream.sgrnas) == (whole.genes, whole.sgrnas)
    np.testing.assert_array_equal(stream.gene_of_sgrna, whole.gene_of_sgrna)
    for name in ("n", "x_mean", "y_mean", "sxx", "sxy", "syy"):
        np.testing.assert_allclose(getattr(stream, name), getattr(whole, name), rtol=1e-10, atol=1e-11, err_msg=name)


def test_a_stream_reads_one_seed_of_a_file(tmp_path):
    tables = {seed: unbalanced(seed) for seed in (7, 8)}
    with screen_file.ScreenWriter(tmp_path / "s.parquet", tmp_path / "t.parquet", "study") as writer:
        for seed, table in tables.items():
            truth = truth_table({"sigma": 0.3}, screen_file.coords(table))
            writer.write(seed, table, truth)
    for seed, table in tables.items():
        found = sufficient.from_parquet(tmp_path / "s.parquet", seed)
        assert found.digest() == sufficient.from_parquet(tmp_path / "s.parquet", seed).digest()
        np.testing.assert_allclose(found.y_mean, sufficient.from_arrays(arrays.model_data(table)).y_mean, rtol=1e-12)
        assert screen_file.count_rows(tmp_path / "s.parquet", seed) == len(table)
    with pytest.raises(ValueError, match="no rows of seed 9"):
        sufficient.from_parquet(tmp_path / "s.parquet", 9)


def test_centred_sums_keep_their_digits_far_from_zero():
    table = unbalanced()
    far = table.assign(logfc=table["logfc"] + 1e8, x=table["x"] + 1e4)
    near, moved = (sufficient.from_arrays(arrays.model_data(t)) for t in (table, far))
    np.testing.assert_allclose(moved.rss, near.rss, rtol=1e-5, atol=1e-9)
    np.testing.assert_array_equal(moved.varies, near.varies)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e200])
def test_what_is_no_number_is_refused_with_its_sgrna(value):
    table = unbalanced()
    row = table.index[table["sgrna"] == "sgRNA_7"][0]
    table.loc[row, "logfc"] = value
    with (
        np.errstate(all="ignore"),
        pytest.raises(UserError, match=r"columns x, logfc: missing or infinite.* in 1 sgRNA\(s\) \(sgRNA_7\)"),
    ):
        sufficient.from_arrays(arrays.model_data(table))
