"""Real screens through the real Snakefile: from DepMap's files to the answers."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from helpers import one_line
from helpers.release import made_up, save

pytestmark = pytest.mark.slow

QUICK = {"engine": "collapsed", "draws": 100}
ALL = {"covariate": "log2_diploid", "sampling": QUICK, "variants": ["varying_effects"], "checks": False, "figure_seeds": 0}


def depmap_study(folder, release, **changes):
    return ALL | {"screen": save(folder, release)} | changes


def release_with_hostile_names():
    release = made_up()
    names = {"GENE0 (100)": "<script>alert(1)</script> (100)", "GENE1 (101)": "=1+1 (101)", "GENE4 (104)": "1-Mar (104)"}
    release["guide_map"] = release["guide_map"].replace({"gene": names})
    release["copy_number"] = release["copy_number"].rename(columns=names)
    release["essential"] = pd.DataFrame({"Gene": ["GENE4 (104)", "1-Mar (104)", "=1+1 (101)"]})
    return release


def test_from_depmaps_files_to_answers(workflow):
    variants = {"varying_effects": {}, "gene_effects": {}, "pooled": {}, "saturating_effects": {"engine": "nuts"}}
    sampling = QUICK | {"tune": 100, "chains": 2}
    workflow.configure(s=depmap_study(workflow.folder, release_with_hostile_names(), variants=variants, sampling=sampling))
    run = workflow.run()
    assert run.jobs.count("import_depmap") == 1
    genes, guides = (workflow.table(f"s/{name}_effects.csv") for name in ("gene", "sgrna"))
    assert set(genes["variant"]) == {"varying_effects", "gene_effects", "saturating_effects"}
    assert set(guides["variant"]) == {"varying_effects", "saturating_effects"}
    assert set(genes["gene"]) == {"<script>alert(1)</script>", "'=1+1", "GENE2", "GENE3", "1-Mar"}
    assert set(genes["Gene"]) >= {"GENE2 (102)", "'=1+1 (101)"}
    of_lines = genes.columns[genes.columns.str.contains("common|class_call|selectivity|slope_artefact|slope_biology")]
    numbers = genes.drop(columns=["effect_scaled", "call", *of_lines]).select_dtypes("number")
    assert np.isfinite(numbers).all(axis=None)
    assert genes[of_lines].isna().all(axis=None)
    assert workflow.table("s/line_quality.csv").empty
    assert not (workflow / "results/s/lines.html").exists()
    one = genes[genes["variant"] == "varying_effects"].set_index("gene")
    estimates = workflow.table("s/estimates.csv").query("variant == 'varying_effects' and variable == 'gamma_g'").set_index("gene")
    # x is 0 at diploid: the effect is gamma_g; one comes from draws, the other from conditional moments
    np.testing.assert_allclose(one["effect"], estimates["mean"][one.index], atol=4 * (one["effect_sd"] / np.sqrt(400)).max())

    corrected = pd.read_parquet(workflow / "results/s/corrected_logfc.parquet")
    screen = pq.read_table(workflow / "results/s/data/screen/screen.parquet").to_pandas()
    assert len(corrected) == 4 * len(screen)
    np.testing.assert_allclose(corrected["corrected_logfc"], corrected["logfc"] - corrected["copy_number_part"])
    assert {"Gene", "sgRNA", "ModelID"} <= set(corrected)
    correction = workflow.table("s/correction.csv")
    assert correction["method"].tolist() == ["none", "global line", "line per gene", *sorted(variants)]
    assert set(correction["rows"]) == {"fitted"}  # the folds are fitted by the engine gibbs
    dropped = workflow.table("s/data/screen/dropped.csv")
    assert dropped["rows"].sum() + len(screen) == 80
    assert dropped["reason"].str.contains("spreadsheet").any()
    for name in ("index",):
        assert "<script>alert" not in (workflow / f"results/s/{name}.html").read_text()
    assert "Nothing to be done" in workflow.run().output


@pytest.mark.long
def test_effects_by_gene_and_cell_line_of_both_engines(workflow):
    variants = {"gene_classes": {"engine": "gibbs"}, "gene_by_line": {"engine": "nuts"}, "pooled": {}}
    sampling = QUICK | {"tune": 100, "chains": 2}
    study = depmap_study(workflow.folder, release_with_hostile_names(), variants=variants, sampling=sampling, matrices=True)
    workflow.configure(s=study)
    run = workflow.run()
    assert run.jobs.count("write_matrices") == 2
    lines, cells = workflow.table("s/line_quality.csv"), pd.read_parquet(workflow / "results/s/gene_line_effects.parquet")
    screen = pq.read_table(workflow / "results/s/data/screen/screen.parquet").to_pandas()
    for variant in ("gene_classes", "gene_by_line"):
        own = cells[cells["variant"] == variant]
        assert set(zip(own["gene"], own["cell_line"], strict=True)) == set(zip(screen["gene"], screen["cell_line"], strict=True))
        assert np.isfinite(own.select_dtypes("number")).all(axis=None)
        assert sorted(lines.loc[lines["variant"] == variant, "cell_line"]) == sorted(set(screen["cell_line"]))
        matrix = pd.read_csv(workflow / f"results/s/depmap/{variant}/CRISPRGeneEffect.csv", index_col="ModelID")
        assert "'=1+1 (101)" in matrix
        one = own[(own["Gene"] == "GENE2 (102)")].set_index("ModelID")["effect_scaled"]
        np.testing.assert_allclose(matrix["GENE2 (102)"], one[matrix.index], atol=1e-6)
    genes, guides = (workflow.table(f"s/{name}_effects.csv") for name in ("gene", "sgrna"))
    assert genes.set_index("variant").loc["gene_classes", "p_common"].between(0, 1).all()
    assert genes.set_index("variant").loc["gene_by_line", "p_common"].isna().all()
    assert guides.groupby("variant")["p_departs"].count()["gene_by_line"] == 0
    assert guides[["noise", "noise_q975"]].notna().all(axis=None)
    assert {"raw", "artefact", "corrected", "effect"} <= set(workflow.table("s/amplified_genes.csv"))
    corrected = pd.read_parquet(workflow / "results/s/corrected_logfc.parquet").query("variant == 'gene_classes'")
    correction = workflow.table("s/correction.csv")
    unseen = correction[correction["rows"] == "unseen lines"]
    assert unseen["method"].tolist() == ["none", "global line", "line per gene", "gene_classes"]
    assert "unseen lines and genes" in set(correction["rows"])
    shapes = workflow.table("s/artefact_shapes.csv")
    assert shapes["variant"].unique().tolist() == ["gene_classes"]
    assert shapes["fitted"].sum() == 1
    assert "Is the copy-number correction right?" in (workflow / "results/s/index.html").read_text()
    slopes = corrected["copy_number_part"] / corrected["x"]  # the artefact that all genes share, and nothing else
    of_lines = slopes.groupby(corrected["cell_line"].astype(str)).agg(["min", "max"])
    np.testing.assert_allclose(of_lines["min"], of_lines["max"])
    multiplier = lines[lines["variant"] == "gene_classes"].set_index("cell_line")["multiplier"]
    artefact = genes.loc[genes["variant"] == "gene_classes", "slope_artefact"].iloc[0]
    np.testing.assert_allclose(of_lines["min"], artefact * multiplier[of_lines.index], rtol=0.3)
    assert "<script>alert" not in (workflow / "results/s/lines.html").read_text()
    assert "Nothing to be done" in workflow.run().output


def test_a_new_list_of_controls_fits_nothing_again(workflow):
    release = made_up()
    workflow.configure(s=depmap_study(workflow.folder, release))
    workflow.run()
    assert not (workflow / "results/s/correction.csv").exists()
    release["essential"] = pd.DataFrame({"Gene": ["GENE0 (100)"]})
    workflow.configure(s=depmap_study(workflow.folder, release))
    again = workflow.run()
    assert {"fit", "import_depmap"} & set(again.jobs) == set()
    assert {"estimate_effects", "assess_correction", "plot_correction"} <= set(again.jobs)


def test_one_cell_line_through_the_workflow(workflow):
    table, gamma, second = one_line.screen(np.random.default_rng(6), genes=150)
    table.drop(columns="x").to_csv(workflow / "one.csv", index=False)
    for kind, mine in (("essential", second), ("nonessential", ~second)):
        pd.DataFrame({"Gene": [f"g{i}" for i in np.flatnonzero(mine)]}).to_csv(workflow / f"{kind}.csv", index=False)
    names = {name: name for name in ("gene", "sgrna", "cell_line", "cna", "logfc")}
    screen = {"path": "one.csv", "columns": names, "essential": "essential.csv", "nonessential": "nonessential.csv"}
    screen["constant_covariate"] = "keep"
    study = {"covariate": "log2_diploid", "variants": ["one_line"], "figure_seeds": 1}
    workflow.configure(s=study | {"screen": screen, "sampling": {"engine": "gibbs", "tune": 100, "draws": 200, "chains": 2}})
    workflow.run()
    genes = workflow.table("s/gene_effects.csv").set_index("gene")
    true = pd.Series(gamma, [f"g{i}" for i in range(150)])[genes.index]
    assert np.corrcoef(genes["effect"], true)[0, 1] > 0.9
    assert (genes.loc[true < -1, "class_call"] == "common").mean() > 0.9
    assert genes["slope_artefact"].isna().all()
    corrected = pd.read_parquet(workflow / "results/s/corrected_logfc.parquet")
    assert (abs(corrected["copy_number_part"]) > 0.05).any()
    judged = workflow.table("s/correction.csv").set_index("method")
    assert abs(judged.loc["one_line", "slope"]) < 0.5 * abs(judged.loc["none", "slope"])
    assert workflow.table("s/diagnostics.csv")["verdict"].isin(["pass", "warn"]).all()
    assert "class" in (workflow / "results/s/index.html").read_text()


def test_predictions_are_checked_whatever_the_engine(workflow):
    variants = {
        "gene_by_line": {"engine": "gibbs", "tune": 60, "draws": 60, "chains": 2},
        "varying_effects": {},
        "pooled": {"engine": "nuts", "tune": 200, "chains": 2},
    }
    study = depmap_study(workflow.folder, made_up(), variants=variants, checks=True, figure_seeds=1)
    workflow.configure(s=study)
    workflow.run()
    rows = len(pq.read_table(workflow / "results/s/data/screen/screen.parquet"))
    table = workflow.table("s/checks.csv").set_index(["variant", "check"])
    for variant, settings in variants.items():
        folder = workflow / f"results/s/fits/{variant}/seeds_1"
        loo, lines = (pd.read_parquet(folder / f"{name}.parquet") for name in ("loo", "predicted_lines"))
        assert len(loo) == rows
        assert np.isfinite(loo[["elpd_i", "pit", "pareto_k"]]).all(axis=None)
        assert {"pareto_k", "loo_pit", "loo_pit_genes", "loo_pit_lines", "loo_pit_sgrnas"} <= set(table.loc[variant].index)
        assert (settings.get("engine") == "nuts") == lines.empty
        assert (workflow / f"results/s/figures/{variant}-posterior_predictive_by_line-seed_1.svg").exists()
    compared = workflow.table("s/comparison.csv").set_index("variant")["elpd"]
    assert np.isfinite(compared).all()


OWN = '''"""A mean of its own name."""

import pymc as pm

from guidefit.models.parts import prior, rows

PRIORS = {"level": {"distribution": "Normal", "mu": 0, "sigma": 5}, "noise": {"distribution": "Exponential", "lam": 1}}


def build(data, priors):
    with pm.Model(coords=data.coords) as model:
        x, logfc = rows(data)
        pm.Normal("logfc", prior("level", priors), prior("noise", priors), observed=logfc, dims="row")
    return model
'''


def test_answers_where_there_are_none(workflow):
    """No gene effects, no control genes, a variant of one's own with names of its own."""
    release = made_up()
    del release["nonessential"]
    (workflow / "own.py").write_text(OWN)
    variants = {"own": {"file": "own.py", "engine": "nuts"}, "pooled": {}}
    sampling = QUICK | {"tune": 100, "chains": 2}
    study = depmap_study(workflow.folder, release, variants=variants, sampling=sampling)
    study["screen"]["normalise"] = "all"
    workflow.configure(s=study)
    run = workflow.run()
    assert "own: none of its parameters has a name that effects are read by" in run.output
    assert workflow.table("s/gene_effects.csv").empty
    assert set(pd.read_parquet(workflow / "results/s/corrected_logfc.parquet")["variant"]) == {"pooled"}
    assert workflow.table("s/data/screen/controls.csv").empty
    assert "No fit gives effects of genes" in (workflow / "results/s/index.html").read_text()


@pytest.mark.parametrize(
    ("essential", "message"),
    [("ENSG1", "the screen has none of its 1 genes (ENSG1)"), ("GENE3 (103)", "are the two lists swapped")],
    ids=["useless", "swapped"],
)
def test_lists_of_control_genes_are_refused_before_any_fit(workflow, essential, message):
    release = made_up() | {
        "essential": pd.DataFrame({"Gene": [essential]}),
        "nonessential": pd.DataFrame({"Gene": ["GENE1 (101)"]}),
    }
    study = depmap_study(workflow.folder, release)
    study["screen"]["normalise"] = "all"
    workflow.configure(s=study)
    run = workflow.run(ok=False)
    assert run.code != 0
    assert message in run.output
    assert "Traceback" not in run.output
    assert not list(workflow.folder.glob("results/s/fits/*/*/posterior.nc"))


def test_a_release_that_does_not_fit_is_refused_before_any_fit(workflow):
    release = made_up()
    release["sequence_map"] = release["sequence_map"][release["sequence_map"]["sequence_ID"] != "p3"]
    workflow.configure(s=depmap_study(workflow.folder, release))
    run = workflow.run(ok=False)
    assert run.code != 0
    assert "no pDNA sample of batch B" in run.output
    assert "Traceback" not in run.output
    assert run.jobs == []


@pytest.mark.long
def test_the_raw_avana_sample(workflow, shared_data):
    raw = shared_data / "raw"
    names = {"counts": "AvanaReadcounts.hdf5", "sequence_map": "AvanaSequenceMap.csv", "guide_map": "AvanaGuideMap.csv"}
    names |= {"copy_number": "OmicsCNGene.hdf5", "nonessential": "AchillesNonessentialControls.csv"}
    names |= {"essential": "AchillesCommonEssentialControls.csv"}
    files = {key: str(raw / name) for key, name in names.items()}
    workflow.configure(avana=ALL | {"screen": files})
    workflow.run()
    genes = workflow.table("avana/gene_effects.csv").set_index("gene")
    assert len(genes) == 882
    medians = genes.groupby("control")["effect"].median()
    assert medians["essential"] < -0.8
    assert abs(medians["nonessential"]) < 0.15
    assert genes.loc["MYCN", "slope_q975"] < 0
    assert "one-line leverage" in genes.loc["MYCN", "flags"]
    correction = workflow.table("avana/correction.csv").set_index("method")
    before, after = correction.loc["none"], correction.loc["varying_effects"]
    assert before["slope"] < -4 * before["slope_se"]
    assert abs(after["slope"]) < 0.25 * abs(before["slope"])
    assert after["nnmd"] <= before["nnmd"]
