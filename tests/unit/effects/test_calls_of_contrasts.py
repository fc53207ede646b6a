"""Of the genes that are called in a contrast at a false discovery rate, that share is false at most."""

import numpy as np
import pytest
from scipy import stats

from guidefit.effects.contents import read_contents
from guidefit.effects.draws import EffectDraws
from guidefit.effects.gene_table import tabulate_genes
from guidefit.effects.one_line import OneLine
from guidefit.engines import registry
from guidefit.models import declaration
from guidefit.screens import arrays
from helpers import one_line as screens
from helpers.defaults import Settings
from helpers.effects import THRESHOLDS, write_screen

LIMITS = THRESHOLDS | {"effect_min": 0.2}


def call(folder, variant, engine, table):
    """The table of genes of a fit, by gene."""
    write_screen(table, folder / "screen.parquet")
    contents = read_contents(folder / "screen.parquet", 1)
    declared = declaration.declare(declaration.VARIANTS / f"{variant}.py")
    settings = Settings(engine=engine, tune=150, draws=250, chains=2, ess=10**6)
    tree = registry.make_engine(declared, declared.priors, settings, 1, 1, variant).fit(arrays.model_data(table), 5)
    fitted = OneLine(declared.one_line, tree) if declared.one_line else None
    effects = EffectDraws(tree["posterior"].to_dataset(), declared, contents, fitted)
    return tabulate_genes(effects, contents, {}, 1.0, LIMITS).set_index("gene")


def count(genes, sign):
    """Genes that are called, and those of them that are called wrongly."""
    called = genes["call"].map({"depleted": -1, "enriched": 1, "": 0}).to_numpy(dtype=int)
    return int((called != 0).sum()), int(((called != 0) & (called != sign[genes.index])).sum())


@pytest.mark.parametrize("toxic", [0.0, 0.015])
def test_calls_of_a_contrast_keep_their_false_discovery_rate(tmp_path, toxic):
    """By far most genes do not respond. Monte Carlo error: with the rate of 5 % more false ones have a probability of 1e-4."""
    table, sign = screens.contrast(np.random.default_rng(3), 1200, toxic=toxic)
    called, false = count(call(tmp_path, "one_line_contrast", "gibbs", table), sign)
    assert false <= stats.binom.isf(1e-4, called, LIMITS["fdr"])
    assert called - false > (0.7 if toxic == 0 else 0.4) * (sign != 0).sum()


def test_one_normal_distribution_of_effects_calls_too_many(tmp_path):
    """What the variant with classes is for, and why fits of others to such a screen are warned of (assess.effect_distribution)."""
    table, sign = screens.contrast(np.random.default_rng(3), 1200)
    called, false = count(call(tmp_path, "gene_intercepts", "collapsed", table), sign)
    assert false > stats.binom.isf(1e-4, called, LIMITS["fdr"])


def test_a_gene_is_not_called_because_of_one_toxic_guide(tmp_path):
    """Toxic guides of genes that do not respond: the calls of these genes go, with a flag, and those of other genes stay."""
    rng = np.random.default_rng(4)
    table, sign = screens.contrast(rng, 300)
    idle = rng.choice(sign.index[sign == 0], 12, replace=False)
    first = ~table["gene"].duplicated() & table["gene"].isin(idle)
    genes = call(tmp_path, "gene_intercepts", "collapsed", table.assign(logfc=table["logfc"] - 4.0 * first))
    of_idle = genes.loc[idle]
    assert (of_idle["fdr_depleted"] <= LIMITS["fdr"]).sum() > 6
    assert (of_idle["call"] == "").all()
    assert of_idle["flags"].str.contains("one guide drives the effect").all()
    strong = genes[(sign[genes.index] != 0) & (genes["effect"].abs() > 1)]
    assert (strong["call"] != "").mean() > 0.9
