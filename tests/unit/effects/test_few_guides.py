"""Intervals of genes with one or two guides hold the truth as often as those of other genes."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from guidefit.effects.contents import read_contents
from guidefit.effects.draws import EffectDraws
from guidefit.effects.gene_table import tabulate_genes
from guidefit.engines import registry
from guidefit.models import declaration
from guidefit.screens import arrays
from helpers.defaults import Settings
from helpers.effects import THRESHOLDS, write_screen

GUIDES = np.repeat([1, 2, 4], [40, 40, 20])
LINES = 4


def simulate(seed):
    """The rows of a screen without copy numbers whose guides differ by as much as its noise, and the effects of its genes."""
    rng = np.random.default_rng(seed)
    effects = rng.normal(-0.5, 0.5, len(GUIDES))
    gene = np.repeat(np.arange(len(GUIDES)), GUIDES)
    of_guide = effects[gene] + rng.normal(0, 0.4, len(gene))
    logfc = of_guide[:, None] + rng.normal(0, 0.3, (len(gene), LINES))
    rows = pd.DataFrame({"gene": np.repeat(gene, LINES), "sgrna": np.repeat(np.arange(len(gene)), LINES), "logfc": logfc.ravel()})
    rows["cell_line"] = [f"c{i % LINES}" for i in range(len(rows))]
    rows["gene"], rows["sgrna"] = "g" + rows["gene"].astype(str), "s" + rows["sgrna"].astype(str)
    return rows.assign(cna=np.nan, x=0.0, x_diploid=0.0, n_alignments=1.0), effects


@pytest.fixture(scope="module", params=["sgrna_intercepts", "gene_intercepts"])
def fits(request, tmp_path_factory):
    """The variant, and for each of some screens its table of genes with the true effect."""
    declared = declaration.declare(declaration.VARIANTS / f"{request.param}.py")
    path, found = tmp_path_factory.mktemp("few") / "screen.parquet", []
    for seed in range(12):
        rows, effects = simulate(seed)
        write_screen(rows, path)
        contents = read_contents(path, 1)
        settings = Settings(engine="collapsed", draws=150, tune=100)
        engine = registry.make_engine(declared, declared.priors, settings, 1, prior_seed=1, place="test")
        posterior = engine.fit(arrays.model_data(rows), seed)["posterior"].to_dataset()
        table = tabulate_genes(EffectDraws(posterior, declared, contents), contents, {}, 1.0, THRESHOLDS)
        found.append(table.assign(truth=effects[table["gene"].str[1:].astype(int)]))
    return request.param, pd.concat(found)


def test_few_guides_give_wide_intervals_that_hold_the_truth(fits):
    variant, table = fits
    holds = table["truth"].between(table["effect_q025"], table["effect_q975"])
    for guides, rows in holds.groupby(table["sgrnas"]):
        low, high = stats.binom.ppf([0.0005, 0.9995], len(rows), 0.95)
        if variant == "sgrna_intercepts":
            assert low <= rows.sum() <= high, guides
        elif guides == 1:  # it takes the rows of a guide for independent ones
            assert rows.sum() < low
    is_flagged = table["flags"].str.contains("interval ignores differences between guides")
    assert is_flagged.equals((table["sgrnas"] < 3) & (variant == "gene_intercepts"))
    if variant == "sgrna_intercepts":
        width = (table["effect_q975"] - table["effect_q025"]).groupby(table["sgrnas"]).mean()
        assert width[1] > 1.2 * width[2] > 1.4 * width[4]
