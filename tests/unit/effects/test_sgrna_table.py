"""Departures of sgRNAs from their gene."""

import numpy as np
import pytest

from guidefit.effects.draws import EffectDraws
from guidefit.effects.sgrna_table import tabulate_sgrnas
from guidefit.models import declaration
from guidefit.screens import arrays
from helpers.effects import HOSTILE, draws_of, line_fit


def test_departures_of_sgrnas(hostile_table, contents):
    declared, draws = draws_of("varying_effects", arrays.model_data(hostile_table))
    found = EffectDraws(draws, declared, contents)
    guides = tabulate_sgrnas(found, contents)
    own = draws["alpha_s"].sel(sgrna="sgRNA_3") - draws["gamma_g"].sel(gene=HOSTILE["gene_1"])
    row = guides.set_index("sgrna").loc["sgRNA_3"]
    assert row["departure"] == pytest.approx(float(own.mean()))
    assert row["departure_scaled"] == pytest.approx(float(own.mean() / draws["sigma_alpha"].mean()))
    assert row["departure_q975"] == pytest.approx(float(own.quantile(0.975)))


def tabulate(contents, variant, **moments):
    sgrnas, genes = contents.sgrnas["sgrna"].tolist(), contents.genes["gene"].tolist()
    fit = line_fit(genes, ["x"], variant, sgrnas=sgrnas, **moments)
    found = EffectDraws(fit.draws, declaration.declare(declaration.VARIANTS / f"{variant}.py"), contents)
    return fit, tabulate_sgrnas(found, contents, fit)


def test_noise_and_departing_guides_with_their_direction(contents):
    p_departs, p_common = np.zeros(len(contents.sgrnas)), np.linspace(0, 1, 5)
    p_departs[[2, 3]] = 0.9, 0.4
    fit, guides = tabulate(contents, "gene_classes", p_departs=p_departs, p_common=p_common)
    assert guides["noise"].to_numpy() == pytest.approx(fit.draws["u_s"].mean(("chain", "draw")).values)
    assert guides["p_departs"].tolist() == p_departs.tolist()
    assert guides["departs"].tolist() == ["", "", "lower" if guides["departure"][2] < 0 else "higher", *[""] * (len(guides) - 3)]
    null, common = (float(fit.draws[f"sigma_alpha_{each}"].mean()) for each in ("null", "common"))
    code = int(contents.gene_of_sgrna[7])
    sd = np.sqrt((1 - p_common[code]) * null**2 + p_common[code] * common**2)
    assert guides["departure_scaled"][7] == pytest.approx(guides["departure"][7] / sd)


def test_one_class_has_no_departing_guides(contents):
    fit, guides = tabulate(contents, "gene_by_line")
    assert guides["p_departs"].isna().all()
    assert set(guides["departs"]) == {""}
    assert guides["departure_scaled"].to_numpy() == pytest.approx(
        guides["departure"].to_numpy() / float(fit.draws["sigma_alpha"].mean())
    )
