"""Departures of sgRNAs from their gene."""

import pytest

from guidefit.effects.draws import EffectDraws
from guidefit.effects.sgrna_table import tabulate_sgrnas
from guidefit.screens import arrays
from helpers.effects import HOSTILE, draws_of


def test_departures_of_sgrnas(hostile_table, contents):
    declared, draws = draws_of("varying_effects", arrays.model_data(hostile_table))
    found = EffectDraws(draws, declared, contents)
    guides = tabulate_sgrnas(found, contents)
    own = draws["alpha_s"].sel(sgrna="sgRNA_3") - draws["gamma_g"].sel(gene=HOSTILE["gene_1"])
    row = guides.set_index("sgrna").loc["sgRNA_3"]
    assert row["departure"] == pytest.approx(float(own.mean()))
    assert row["departure_scaled"] == pytest.approx(float(own.mean() / draws["sigma_alpha"].mean()))
    assert row["departure_q975"] == pytest.approx(float(own.quantile(0.975)))
