"""Files as laboratories have them, through the real Snakefile up to the import: each is read right, warned of, or refused.

All cases are studies of one config and one run, which goes on after an import that fails. The cases are expected next to the
checkout.
"""

import numpy as np
import pandas as pd
import pytest
import yaml

from helpers import ROOT
from helpers.running import Workflow

pytestmark = pytest.mark.slow

CASES = ROOT.parent / "shared/cases/screens"
# study -> folder and config of the case
STUDIES = {
    "bagel_lists": ("02_bagel-gene-lists", "config"),
    "no_header": ("02_bagel-gene-lists", "config_nohead"),
    "few_controls": ("02_bagel-gene-lists", "config_few"),
    "no_controls": ("04_sublibrary-all-hits", "config_hart"),
    "two_genes_in_one": ("07_excel-names", "config"),
    "renamed_genes": ("07_excel-names", "config_maps"),
    "other_ids": ("08_cell-line-ids", "config"),
    "dashes_in_lines": ("08_cell-line-ids", "config_partly"),
    "linear": ("09_copy-number-units", "config_linear_default"),
    "log2_ratio": ("09_copy-number-units", "config_log2ratio_default"),
    "absolute": ("09_copy-number-units", "config_absolute_linear"),
    "gistic": ("09_copy-number-units", "config_gistic_default"),
    "long_log2": ("09_copy-number-units", "config_long_log2_as_default"),
    "blanks": ("15_spreadsheet-files", "config_blanks"),
    "semicolon": ("15_spreadsheet-files", "config_semicolon"),
    "utf16_map": ("15_spreadsheet-files", "config_m_maputf16"),
    "decimal_commas": ("15_spreadsheet-files", "config_m_cncomma"),
    "workbook": ("15_spreadsheet-files", "config_book"),
    "one_toxic_guide": ("21_one-toxic-guide", "config_toxic"),
    "reads_per_million": ("23_log-counts", "config"),
    "log_counts": ("23_log-counts", "config_log2"),
}
REFUSED = {
    "no_controls": "name guides that are known to have no effect, non-targeting or cutting controls, as screen.control_guides",
    "log_counts": "so these look like logarithms of counts. Give raw read counts",
    "two_genes_in_one": "gene '1-Mar' has 8 guides, usual are 4: a spreadsheet has probably changed the names of two genes",
    "other_ids": "Expected cell lines and genes, such as A375_SKIN",
    "absolute": "set screen.copy_number_unit: linear and diploid: 2 in the study",
    "gistic": "calls such as those of GISTIC",
    "workbook": "book.xlsx: this is a workbook of a spreadsheet program",
}
WARNED = {
    "few_controls": "only 4 guides of nonessential genes scale and centre the samples",
    "one_toxic_guide": "1 guide(s) are further from the others of their gene than 10 robust standard deviations",
    "renamed_genes": "1 of 18 genes of the guides are not in the copy numbers, and are left out",
    "linear": "the highest of which would be 317 times diploid",
    "log2_ratio": "Set screen.copy_number_unit: log2_ratio to confirm it",
    "long_log2": "Set screen.copy_number_unit: log2 to confirm it",
}
NOTED = {
    "reads_per_million": "so they are taken as normalised counts",
    "renamed_genes": "SEPT9 = SEPTIN9, MARC1 = MTARC1",
    "dashes_in_lines": "HT-29 = HT29, K-562 = K562, NCI-H460 = NCIH460",
    "blanks": "non1 = NON1",
    "semicolon": "separated by semicolon, with decimal commas",
    "utf16_map": "in the encoding utf-16",
}


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """A run of the imports of all cases, and the workflow's folder."""
    if not CASES.is_dir():
        pytest.skip("no cases of screens next to the checkout (../shared/cases)")
    workflow = Workflow(tmp_path_factory.mktemp("cases"))
    workflow.configure(**{name: read_study(*place) for name, place in STUDIES.items()})
    targets = [f"results/{name}/data/screen/{'joins' if name == 'bagel_lists' else 'dropped'}.csv" for name in STUDIES]
    return workflow, workflow.run("--keep-going", *targets, ok=False)


def read_study(folder, config):
    """The study of a case, with absolute paths."""
    study = yaml.safe_load((CASES / folder / f"{config}.yaml").read_text())["studies"]["case"]
    files = {key: str(CASES / folder / value) for key, value in study["screen"].items() if (CASES / folder / str(value)).is_file()}
    return study | {"screen": study["screen"] | files}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_right_is_refused_with_the_remedy(imported, name):
    workflow, run = imported
    assert run.code != 0
    assert REFUSED[name] in run.output
    assert "Traceback" not in run.output
    assert not (workflow / f"results/{name}/data/screen/screen.parquet").exists()


@pytest.mark.parametrize("name", [name for name in STUDIES if name not in REFUSED])
def test_what_can_be_read_gives_the_truth(imported, name):
    """The line of each gene through its rows gives effect and slope of the simulated truth, as far as the few rows allow."""
    workflow, _ = imported
    screen = pd.read_parquet(workflow / f"results/{name}/data/screen/screen.parquet").astype({"gene": "str", "cell_line": "str"})
    truth = pd.read_csv(CASES / STUDIES[name][0] / "truth.csv", index_col="gene")
    fitted = pd.DataFrame({gene: np.polyfit(rows["x"], rows["logfc"], 1)[::-1] for gene, rows in screen.groupby("gene")}).T
    both = truth.join(fitted.set_axis(["level", "tilt"], axis=1), how="inner")
    assert len(both) >= 0.8 * len(truth)
    assert abs((both["level"] - both["effect"]).median()) < 0.2
    assert abs((both["tilt"] - both["slope"]).median()) < (0.12 if screen["cell_line"].nunique() > 4 else 0.25)


@pytest.mark.parametrize("name", [name for name in STUDIES if name not in REFUSED])
def test_what_is_odd_is_stated_and_only_doubts_are_warned_of(imported, name):
    workflow, run = imported
    ledger = workflow.table(f"{name}/data/screen/dropped.csv")
    warned = ledger.loc[ledger["action"] == "warned", "reason"]
    assert warned.empty == (name not in WARNED)
    if name in WARNED:
        assert warned.str.contains(WARNED[name], regex=False).any()
        assert WARNED[name] in run.output
    said = " ".join(ledger["reason"] + ": " + ledger["examples"].fillna(""))
    assert NOTED.get(name, "") in said


def test_all_joins_are_counted(imported):
    workflow, run = imported
    joins = workflow.table("bagel_lists/data/screen/joins.csv")
    assert joins.columns.tolist() == ["join", "side", "total", "matched", "lost", "share_lost", "examples"]
    counts = joins.set_index(["join", "side"])[["matched", "total"]]
    assert counts.loc[("guide map", "guides of the data")].tolist() == [72, 72]
    assert counts.loc[("copy numbers", "cell lines of the data")].tolist() == [5, 5]
    lists = joins[joins["join"] == "screen"]
    assert lists["matched"].tolist() == lists["total"].tolist() == [6, 12]
    assert "12 of 12 genes of" in run.output
    assert "72 of 72 guides of the data are in the guide map" in run.output
