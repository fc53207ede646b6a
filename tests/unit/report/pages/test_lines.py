"""The page on genes by cell lines."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from guidefit.effects.gene_line_table import no_gene_lines
from guidefit.report.pages import lines as line_page
from helpers.effects import THRESHOLDS

GENES = ["<script>alert(1)</script>", "same", "=selective"]
LINES = ["7", "x", "weak"]
EFFECTS = [[0.1, 0.0, 0.0], [-1.0, -1.0, -1.0], [-2.0, 0.0, 9.0]]


def gene_lines(variant="v", scaled=1.0):
    rows = [(GENES[g], LINES[c], EFFECTS[g][c]) for g in range(3) for c in range(3) if (g, c) != (0, 1)]
    table = pd.DataFrame(rows, columns=["gene", "cell_line", "effect"]).astype({"gene": "category", "cell_line": "category"})
    table = table.assign(variant=variant, seed=1, effect_sd=0.1, p_dependent=0.25, information=0.5)
    table["call"] = np.where(table["effect"] <= -1, "dependent", "")
    table["flags"] = np.where(table["cell_line"] == "weak", "line hardly responds", "")
    return table.assign(effect_scaled=2 * table["effect"] * scaled, effect_scaled_sd=0.2 * scaled)


def page(table, p_departs=0.9, has_copies=True):
    quality = dict.fromkeys(["multiplier_q025", "multiplier_q975", "noise", "noise_q025", "noise_q975", "auroc", "nnmd"], 1.0)
    lines = pd.DataFrame(
        {"cell_line": LINES, "multiplier": [1.0, 2.0, 0.1], "flags": ["", np.nan, "line hardly responds"], **quality}
    )
    values = dict.fromkeys(["effect", "departure", "departure_q025", "departure_q975", "noise", "noise_q025", "noise_q975"], 1.5)
    guides = pd.DataFrame({"sgrna": ["noisy<", "quiet"], "gene": "g", "departs": ["lower", ""], "variant": "v", **values})
    guides = guides.assign(noise=[9.0, 1.0], p_departs=p_departs)
    fits = pd.DataFrame({"variant": ["v", "w"], "seed": 1, "verdict": ["pass", "fail"]})
    found = line_page.Tables(table, lines.assign(variant="v"), guides, fits)
    return line_page.fill(found, "study", THRESHOLDS, has_copies)


def data_of(text):
    return json.loads(re.search(r'id="data">(.*?)</script>', text, flags=re.DOTALL)[1])


def test_the_page_holds_every_effect_and_hostile_names_do_no_harm():
    text = page(gene_lines())
    assert "<script>alert" not in text
    assert text.count("<script") == 3  # its own
    assert "noisy&lt;" in text
    assert "nan" not in text
    data = data_of(text)
    assert (sorted(data["genes"]), data["lines"], data["weak"]) == (sorted(GENES), ["7", "weak", "x"], [False, True, False])
    effects = dict(zip(data["genes"], data["effect"], strict=True))
    assert effects == {GENES[0]: [20, 0, None], "same": [-200] * 3, "=selective": [-400, 1800, 0]}
    assert set(np.ravel(data["p_dependent"]).tolist()) == {250, None}
    assert "4 of 8 effects are called dependencies" in text
    assert "without the part of copy number" in text
    assert "with what copy number adds" in page(gene_lines(), has_copies=False)


def test_lines_are_ranked_by_their_multiplier_with_their_calls():
    rows = re.findall(r"<tr><td>(7|x|weak)</td>(.*?)</tr>", page(gene_lines()))
    assert [name for name, _ in rows] == ["weak", "7", "x"]
    assert '<td class="number">2</td><td></td>' in rows[1][1]  # dependencies and no flag
    assert rows[0][1].endswith("<td>line hardly responds</td>")


def test_the_heat_map_shows_the_genes_that_differ_most_between_lines_that_respond(monkeypatch):
    monkeypatch.setattr(line_page, "HEAT_GENES", 1)
    monkeypatch.setattr(line_page, "MOST_CELLS", 6)
    text = page(gene_lines(scaled=np.nan))
    assert re.findall(r"<tr><th>(.*?)</th>", text.split('class="heat"')[-1])[:2] == ["", "=selective"]
    assert '<th class="line">weak *</th>' in text
    assert data_of(text)["genes"] == sorted([GENES[0], "=selective"])  # of 2 x 3 cells; effects of 'same' do not differ
    assert data_of(text)["effect"][1] == [-200, 900, 0]  # logFC, without controls
    assert "logFC of a\nline that responds" in text


@pytest.mark.parametrize(("effect", "expected"), [(0.0, "#ffffff"), (-9.0, "#d55e00"), (1.5, "#0072b2"), (np.nan, "#eeeeee")])
def test_colours(effect, expected):
    assert line_page.colour(effect) == expected


def test_the_variant_of_a_sound_fit_is_shown_and_one_class_has_no_departures():
    both = pd.concat([gene_lines("w"), gene_lines()])
    text = page(both, p_departs=np.nan)
    assert "<b>v</b> (the first variant whose fit did not fail" in text
    assert "P(departs)" not in text


def test_a_study_whose_fits_stopped_has_a_page():
    assert "No fit gives effects" in page(no_gene_lines())
