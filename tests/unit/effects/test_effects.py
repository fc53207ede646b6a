"""Answers of a real screen: effects apart from copy number, their flags and verdicts, the check of the correction, the page."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

from guidefit.base import tables
from guidefit.effects import correction, gene_effects
from guidefit.models import declaration, responses
from guidefit.report import gene_page
from guidefit.report.figures import effects as pictures
from guidefit.report.figures.style import save
from guidefit.screens import arrays, screen_file, sufficient
from guidefit.screens.covariates import Covariate
from guidefit.simulation import designs
from guidefit.simulation.designs import Design

FOLDER = declaration.VARIANTS
HOSTILE = {"gene_0": "<script>alert(1)</script>", "gene_1": "=1+1", "gene_2": "Ärm, $x$ and $", "gene_3": "1-Mar"}
THRESHOLDS = {"effect_prob": 0.975, "effect_min": 0.1, "few_guides": 3, "cna_sd_min": 0.1, "leverage_max": 0.5}
COVARIATE = Covariate("log2_diploid", diploid=2.0)


@pytest.fixture(scope="module")
def table():
    """A screen with hostile names: 5 genes of 2 to 5 guides, 30 lines, of which one holds most of gene_4's copies."""
    design = Design(genes=5, sgrnas_per_gene=[2, 3, 3, 4, 5], cell_lines=30)
    blueprint = designs.general(design, np.random.default_rng(3))
    table, _ = designs.simulate(blueprint, COVARIATE, "x")
    table = table.astype(dict.fromkeys(("gene", "sgrna", "cell_line"), "str"))
    high = (table["gene"] == "gene_4") & (table["cell_line"] == "cell_7")
    table.loc[high, "cna"] = 90.0
    codes, _ = pd.factorize(table["gene"])
    fitted = COVARIATE.fit(table["cna"].to_numpy(), codes)
    table["x"], table["x_diploid"] = fitted.x(table["cna"].to_numpy(), codes), 0.0
    return table.assign(gene=table["gene"].replace(HOSTILE), n_alignments=np.where(table["sgrna"] == "sgRNA_0", 3.0, 1.0))


@pytest.fixture(scope="module")
def path(table, tmp_path_factory):
    path = tmp_path_factory.mktemp("screen") / "screen.parquet"
    with screen_file.ScreenWriter(path, path.with_name("truth.parquet"), "study") as writer:
        half = len(table) // 2  # genes may be torn over row groups
        writer.write_rows(None, table.iloc[:half])
        writer.write_rows(None, table.iloc[half:])
    return path


@pytest.fixture(scope="module")
def layout(path):
    return gene_effects.layout(path, 1)


def draws_of(name, data, seed=0):
    """Made-up posterior draws of every variable of a variant."""
    declared = declaration.declare(FOLDER / f"{name}.py")
    dims = {"g": ("gene", data.genes), "s": ("sgrna", data.sgrnas), "c": ("cell_line", data.cell_lines)}
    rng, found = np.random.default_rng(seed), {}
    for variable in declared.priors:
        dim, names = dims.get(variable.rpartition("_")[2], (None, []))
        shape = (2, 50, len(names)) if dim else (2, 50)
        values = rng.normal(size=shape)
        positive = variable.startswith("sigma") or variable in ("nu", "kappa", "ratio")
        found[variable] = (("chain", "draw", *([dim] if dim else [])), np.exp(values) if positive else values)
    coords = {"gene": data.genes, "sgrna": data.sgrnas, "cell_line": data.cell_lines}
    return declared, xr.Dataset(found, coords={k: v for k, v in coords.items() if any(k in d for d, _ in found.values())})


def by_hand(name, draws, data, gene=None, sgrna=None, x=0.0):
    """Draws of the expected logFC at x of a gene or an sgRNA, written out for each variant."""
    of = {k: v.stack(sample=("chain", "draw")) for k, v in draws.items()}
    f = x
    if "kappa" in draws:
        f = x if x <= 0 else x / (1 + x / of["kappa"])
    if "ratio" in draws:
        f = x if x <= 0 else x * of["ratio"]
    if sgrna is not None:
        gene = data.genes[data.gene_of_sgrna[data.sgrnas.index(sgrna)]]

    def level(of_sgrna, of_gene, of_all):
        if sgrna is not None and of_sgrna in of:
            return of[of_sgrna].sel(sgrna=sgrna)
        return of[of_gene].sel(gene=gene) if of_gene in of else of.get(of_all, 0.0)

    intercept = level("alpha_s", "gamma_g", "alpha") + (of["alpha"] if name == "global_intercept" else 0.0)
    return np.asarray(intercept + level("beta_s", "delta_g", "beta") * f)


@pytest.mark.parametrize("name", declaration.BUILT_IN)
def test_every_variant_answers_as_written_out_by_hand(name, table, layout):
    data = arrays.model_data(table)
    declared, draws = draws_of(name, data)
    shuffled = draws.isel({dim: slice(None, None, -1) for dim in ("gene", "sgrna") if dim in draws.dims})
    found = gene_effects.Effects(shuffled, declared, layout)
    assert found.has("gene") == (name != "pooled")
    x_diploid = np.full(5, 0.4)
    if name != "pooled":
        effect, slope = found.at_diploid("gene", x_diploid)
        for i, gene in enumerate(layout.genes["gene"]):
            np.testing.assert_allclose(effect[:, i], by_hand(name, draws, data, gene=gene, x=0.4))
            np.testing.assert_allclose(found.line(i, np.array([-1.0, 2.0]))[:, 1], by_hand(name, draws, data, gene=gene, x=2.0))
        assert slope.shape == effect.shape
    # the copy-number part of rows is what the expected logFC changes by
    rows = table.iloc[[0, 40, 200, len(table) - 1]]
    sgrna = pd.Index(layout.sgrnas["sgrna"]).get_indexer(rows["sgrna"])
    part = found.copy_number_part(sgrna, rows["x"].to_numpy(), np.full(4, 0.4))
    for value, row in zip(part, rows.itertuples(), strict=True):
        away = [by_hand(name, draws, data, sgrna=row.sgrna, x=x).mean() for x in (row.x, 0.4)]
        assert value == pytest.approx(away[0] - away[1], abs=1e-12)


def test_layout_by_hand(table, layout):
    assert layout.genes["gene"].tolist() == list(dict.fromkeys(table["gene"]))
    assert layout.sgrnas["sgrna"].tolist() == list(dict.fromkeys(table["sgrna"]))
    for row in layout.genes.itertuples():
        mine = table[table["gene"] == row.gene]
        squares = ((mine["x"] - mine["x"].mean()) ** 2).groupby(mine["cell_line"]).sum()
        assert row.leverage == pytest.approx(squares.max() / squares.sum())
        assert row.leverage_cell_line == squares.idxmax()
        assert (row.sgrnas, row.rows, row.cell_lines) == (mine["sgrna"].nunique(), len(mine), 30)
        assert row.cna_sd == pytest.approx(mine["cna"].std(ddof=0))
        assert (row.cna_lowest, row.cna_highest) == (mine["cna"].min(), mine["cna"].max())


def test_verdicts_and_flags(layout):
    genes = layout.genes["gene"].tolist()
    middle = np.array([-1.0, 1.0, 0.0, -0.1, 0.0])
    sds = np.array([0.1, 0.1, 0.01, 0.01, 1.0])
    normal = stats.norm.ppf((np.arange(400) + 0.5) / 400)
    gamma = (middle + sds * normal[:, None])[None]
    delta = np.broadcast_to(-0.2 + 0.1 * normal[:, None], (400, 5))[None]
    dims = ("chain", "draw", "gene")
    draws = xr.Dataset({"gamma_g": (dims, gamma), "delta_g": (dims, delta)}, coords={"gene": genes})
    found = gene_effects.Effects(draws, declaration.declare(FOLDER / "gene_effects.py"), layout)
    control = {genes[0]: "essential", genes[2]: "nonessential", genes[4]: "nonessential"}
    table = gene_effects.gene_table(found, layout, control, 2.0, THRESHOLDS)
    assert table["verdict"].tolist() == ["depleted", "enriched", "no effect", "unclear", "unclear"]
    np.testing.assert_allclose(table["effect"], middle, atol=1e-9)
    np.testing.assert_allclose(table["effect_scaled"], middle, atol=1e-9)
    np.testing.assert_allclose(table["p_negative"], stats.norm.cdf(-middle / sds), atol=2 / 400)
    np.testing.assert_allclose(table["effect_q025"], middle - 1.96 * sds, atol=0.05 * sds.max())
    np.testing.assert_allclose(table["slope"], -0.2, atol=1e-9)
    flags = dict(zip(layout.genes["gene"], table["flags"], strict=True))
    assert "few guides" in flags["<script>alert(1)</script>"]
    assert "guides cut elsewhere too" in flags["<script>alert(1)</script>"]
    assert "name looks like a date" in flags["1-Mar"]
    assert "one-line leverage" in flags["gene_4"]
    assert flags["=1+1"] == ""
    still = layout.genes.assign(cna_sd=0.01)
    again = gene_effects.gene_table(found, gene_effects.Layout(still, layout.sgrnas), {}, 2.0, THRESHOLDS)
    assert again["flags"].str.contains("no copy-number variation").all()
    assert again["effect_scaled"].isna().all()


def test_departures_of_sgrnas(table, layout):
    declared, draws = draws_of("varying_effects", arrays.model_data(table))
    found = gene_effects.Effects(draws, declared, layout)
    guides = gene_effects.sgrna_table(found, layout, 0.5)
    own = draws["alpha_s"].sel(sgrna="sgRNA_3") - draws["gamma_g"].sel(gene=HOSTILE["gene_1"])
    row = guides.set_index("sgrna").loc["sgRNA_3"]
    assert row["departure"] == pytest.approx(float(own.mean()))
    assert row["departure_scaled"] == pytest.approx(float(own.mean()) / 0.5)
    assert row["departure_q975"] == pytest.approx(float(own.quantile(0.975)))


def test_corrected_logfc_is_logfc_without_the_copy_number_part(table, path, layout):
    declared, draws = draws_of("varying_effects", arrays.model_data(table))
    found = gene_effects.Effects(draws, declared, layout)
    rows = pd.concat([part.astype({"sgrna": "str"}) for part in gene_effects.corrected_rows(found, layout, path, 1)])
    slope = draws["beta_s"].mean(("chain", "draw")).to_series()
    np.testing.assert_allclose(rows["corrected_logfc"], table["logfc"] - table["sgrna"].map(slope) * table["x"])
    assert rows["sgrna"].tolist() == table["sgrna"].tolist()


def test_source_names_stand_beside_ours(table, layout):
    named = gene_effects.Layout(layout.genes.assign(label=layout.genes["gene"] + " (7)"), layout.sgrnas)
    rows = table.head(3).astype({"gene": "category", "cell_line": "category"})
    found = gene_effects.with_source_names(rows, {"gene": "Gene", "sgrna": "sgrna", "cell_line": "ModelID"}, named)
    assert found["Gene"].tolist() == ["<script>alert(1)</script> (7)"] * 3
    assert found["ModelID"].tolist() == table["cell_line"].head(3).tolist()


# --- the check of the correction -----------------------------------------------------------------------------------


def control_rows(slope, seed=1, genes=40, lines=25):
    """Rows of control genes: essential ones at -1, and an effect of copy number on all."""
    rng = np.random.default_rng(seed)
    gene, guide, line = np.meshgrid(np.arange(genes), np.arange(3), np.arange(lines), indexing="ij")
    cna = rng.gamma(4, 0.25, (genes, lines))[gene, line]
    x = np.log2(cna + 1) - 1
    noise = 0.3 * rng.standard_normal(x.shape) + 0.2 * rng.standard_normal((genes, 3))[gene, guide]
    names = {
        "gene": [f"g{i}" for i in gene.ravel()],
        "sgrna": [f"g{i}_{j}" for i, j in zip(gene.ravel(), guide.ravel(), strict=True)],
    }
    rows = pd.DataFrame(
        names | {"cell_line": [f"c{i}" for i in line.ravel()], "cna": cna.ravel(), "x": x.ravel(), "x_diploid": 0.0}
    )
    rows["control"] = np.where(gene.ravel() % 2, "essential", "nonessential")
    rows["logfc"] = -1.0 * (gene.ravel() % 2) + slope * rows["x"] + noise.ravel()
    return rows


def test_a_right_correction_leaves_no_slope():
    rows = control_rows(slope=-0.5)
    before = correction.judge(rows.assign(corrected_logfc=rows["logfc"]), 1.0)
    after = correction.judge(rows.assign(corrected_logfc=rows["logfc"] + 0.5 * rows["x"]), 1.0)
    assert abs(before["slope"] + 0.5) < 4 * before["slope_se"]
    assert abs(after["slope"]) < 4 * after["slope_se"]
    assert before["amplified_shift"] < -4 * before["amplified_shift_se"]
    assert abs(after["amplified_shift"]) < 4 * after["amplified_shift_se"]
    assert after["nnmd"] < before["nnmd"]


def test_the_clustered_error_is_the_spread_over_data_sets():
    found = [correction.judge(r.assign(corrected_logfc=r["logfc"]), 1.0) for r in (control_rows(-0.5, seed=s) for s in range(60))]
    spread = np.std([f["slope"] for f in found], ddof=1)
    assert np.mean([f["slope_se"] for f in found]) == pytest.approx(spread, rel=4 / np.sqrt(2 * 60))


def test_separation_by_hand():
    rows = control_rows(slope=0.0, genes=10, lines=2)
    found = correction.judge(rows.assign(corrected_logfc=rows["logfc"]), 1.0)
    areas, nnmd = [], []
    for _, line in rows.groupby("cell_line"):
        means = line.groupby(["gene", "control"])["logfc"].mean().reset_index()
        e, n = (means.loc[means["control"] == kind, "logfc"].to_numpy() for kind in ("essential", "nonessential"))
        areas.append(np.mean([one < other for one in e for other in n]))
        nnmd.append((e.mean() - n.mean()) / n.std(ddof=1))
    assert found["auroc"] == pytest.approx(np.mean(areas))
    assert found["nnmd"] == pytest.approx(np.mean(nnmd))


def test_simple_corrections_are_least_squares():
    rows = control_rows(slope=-0.3, genes=6)
    statistics = sufficient.from_arrays(arrays.model_data(rows))
    slopes = correction.baseline_slopes(statistics)
    dummies = pd.get_dummies(rows["sgrna"]).to_numpy(float)
    everywhere = np.linalg.lstsq(np.column_stack([rows["x"], dummies]), rows["logfc"], rcond=None)[0][0]
    np.testing.assert_allclose(slopes["global line"], everywhere)
    mine = (rows["gene"] == "g2").to_numpy()
    own = np.linalg.lstsq(np.column_stack([rows["x"], dummies])[mine], rows["logfc"][mine], rcond=None)[0][0]
    np.testing.assert_allclose(slopes["line per gene"][statistics.sgrnas.index("g2_1")], own)
    table = correction.compare(rows, statistics, {"perfect": rows["logfc"] + 0.3 * rows["x"]}, 1.0)
    assert table["method"].tolist() == ["none", "global line", "line per gene", "perfect"]
    assert table["slope"].tolist()[2] == pytest.approx(0, abs=0.1)  # its slopes are of all genes, the figure of nonessential ones
    assert table["genes_essential"].tolist() == [3] * 4


def test_without_control_genes_nothing_is_judged():
    rows = control_rows(slope=-0.3, genes=4)
    found = correction.judge(rows.assign(corrected_logfc=rows["logfc"], control="essential"), 1.0)
    assert np.isnan([found["auroc"], found["slope"], found["amplified_shift"]]).all()


# --- what people read ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def answers(table, path, layout):
    declared, draws = draws_of("varying_effects", arrays.model_data(table))
    found = gene_effects.Effects(draws, declared, layout)
    genes = gene_effects.gene_table(found, layout, {"gene_4": "essential", "=1+1": "nonessential"}, 2.0, THRESHOLDS).assign(
        variant="v"
    )
    sgrnas = gene_effects.sgrna_table(found, layout, 0.5).assign(variant="v")
    names = genes["gene"].tolist()
    lines = gene_effects.gene_lines(found, layout, gene_effects.rows_of_genes(path, 1, names), names)
    return genes, sgrnas, lines


def test_hostile_names_in_the_page(answers):
    genes, sgrnas, _ = answers
    genes = genes.assign(verdict="depleted")
    fits = pd.DataFrame({"variant": ["v"], "seed": [1], "verdict": ["pass"]})
    page = gene_page.page("study", genes, sgrnas.assign(departure_q025=1.0), fits, None, None, THRESHOLDS)
    assert "<script>alert" not in page
    assert page.count("<script") == 2  # its own
    assert "&lt;script&gt;alert(1)" in page
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, flags=re.DOTALL)[1])
    assert sorted(row[0] for row in data) == sorted(genes["gene"])


def test_a_study_without_genes_has_a_page_too(answers):
    genes, sgrnas, _ = answers
    fits = pd.DataFrame({"variant": ["v"], "seed": [1], "verdict": ["error"]})
    assert "No fit gives effects" in gene_page.page("study", genes.head(0), sgrnas.head(0), fits, None, None, THRESHOLDS)


def test_a_study_whose_variants_have_no_genes_has_a_page_too(answers):
    _, sgrnas, _ = answers
    none = pd.DataFrame(columns=list(gene_effects.GENE_COLUMNS))  # as from estimate_effects: without rows, columns have no type
    fits = pd.DataFrame({"variant": ["pooled"], "seed": [1], "verdict": ["pass"]})
    page = gene_page.page("study", none, sgrnas.head(0), fits, None, None, THRESHOLDS)
    assert "No fit gives effects" in page


def test_nothing_is_judged_without_essential_genes(answers):
    genes, sgrnas, _ = answers
    rows = control_rows(slope=-0.3, genes=4)
    rows = rows[rows["control"] == "nonessential"]
    statistics = sufficient.from_arrays(arrays.model_data(rows))
    table = correction.compare(rows, statistics, {"v": rows["logfc"] + 0.3 * rows["x"]}, 1.0)
    fits = pd.DataFrame({"variant": ["v"], "seed": [1], "verdict": ["pass"]})
    assert "It cannot be judged" in gene_page.page("study", genes, sgrnas, fits, None, table, THRESHOLDS)


def test_a_variant_whose_names_say_nothing_is_known_as_such(table, layout):
    declared, draws = draws_of("varying_effects", arrays.model_data(table))
    assert gene_effects.Effects(draws, declared, layout).known
    renamed = draws.rename({name: f"my_{name}" for name in draws.data_vars})
    own = declaration.Declaration(declared.path, "", {})
    assert not gene_effects.Effects(renamed, own, layout).known


def test_the_page_shows_the_variant_that_predicts_best(answers):
    genes, sgrnas, _ = answers
    two = pd.concat([genes.assign(variant="bad"), genes])
    fits = pd.DataFrame({"variant": ["bad", "v"], "seed": [1, 1], "verdict": ["fail", "warn"]})
    ranks = pd.DataFrame({"variant": ["v", "bad"], "seed": 1, "rank": [1.0, np.nan], "elpd": [1.0, 2.0], "log_evidence": np.nan})
    evidence = pd.DataFrame(
        {"variant": ["w", "v", "bad"], "seed": 1, "rank": np.nan, "elpd": np.nan, "log_evidence": [-9.0, -4.0, -3.0]}
    )
    two = pd.concat([two, genes.assign(variant="w")])
    fits.loc[2] = ["w", 1, "pass"]
    for comparison in (ranks, evidence):
        assert "<b>v</b>" in gene_page.page("study", two, sgrnas, fits, comparison, None, THRESHOLDS)


def test_csv_cannot_be_a_formula(tmp_path):
    names = ["=1+1", "+A", "-B", "@C", "plain", 'a,"b"', None]
    tables.write(pd.DataFrame({"gene": names, "value": np.arange(7.0) - 3}), tmp_path / "t.csv")
    back = pd.read_csv(tmp_path / "t.csv")
    assert back["gene"].tolist()[:6] == ["'=1+1", "'+A", "'-B", "'@C", "plain", 'a,"b"']
    assert pd.isna(back["gene"].iloc[6])
    assert back["value"].tolist() == [-3, -2, -1, 0, 1, 2, 3]


def test_pictures_take_hostile_names(tmp_path, table, answers):
    genes, sgrnas, lines = answers
    names = genes["gene"].tolist()
    for name, picture in {
        "volcano": pictures.volcano(genes, "t"),
        "ranking": pictures.ranking(genes, "t", lowest=2, highest=1),
        "lines": pictures.copy_number_lines(table, lines, genes, 2.0, ["NONE"], "t"),
        "guides": pictures.guides(sgrnas, genes, names, "t"),
    }.items():
        save(picture, tmp_path / f"{name}.svg")
        assert "<script>alert" not in (tmp_path / f"{name}.svg").read_text()


def test_a_curve_bends_the_line(table, layout):
    declared, draws = draws_of("saturating_effects", arrays.model_data(table))
    assert declared.response == ("saturating", "kappa")
    assert set(responses.CURVES) == {"saturating", "piecewise"}
    line = gene_effects.Effects(draws, declared, layout).line(0, np.array([0.0, 1.0, 2.0]))
    assert np.abs(line[:, 2] - 2 * line[:, 1] + line[:, 0]).min() > 0


def test_control_genes_by_their_name_in_the_source(path, layout):
    labels = gene_effects.gene_labels(path, 1)
    pd.testing.assert_series_equal(labels, layout.labels, check_names=False)
    named = labels + " (7)"  # as DepMap writes them; lists by symbol alone
    lists = {"essential": ["=1+1", "gene_4", "1-Mar"], "nonessential": ["1-Mar", "none"]}
    assert gene_effects.controls(named, lists) == {"=1+1": "essential", "gene_4": "essential"}
