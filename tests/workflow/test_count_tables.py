"""Count tables through the real Snakefile: days and arms, contrasts, controls by guide, screens without copy numbers."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from helpers import ROOT
from helpers.count_tables import made_up, save
from helpers.running import Workflow

pytestmark = pytest.mark.slow

QUICK = {"engine": "collapsed", "draws": 100}
PLAIN = {"sampling": QUICK, "variants": ["sgrna_intercepts"], "checks": False}
EFFECTS = ("gene_effects.csv",)
TABLES = (*EFFECTS, "diagnostics.csv", "data/screen/samples.csv")
CASES = ROOT / "../shared/cases/screens"


def targets(*studies, tables=TABLES):
    return [f"results/{study}/{table}" for study in studies for table in tables]


@pytest.fixture(scope="module")
def screens(tmp_path_factory):
    """Two studies of one count table, run once: an arm against its initial samples, and a contrast of the arms. And their truth."""
    workflow = Workflow(tmp_path_factory.mktemp("screens"))
    table, sheet, truth = made_up()
    files = save(workflow.folder, table, sheet) | {"control_guides": "NTC_*"}
    late = PLAIN | {"screen": files | {"of": {"condition": "dmso"}}}
    contrast = PLAIN | {"screen": files | {"of": {"condition": "drug", "day": 14}, "against": {"condition": "dmso"}}}
    workflow.configure(late=late, contrast=contrast)
    run = workflow.run(*targets("late", "contrast"), "results/contrast/index.html", "results/contrast/figures/samples.svg")
    return workflow, run, truth


def test_studies_share_the_import_of_a_count_table(screens):
    _, run, _ = screens
    assert run.jobs.count("convert_count_table") == 1
    assert run.jobs.count("import_count_table") == 2


@pytest.mark.parametrize(("study", "truth_is"), [("late", "effect_true"), ("contrast", "difference")])
def test_effects_are_those_of_the_chosen_arms(screens, study, truth_is):
    workflow, _, truth = screens
    genes = workflow.table(f"{study}/gene_effects.csv").merge(truth, on="gene", suffixes=("", "_true"))
    known = genes[truth_is]
    assert len(genes) == len(truth)
    np.testing.assert_allclose(genes["effect"], known, atol=0.5)
    assert genes["slope"].eq(0).all()
    assert (genes["call"].fillna("") == np.where(known < 0, "depleted", "")).all()
    assert not genes["flags"].astype(str).str.contains("copy-number").any()
    assert workflow.table(f"{study}/diagnostics.csv")["verdict"].tolist() == ["unchecked"]
    samples = workflow.table(f"{study}/data/screen/samples.csv")
    assert samples["role"].value_counts().to_dict() == (
        {"screened": 6, "reference": 3, "not used": 6} if study == "late" else {"screened": 6, "reference": 6, "not used": 3}
    )


def test_the_pages_of_a_contrast(screens):
    workflow, _, _ = screens
    page = (workflow / "results/contrast/index.html").read_text()
    assert "the logFC of drug, 14 relative to dmso" in " ".join(page.split())
    assert "slope (95" not in page
    assert (workflow / "results/contrast/figures/samples.svg").stat().st_size > 5000


def case(folder, number):
    """A copy of a case, in a folder in which its configs can run."""
    found = sorted(CASES.glob(f"{number}_*"))
    if not found:
        pytest.skip("../shared/cases is absent")
    shutil.copytree(found[0], folder, dirs_exist_ok=True)
    for path in folder.rglob("*"):
        path.chmod(0o644 if path.is_file() else 0o755)
    return Workflow(folder), pd.read_csv(folder / "truth.csv")


MATRIX = {"counts": "counts.csv", "sequence_map": "sequence_map.csv", "guide_map": "guide_map.csv", "copy_number": "cn.csv"}
LISTS = {"nonessential": "non.csv", "essential": "ess.csv"}
SLOPES = {"covariate": "log2_diploid", "sampling": QUICK, "variants": ["varying_effects"], "checks": False}


def covered(workflow, study, truth):
    genes = workflow.table(f"{study}/gene_effects.csv").merge(truth, on="gene", suffixes=("", "_true"))
    assert len(genes) == len(truth)
    return ((genes["effect_q025"] <= genes["effect_true"]) & (genes["effect_true"] <= genes["effect_q975"])).mean()


def test_a_count_table_of_mageck(tmp_path):
    workflow, truth = case(tmp_path, "01")
    table = {"count_table": "counts.txt", "samples": "sequence_map.csv", "copy_number": "cn.csv"}
    workflow.configure(s=SLOPES | {"screen": table | LISTS})
    workflow.run(*targets("s", tables=EFFECTS))
    assert covered(workflow, "s", truth) > 0.8


def test_days_and_drug_arms_are_no_replicates(tmp_path):
    workflow, truth = case(tmp_path, "18")
    run = workflow.run(ok=False)
    assert run.code != 0
    assert "day 4, DMSO (5 samples), day 4, Drug (5 samples), day 10, DMSO (5 samples)" in run.output
    assert "Choose with screen.of, such as of: {condition: DMSO, day: 14}" in run.output
    assert "Traceback" not in run.output
    assert run.jobs == []
    workflow.configure(s=SLOPES | {"screen": MATRIX | LISTS | {"of": {"condition": "DMSO", "day": 14}}})
    workflow.run(*targets("s", tables=EFFECTS))
    assert covered(workflow, "s", truth) > 0.8


def test_a_library_of_hits_with_controls_by_guide_and_without(tmp_path):
    workflow, truth = case(tmp_path, "04")
    blank = MATRIX | {"guide_map": "guide_map_blank.csv", "essential": "ess.csv", "control_guides": "NonTargeting*"}
    centred_on_all = MATRIX | {"essential": "ess.csv", "normalise": "all"}
    hart = MATRIX | {"essential": "ess.csv", "nonessential": "hart.csv"}
    workflow.configure(s=SLOPES | {"screen": blank}, all=SLOPES | {"screen": centred_on_all}, hart=SLOPES | {"screen": hart})
    run = workflow.run(*targets("s", "hart", tables=EFFECTS), "results/all/diagnostics.csv", ok=False)
    assert "name guides that are known to have no effect, non-targeting or cutting controls, as screen.control_guides" in run.output
    assert "normalise: all" not in run.output.split("hart.csv: none of its genes")[1].splitlines()[0]
    assert covered(workflow, "s", truth) > 0.8
    reasons = workflow.table("all/diagnostics.csv")
    assert reasons["verdict"].tolist() == ["warn"]
    assert "target essential genes, so the centre of all guides is no null" in reasons["reasons"].iloc[0]


@pytest.mark.long
def test_the_leukemia_screen_agrees_with_mageck(tmp_path, shared_data):
    """Each line against the initial samples of both, as MAGeCK MLE was run; its own order of genes and its clear hits."""
    folder = shared_data / "leukemia"
    workflow = Workflow(tmp_path)
    both = "HL60.initial;KBM7.initial"
    rows = ["sample,cell_line,day,reference", "HL60.initial,HL60,0,", "KBM7.initial,KBM7,0,"]
    rows += [f"HL60.final,HL60,,{both}", f"KBM7.final,KBM7,,{both}"]
    Path(workflow / "samples.csv").write_text("\n".join(rows))
    screen = {"count_table": str(folder / "leukemia.new.csv"), "samples": "samples.csv", "normalise": "all"}
    lines = {
        line: PLAIN | {"variants": ["gene_intercepts"], "screen": screen | {"of": {"cell_line": line}}} for line in ("HL60", "KBM7")
    }
    workflow.configure(**lines)
    workflow.run(*targets(*lines, tables=EFFECTS))
    mageck = pd.read_csv(folder / "beta_leukemia.gene_summary.txt", sep="\t").set_index("Gene")
    for line in lines:
        genes = workflow.table(f"{line}/gene_effects.csv").set_index("gene")
        column = next(name for name in mageck if name.startswith(line) and name.endswith("|beta"))
        beta, fdr = mageck[column][genes.index], mageck[column.replace("|beta", "|wald-fdr")][genes.index]
        assert stats.spearmanr(genes["effect"], beta).statistic > 0.9
        hits = (beta < 0) & (fdr <= 0.05)
        assert (genes.loc[hits, "call"] == "depleted").mean() > 0.85


@pytest.mark.long
def test_hl60_with_its_copy_numbers(tmp_path, shared_data):
    """One line with the copy numbers of its own screen: effects of genes, against MAGeCK's answer."""
    folder = shared_data / "leukemia"
    workflow = Workflow(tmp_path)
    rows = ["sample,cell_line,day,reference", "HL60.initial,HL60,0,", "KBM7.initial,KBM7,0,"]
    rows += ["HL60.final,HL60,,HL60.initial;KBM7.initial", "KBM7.final,KBM7,,HL60.initial;KBM7.initial"]
    Path(workflow / "samples.csv").write_text("\n".join(rows))
    screen = {"count_table": str(folder / "leukemia.new.csv"), "samples": "samples.csv", "normalise": "all"}
    screen |= {"copy_number": str(folder / "cnv_data.txt"), "copy_number_unit": "log2_ratio", "constant_covariate": "keep"}
    sampling = {"engine": "gibbs", "chains": 2, "draws": 300, "tune": 300}
    study = {"screen": screen | {"of": {"cell_line": "HL60"}}, "covariate": "log2_diploid", "variants": ["one_line"]}
    workflow.configure(HL60=study | {"sampling": sampling, "checks": False})
    workflow.run(*targets("HL60", tables=(*EFFECTS, "diagnostics.csv", "estimates.csv")))
    dropped = workflow.table("HL60/data/screen/dropped.csv")
    assert "HL60 = HL60_HAEMATOPOIETIC" in " ".join(dropped["examples"].fillna(""))
    assert dropped["reason"].str.contains("5 of 1,000 genes of the guides are not in the copy numbers").any()
    verdict = workflow.table("HL60/diagnostics.csv")
    assert verdict["verdict"].tolist() == ["warn"], verdict["reasons"].iloc[0]  # of guides far from their gene's others
    estimates = workflow.table("HL60/estimates.csv")["variable"]
    assert estimates.isin(["b_all", "b_75"]).sum() == 2  # no gene has more than 1.54 copies
    assert not estimates.isin(["b_95", "b_99"]).any()
    genes = workflow.table("HL60/gene_effects.csv").set_index("gene")
    mageck = pd.read_csv(folder / "beta_leukemia.gene_summary.txt", sep="\t").set_index("Gene")
    beta = mageck.filter(regex=r"HL60.*\|beta").iloc[:, 0][genes.index]
    fdr = mageck.filter(regex=r"HL60.*\|wald-fdr").iloc[:, 0][genes.index]
    assert stats.spearmanr(genes["effect"], beta).statistic > 0.85
    hits = (beta < 0) & (fdr <= 0.05)
    assert (genes.loc[hits, "call"] == "depleted").mean() > 0.4  # one sample a line: weaker ones have P < 0.95
    assert (genes["effect"].rank()[hits] <= 100).mean() > 0.8
