"""Amplified genes with strong negative effects, before and after the correction."""

import pandas as pd
import pytest

from guidefit.base import parquet
from guidefit.effects.amplified import AMPLIFIED_COLUMNS, list_amplified
from guidefit.effects.corrected_logfc import no_corrected_rows
from guidefit.effects.gene_line_table import no_gene_lines

#         gene  line  cna  logfc  part
CELLS = [
    ("kept", "x", 9.0, -2.0, -0.4),
    ("kept", "x", 9.0, -1.0, -0.2),
    ("kept", "y", 3.9, -3.0, -0.1),  # not amplified: less than twice the diploid 2 copies
    ("taken", "x", 8.0, -0.7, -0.6),
    ("weak", "x", 8.0, -0.3, -0.2),
    ("borrowed", "x", 8.0, -0.1, -0.1),
]


def write(tmp_path, with_lines=True):
    rows = pd.DataFrame(CELLS, columns=["gene", "cell_line", "cna", "logfc", "copy_number_part"])
    rows = rows.assign(study="s", variant="v", seed=1, sgrna="", x=0.0, corrected_logfc=rows["logfc"] - rows["copy_number_part"])
    parquet.write(rows.astype({"gene": "category"}), tmp_path / "corrected.parquet")
    effects = {("kept", "x"): -1.6, ("kept", "y"): -3.0, ("taken", "x"): -0.1, ("weak", "x"): -0.1, ("borrowed", "x"): -0.9}
    lines = pd.DataFrame([(*place, effect) for place, effect in effects.items()], columns=["gene", "cell_line", "effect"])
    others = dict.fromkeys(("effect_sd", "effect_scaled", "p_dependent", "information"), 0.5)
    lines = lines.assign(**others, variant="v", call="dependent", flags="") if with_lines else no_gene_lines()
    parquet.write(lines, tmp_path / "gene_lines.parquet")
    return list_amplified(tmp_path / "corrected.parquet", tmp_path / "gene_lines.parquet", {"taken": "nonessential"}, 2.0)


def test_what_was_measured_taken_away_and_left(tmp_path):
    found = write(tmp_path)
    assert tuple(found.columns) == AMPLIFIED_COLUMNS
    assert found["gene"].tolist() == ["kept", "borrowed", "taken"]
    first, last = found.iloc[0], found.iloc[-1]
    assert first[["raw", "artefact", "corrected", "effect"]].tolist() == pytest.approx([-1.5, -0.3, -1.2, -1.6])
    assert (first["sgrnas"], first["call"], first["control"]) == (2, "dependent", "")
    assert last[["raw", "artefact", "corrected"]].tolist() == pytest.approx([-0.7, -0.6, -0.1])
    assert last["control"] == "nonessential"


def test_variants_without_effects_by_line_have_no_effects_in_the_list(tmp_path):
    found = write(tmp_path, with_lines=False)
    assert found["gene"].tolist() == ["kept", "taken"]
    assert found["effect"].isna().all()


def test_no_fit_gives_an_empty_list(tmp_path):
    parquet.write(no_corrected_rows(), tmp_path / "corrected.parquet")
    parquet.write(no_gene_lines(), tmp_path / "gene_lines.parquet")
    found = list_amplified(tmp_path / "corrected.parquet", tmp_path / "gene_lines.parquet", {}, 1.0)
    assert found.empty
    assert tuple(found.columns) == AMPLIFIED_COLUMNS
