"""Moments of effects by gene and cell line from draws, against the same written out by hand."""

from itertools import product

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from guidefit.effects.line_moments import moments_of_draws
from guidefit.engines.interface import data_groups
from helpers.line_screens import declared, screen


def simulate(variant, copies=True):
    """(structure, simulated draws of all parameters, constant_data, screen)."""
    _, structure, _ = declared(variant)
    structure = structure if copies else structure.without_slope()
    rng = np.random.default_rng(5)
    data, _, _ = screen(variant, rng, copies, genes=4, lines=3, keep=0.1, most_guides=3, x_by_row=0.1)
    found = {}
    for name in (*structure.roles, *structure.dims):
        dims = structure.dims.get(name, ())
        sizes = [len(data.coords[dim]) for dim in dims]
        found[name] = (("chain", "draw", *dims), rng.uniform(0.2, 0.9, (2, 6, *sizes)))
    coords = {dim: data.coords[dim] for dim in ("gene", "sgrna", "cell_line")}
    return structure, xr.Dataset(found, coords=coords), data_groups(data)["constant_data"], data


@pytest.mark.parametrize(("variant", "copies"), [("gene_classes", True), ("gene_by_line", True), ("gene_classes", False)])
def test_effects_of_every_cell_by_hand(variant, copies):
    structure, draws, constant, data = simulate(variant, copies)
    found = moments_of_draws(structure, draws, constant, 0.8)
    by_class = variant == "gene_classes"
    cells = 0
    for g, c in product(range(4), range(3)):
        rows = (data.gene_of_row == g) & (data.cell_line_of_row == c)
        values = found.isel(gene=g, cell_line=c)
        if not rows.any():
            assert all(np.isnan(values[name]) for name in ("effect", "effect_sd", "p_dependent", "information", "e_gl_sd"))
            continue
        cells += 1
        effects, dependent, informed = [], [], []
        for chain, draw in product(range(2), range(6)):
            d = draws.isel(chain=chain, draw=draw)
            effect = float(d["gamma_g"][g] + d["e_gl"][g, c])
            if copies:
                shared = d["mu_delta_null"] if by_class else d["mu_delta"]
                effect += float((d["delta_g"][g] - shared) * data.x[rows].mean())
            if by_class:
                effect -= float(d["mu_gamma_null"])
            effects.append(effect)
            dependent.append(effect < (float(d["mu_gamma_common"] - d["mu_gamma_null"]) / 2 if by_class else 0.8))
            noise = [d["sigma"] ** 2 * d["u_s"][s] * d["v_l"][c] / d["k_l"][c] ** 2 for s in data.sgrna_of_row[rows]]
            posterior = 1 / (1 / d["tau_g"][g] ** 2 + sum(1 / each for each in noise))
            informed.append(1 - float(posterior / d["tau_g"][g] ** 2))
        expected = {"effect": np.mean(effects), "effect_sd": np.std(effects), "p_dependent": np.mean(dependent)}
        expected |= {"information": np.mean(informed), "p_negative": np.mean(np.array(effects) < 0)}
        expected |= {"e_gl_mean": float(draws["e_gl"][..., g, c].mean()), "e_gl_sd": float(draws["e_gl"][..., g, c].std())}
        assert {name: float(values[name]) for name in expected} == pytest.approx(expected)
    assert 0 < cells < 12


def test_classes_and_departing_guides_by_enumeration():
    structure, draws, constant, data = simulate("gene_classes")
    found = moments_of_draws(structure, draws, constant, 0.0)
    expected, flags = np.zeros(4), np.zeros(len(data.sgrnas))
    for chain, draw, g in product(range(2), range(6), range(4)):
        d = draws.isel(chain=chain, draw=draw)
        guides = np.flatnonzero(data.gene_of_sgrna == g)
        weights = {}
        for name, *departs in product(("null", "common"), *[(0, 1)] * len(guides)):
            h = {each: float(d[f"{each}_{name}"]) for each in ("mu_gamma", "sigma_gamma", "mu_delta", "sigma_delta")}
            h |= {each: float(d[f"{each}_{name}"]) for each in ("sigma_alpha", "sigma_beta", "t", "p")}
            gamma, delta = float(d["gamma_g"][g]), float(d["delta_g"][g])
            density = float(d["w_common"]) if name == "common" else 1 - float(d["w_common"])
            density *= stats.norm.pdf(gamma, h["mu_gamma"], h["sigma_gamma"])
            density *= stats.norm.pdf(delta, h["mu_delta"], h["sigma_delta"])
            density *= 2 * stats.t.pdf(float(d["tau_g"][g]), 3, scale=h["t"])
            for s, flag in zip(guides, departs, strict=True):
                sd = np.sqrt(h["sigma_alpha"] ** 2 + 4 * flag)
                density *= (h["p"] if flag else 1 - h["p"]) * stats.norm.pdf(float(d["alpha_s"][s]), gamma, sd)
                density *= stats.norm.pdf(float(d["beta_s"][s]), delta, h["sigma_beta"])
            weights[name, *departs] = density
        total = sum(weights.values())
        expected[g] += sum(value for key, value in weights.items() if key[0] == "common") / total / 12
        for number, s in enumerate(guides):
            flags[s] += sum(value for key, value in weights.items() if key[number + 1]) / total / 12
    assert found["p_common"].values == pytest.approx(expected)
    assert found["p_departs"].values == pytest.approx(flags)
    assert 0.01 < flags.min() < flags.max() < 1
