"""Draws of effects against each variant written out by hand."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from guidefit.effects.draws import EffectDraws
from guidefit.models import declaration, responses
from guidefit.screens import arrays
from helpers.effects import draws_of

BY_LINE, CLASSES = ("gene_classes", "gene_by_line", "one_line", "one_line_contrast"), ("null", "common")


def by_hand(name, draws, data, gene=None, sgrna=None, x=0.0):
    """Draws of the expected logFC at x of a gene or an sgRNA, written out for each variant."""
    of = {k: v.stack(sample=("chain", "draw")) for k, v in draws.items()}
    f = x
    if "kappa" in draws:
        f = x if x <= 0 else x / (1 + x / of["kappa"])
    if "ratio" in draws:
        f = x if x <= 0 else x * of["ratio"]
    if sgrna is not None:
        gene = data.genes[data.gene_of_sgrna[data.sgrnas.index(sgrna)]]

    def level(of_sgrna, of_gene, of_all):
        if sgrna is not None and of_sgrna in of:
            return of[of_sgrna].sel(sgrna=sgrna)
        return of[of_gene].sel(gene=gene) if of_gene in of else of.get(of_all, 0.0)

    intercept = level("alpha_s", "gamma_g", "alpha") + (of["alpha"] if name == "global_intercept" else 0.0)
    return np.asarray(intercept + level("beta_s", "delta_g", "beta") * f)


@pytest.mark.parametrize("name", [name for name in declaration.BUILT_IN if name not in BY_LINE])
def test_every_variant_answers_as_written_out_by_hand(name, hostile_table, contents):
    data = arrays.model_data(hostile_table)
    declared, draws = draws_of(name, data)
    shuffled = draws.isel({dim: slice(None, None, -1) for dim in ("gene", "sgrna") if dim in draws.dims})
    found = EffectDraws(shuffled, declared, contents)
    assert found.has("gene") == (name != "pooled")
    x_diploid = np.full(5, 0.4)
    if name != "pooled":
        effect, slope = found.at_diploid("gene", x_diploid)
        for i, gene in enumerate(contents.genes["gene"]):
            np.testing.assert_allclose(effect[:, i], by_hand(name, draws, data, gene=gene, x=0.4))
            np.testing.assert_allclose(
                found.fitted_line(i, np.array([-1.0, 2.0]))[:, 1], by_hand(name, draws, data, gene=gene, x=2.0)
            )
        assert slope.shape == effect.shape
    # the copy-number part of rows is what the expected logFC changes by
    rows = hostile_table.iloc[[0, 40, 200, len(hostile_table) - 1]]
    sgrna = pd.Index(contents.sgrnas["sgrna"]).get_indexer(rows["sgrna"])
    lines = rows["cell_line"].astype("category").array
    part = found.copy_number_part(sgrna, lines, rows["x"].to_numpy(), np.full(4, 0.4))
    for value, row in zip(part, rows.itertuples(), strict=True):
        away = [by_hand(name, draws, data, sgrna=row.sgrna, x=x).mean() for x in (row.x, 0.4)]
        assert value == pytest.approx(away[0] - away[1], abs=1e-12)


def test_effects_by_line_are_relative_to_the_null_genes_and_keep_what_a_slope_has_beyond_theirs(hostile_table, contents):
    data, rng = arrays.model_data(hostile_table), np.random.default_rng(1)
    sizes = {"gene": len(data.genes), "sgrna": len(data.sgrnas)}
    dims = {"gamma_g": "gene", "delta_g": "gene", "alpha_s": "sgrna", "beta_s": "sgrna"}
    named = {name: (("chain", "draw", dim), rng.standard_normal((2, 3, sizes[dim]))) for name, dim in dims.items()}
    named |= {
        f"{name}_{each}": (("chain", "draw"), rng.standard_normal((2, 3))) for name in ("mu_gamma", "mu_delta") for each in CLASSES
    }
    named["k_l"] = (("chain", "draw", "cell_line"), np.exp(rng.standard_normal((2, 3, len(data.cell_lines)))))
    draws = xr.Dataset(named, coords={"gene": data.genes, "sgrna": data.sgrnas, "cell_line": data.cell_lines})
    found = EffectDraws(draws, declaration.declare(declaration.VARIANTS / "gene_classes.py"), contents)
    gamma, delta = (draws[name].sel(gene=contents.genes["gene"].tolist()).values.reshape(6, -1) for name in ("gamma_g", "delta_g"))
    null = draws["mu_gamma_null"].values.reshape(6, 1)
    effect, _ = found.at_diploid("gene", np.full(5, 0.4))
    np.testing.assert_allclose(effect, gamma - null + 0.4 * delta)
    line = data.cell_lines[1]
    part = found.copy_number_part(np.array([0, 3]), pd.Categorical([line, line]), np.array([1.0, 0.4]), np.full(2, 0.4))
    shared = (draws["mu_delta_null"] * draws["k_l"].sel(cell_line=line)).mean()
    np.testing.assert_allclose(part, [0.6 * float(shared), 0.0])
    np.testing.assert_allclose(found.fitted_line(2, np.array([2.0]))[:, 0], gamma[:, 2] + 2.0 * delta[:, 2])


def test_a_variant_with_names_of_its_own_is_recognised(hostile_table, contents):
    declared, draws = draws_of("varying_effects", arrays.model_data(hostile_table))
    assert EffectDraws(draws, declared, contents).is_known
    renamed = draws.rename({name: f"my_{name}" for name in draws.data_vars})
    own = declaration.Declaration(declared.path, "", {})
    assert not EffectDraws(renamed, own, contents).is_known


def test_a_curve_bends_the_line(hostile_table, contents):
    declared, draws = draws_of("saturating_effects", arrays.model_data(hostile_table))
    assert declared.response == ("saturating", "kappa")
    assert set(responses.CURVES) == {"saturating", "piecewise"}
    line = EffectDraws(draws, declared, contents).fitted_line(0, np.array([0.0, 1.0, 2.0]))
    assert np.abs(line[:, 2] - 2 * line[:, 1] + line[:, 0]).min() > 0
