"""Matrices in the form of DepMap's, from the table of genes by cell lines."""

import numpy as np
import pandas as pd
import pytest

from guidefit.base import parquet
from guidefit.effects.depmap_matrices import VALUES, write_matrices

NAMES = {"gene": "Gene", "sgrna": "sgRNA", "cell_line": "ModelID"}


def write(tmp_path, scaled, names=NAMES):
    """Matrices of variant v from three cells of two genes in two lines; another variant has other values."""
    table = pd.DataFrame({"gene": ["=b", "=b", "a"], "cell_line": ["7", "8", "8"], "effect": [-2.0, 0.0, 1.0], "effect_sd": 0.4})
    table = table.assign(Gene=["=b (2)", "=b (2)", "a (1)"], ModelID=table["cell_line"], p_dependent=[0.9, 0.1, 0.0], variant="v")
    table = table.assign(effect_scaled=table["effect"] / 2 * scaled, effect_scaled_sd=0.2 * scaled)
    both = pd.concat([table, table.assign(variant="w", effect=9.0, effect_scaled=9.0)])
    parquet.write(both, tmp_path / "gene_lines.parquet")
    outputs = {name: tmp_path / f"{name}.csv" for name in VALUES}
    write_matrices(tmp_path / "gene_lines.parquet", "v", names, outputs)
    return [pd.read_csv(path, dtype={"ModelID": "str"}).set_index("ModelID") for path in outputs.values()]


def test_a_row_for_each_line_and_a_column_for_each_gene_as_in_the_source(tmp_path):
    effects, sds, dependencies = write(tmp_path, scaled=1.0)
    assert effects.index.tolist() == ["7", "8"]
    assert effects.columns.tolist() == ["'=b (2)", "a (1)"]  # protected from being run as a formula
    np.testing.assert_allclose(effects, [[-1.0, np.nan], [0.0, 0.5]])
    np.testing.assert_allclose(sds, [[0.2, np.nan], [0.2, 0.2]])
    np.testing.assert_allclose(dependencies, [[0.9, np.nan], [0.1, 0.0]])


@pytest.mark.parametrize("names", [NAMES, {"gene": "hugo", "cell_line": "depmap_id"}], ids=["source", "ours"])
def test_without_controls_the_matrices_are_not_scaled(tmp_path, names):
    effects, sds, _ = write(tmp_path, scaled=np.nan, names=names)
    np.testing.assert_allclose(effects, [[-2.0, np.nan], [0.0, 1.0]])
    np.testing.assert_allclose(sds, [[0.4, np.nan], [0.4, 0.4]])
    assert effects.columns[1] == ("a (1)" if names is NAMES else "a")
