"""The files that the effects of all variants are written to."""

import numpy as np
import pandas as pd
import pytest

from guidefit.effects import estimates
from guidefit.effects.draws import EffectDraws
from guidefit.effects.gene_table import GENE_COLUMNS
from guidefit.effects.line_table import LINE_QUALITY_COLUMNS
from guidefit.screens import arrays
from helpers.effects import THRESHOLDS, draws_of

NAMES = {"gene": "Gene", "sgrna": "sgrna", "cell_line": "ModelID"}


def test_source_names_stand_next_to_ours(hostile_table, contents):
    rows = hostile_table.head(3).astype({"gene": "category", "cell_line": "category"})
    found = estimates.add_source_names(rows, NAMES, contents.labels + " (7)")
    assert found["Gene"].tolist() == ["<script>alert(1)</script> (7)"] * 3
    assert found["ModelID"].tolist() == hostile_table["cell_line"].head(3).tolist()


@pytest.fixture
def paths(tmp_path):
    names = (
        "gene_effects.csv",
        "sgrna_effects.csv",
        "corrected.parquet",
        "gene_lines.parquet",
        "line_quality.csv",
        "genes.parquet",
        "sgrnas.parquet",
        "lines.parquet",
    )
    return estimates.EffectPaths(*(tmp_path / name for name in names))


def test_all_variants_are_written_to_the_same_files(hostile_table, hostile_path, contents, paths):
    ids = {"study": "s", "seed": 1}
    screen = estimates.Screen(hostile_path, contents, ids, {}, 2.0, THRESHOLDS, show_genes=["gene_4", "NONE"])
    data = arrays.model_data(hostile_table)
    with estimates.EffectsWriter(paths, ids, NAMES, contents.labels) as writer:
        for variant in ("varying_effects", "gene_effects", "pooled"):
            declared, draws = draws_of(variant, data)
            estimates.estimate_variant(screen, variant, EffectDraws(draws, declared, contents), None, writer)
    genes, sgrnas = pd.read_parquet(paths.genes), pd.read_parquet(paths.sgrnas)
    assert list(genes.columns) == list(GENE_COLUMNS)
    assert genes["variant"].value_counts().to_dict() == {"varying_effects": 5, "gene_effects": 5}
    assert sgrnas["variant"].value_counts().to_dict() == {"varying_effects": 17}
    corrected = pd.read_parquet(paths.corrected)
    assert set(corrected["variant"]) == {"varying_effects", "gene_effects", "pooled"}
    assert len(corrected) == 3 * len(hostile_table)
    np.testing.assert_allclose(corrected["corrected_logfc"], corrected["logfc"] - corrected["copy_number_part"])
    assert set(pd.read_parquet(paths.lines)["gene"]) == {"gene_4"}
    assert pd.read_csv(paths.gene_effects)["Gene"].tolist()[1] == "'=1+1"


def test_without_any_variant_the_files_are_empty_tables(contents, paths):
    with estimates.EffectsWriter(paths, {"study": "s", "seed": 1}, NAMES, contents.labels):
        pass
    assert list(pd.read_csv(paths.gene_effects).columns[: len(GENE_COLUMNS)]) == list(GENE_COLUMNS)
    assert list(pd.read_csv(paths.line_quality).columns[: len(LINE_QUALITY_COLUMNS)]) == list(LINE_QUALITY_COLUMNS)
    for path in (paths.genes, paths.sgrnas, paths.lines, paths.corrected):
        assert pd.read_parquet(path).empty


def test_an_error_on_the_way_writes_no_tables(contents, paths):
    with pytest.raises(ZeroDivisionError), estimates.EffectsWriter(paths, {"study": "s", "seed": 1}, NAMES, contents.labels):
        raise ZeroDivisionError
    assert not paths.genes.exists()
