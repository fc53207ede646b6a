"""Verdicts, flags and scales of genes."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from guidefit.effects.contents import ScreenContents
from guidefit.effects.draws import EffectDraws
from guidefit.effects.gene_table import tabulate_genes
from guidefit.models import declaration
from helpers.effects import THRESHOLDS, line_fit


def test_verdicts_and_flags(contents):
    genes = contents.genes["gene"].tolist()
    middle = np.array([-1.0, 1.0, 0.0, -0.1, 0.0])
    sds = np.array([0.1, 0.1, 0.01, 0.01, 1.0])
    normal = stats.norm.ppf((np.arange(400) + 0.5) / 400)
    gamma = (middle + sds * normal[:, None])[None]
    delta = np.broadcast_to(-0.2 + 0.1 * normal[:, None], (400, 5))[None]
    dims = ("chain", "draw", "gene")
    draws = xr.Dataset({"gamma_g": (dims, gamma), "delta_g": (dims, delta)}, coords={"gene": genes})
    found = EffectDraws(draws, declaration.declare(declaration.VARIANTS / "gene_effects.py"), contents)
    control = {genes[0]: "essential", genes[2]: "nonessential", genes[4]: "nonessential"}
    table = tabulate_genes(found, contents, control, 2.0, THRESHOLDS)
    assert table["verdict"].tolist() == ["depleted", "enriched", "no effect", "unclear", "unclear"]
    np.testing.assert_allclose(table["effect"], middle, atol=1e-9)
    np.testing.assert_allclose(table["effect_scaled"], middle, atol=1e-9)
    np.testing.assert_allclose(table["p_negative"], stats.norm.cdf(-middle / sds), atol=2 / 400)
    np.testing.assert_allclose(table["effect_q025"], middle - 1.96 * sds, atol=0.05 * sds.max())
    np.testing.assert_allclose(table["slope"], -0.2, atol=1e-9)
    flags = dict(zip(contents.genes["gene"], table["flags"], strict=True))
    assert "few guides" in flags["<script>alert(1)</script>"]
    assert "guides cut elsewhere too" in flags["<script>alert(1)</script>"]
    assert "name changed by a spreadsheet" in flags["1-Mar"]
    assert "one-line leverage" in flags["gene_4"]
    assert flags["=1+1"] == ""
    still = contents.genes.assign(cna_sd=0.01)
    again = tabulate_genes(found, ScreenContents(still, contents.sgrnas), {}, 2.0, THRESHOLDS)
    assert again["flags"].str.contains("no copy-number variation").all()
    assert again["effect_scaled"].isna().all()


@pytest.mark.parametrize(("others", "verdict", "is_driven"), [(0.0, "depleted", True), (-1.6, "depleted", False)])
def test_one_guide_that_drives_the_effect_is_flagged(contents, others, verdict, is_driven):
    """gene_4 has five guides: one at -8 under which the gene is depleted, for any values of the others."""
    genes, normal = contents.genes["gene"].tolist(), stats.norm.ppf((np.arange(400) + 0.5) / 400)
    own = (contents.sgrnas["gene"] == "gene_4").to_numpy()
    logfc = np.where(own, others, 0.0) + 0.05 * np.resize([1.0, -1.0, 0.5, -0.2], len(own))
    logfc[np.flatnonzero(own)[2]] = -8.0
    screen = ScreenContents(contents.genes, contents.sgrnas.assign(logfc=logfc))
    effect = np.where(np.array(genes) == "gene_4", logfc[own].mean(), 0.0) + 0.3 * normal[:, None]
    dims = ("chain", "draw", "gene")
    draws = xr.Dataset({"gamma_g": (dims, effect[None]), "delta_g": (dims, 0 * effect[None])}, coords={"gene": genes})
    found = EffectDraws(draws, declaration.declare(declaration.VARIANTS / "gene_effects.py"), screen)
    table = tabulate_genes(found, screen, {}, 2.0, THRESHOLDS).set_index("gene")
    assert table.loc["gene_4", "verdict"] == verdict
    assert table["flags"].str.contains("one guide drives the effect").to_dict() == dict.fromkeys(genes, False) | {
        "gene_4": is_driven
    }


PAIRS = {  # logFC of two guides -> the verdict of their mean, and whether one guide drives it
    (-8.0, 0.1): ("depleted", True),
    (0.1, 8.0): ("enriched", True),
    (-9.0, -3.0): ("depleted", False),
    (-1.1, -0.9): ("depleted", False),
    (0.03, -0.04): ("no effect", False),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_one_of_two_guides_may_drive_the_effect(contents, pair):
    """The first gene has two guides."""
    genes, normal = contents.genes["gene"].tolist(), stats.norm.ppf((np.arange(400) + 0.5) / 400)
    own = np.flatnonzero(contents.sgrnas["gene"] == genes[0])
    logfc = 0.05 * np.resize([1.0, -1.0, 0.5, -0.2], len(contents.sgrnas))
    logfc[own] = pair
    screen = ScreenContents(contents.genes, contents.sgrnas.assign(logfc=logfc))
    effect = np.zeros(len(genes)) + 0.03 * normal[:, None]
    effect[:, 0] += np.mean(pair)
    dims = ("chain", "draw", "gene")
    draws = xr.Dataset({"gamma_g": (dims, effect[None]), "delta_g": (dims, 0 * effect[None])}, coords={"gene": genes})
    found = EffectDraws(draws, declaration.declare(declaration.VARIANTS / "gene_effects.py"), screen)
    table = tabulate_genes(found, screen, {}, 2.0, THRESHOLDS).set_index("gene")
    verdict, is_driven = PAIRS[pair]
    assert table.loc[genes[0], "verdict"] == verdict
    assert ("one guide drives the effect" in table.loc[genes[0], "flags"]) == is_driven


@pytest.mark.parametrize(("effect", "is_driven"), [(-1.0, True), (1.0, True), (0.0, False), (-0.12, False)])
def test_the_only_guide_of_a_gene_drives_its_effect(contents, effect, is_driven):
    genes, normal = contents.genes["gene"].tolist(), stats.norm.ppf((np.arange(400) + 0.5) / 400)
    single = contents.genes.assign(sgrnas=np.where(contents.genes["gene"] == genes[0], 1, contents.genes["sgrnas"]))
    sgrnas = contents.sgrnas[(contents.sgrnas["gene"] != genes[0]) | ~contents.sgrnas["gene"].duplicated()]
    screen = ScreenContents(single, sgrnas.assign(logfc=0.0))
    values = np.full((1, 400, len(genes)), effect) + 0.03 * normal[:, None]
    dims = ("chain", "draw", "gene")
    draws = xr.Dataset({"gamma_g": (dims, values), "delta_g": (dims, 0 * values)}, coords={"gene": genes})
    found = EffectDraws(draws, declaration.declare(declaration.VARIANTS / "gene_effects.py"), screen)
    flags = tabulate_genes(found, screen, {}, 2.0, THRESHOLDS)["flags"]
    assert ("one guide drives the effect" in flags[0]) == is_driven
    assert not flags[1:].str.contains("one guide drives").any()
    assert "interval ignores differences between guides" in flags[0]  # gene_effects has no level of guides
    assert not flags[1:].str.contains("interval ignores").any()


def test_classes_selectivity_and_the_two_parts_of_a_slope(contents):
    genes = contents.genes["gene"].tolist()
    fit = line_fit(genes[::-1], ["x"], p_common=np.array([0.9, 0.02, 0.97, 0.99, 0.5]))
    found = EffectDraws(fit.draws, declaration.declare(declaration.VARIANTS / "gene_classes.py"), contents)
    table = tabulate_genes(found, contents, {}, 2.0, THRESHOLDS, fit)
    assert table["p_common"].tolist() == [0.5, 0.99, 0.97, 0.02, 0.9]
    assert table["fdr_common"].to_numpy() == pytest.approx([0.64 / 4, 0.01, 0.02, 1.62 / 5, 0.14 / 3])
    assert table["class_call"].tolist() == ["", "common", "common", "", "common"]
    tau, delta, shared = (fit.draws[name].stack(sample=("chain", "draw")) for name in ("tau_g", "delta_g", "mu_delta_null"))
    assert table["selectivity"].to_numpy() == pytest.approx(tau.mean("sample").sel(gene=genes).values)
    assert table["slope_artefact"].to_numpy() == pytest.approx(np.full(5, shared.mean()))
    own = (delta - shared).sel(gene=genes[1])
    assert table.loc[1, ["slope_biology", "slope_biology_q025"]].tolist() == pytest.approx(
        [float(own.mean()), float(own.quantile(0.025))]
    )


def test_one_class_has_no_calls_by_class(contents):
    fit = line_fit(contents.genes["gene"].tolist(), ["x"], "gene_by_line")
    found = EffectDraws(fit.draws, declaration.declare(declaration.VARIANTS / "gene_by_line.py"), contents)
    table = tabulate_genes(found, contents, {}, 2.0, THRESHOLDS, fit)
    assert table[["p_common", "fdr_common"]].isna().all(axis=None)
    assert set(table["class_call"]) == {""}
    assert table["selectivity"].notna().all()
