"""Quality figures and flags of samples, and the check of what a screen is centred on."""

import re
from dataclasses import replace

import numpy as np
import pytest

from guidefit.config.thresholds import Thresholds
from guidefit.screens import quality
from helpers.count_tables import made_up, read_counts

THRESHOLDS = Thresholds().model_dump()


def judge(folder, table, sheet, lists=None, drops=False, thresholds=None, **steps):
    counts, files, steps = read_counts(folder, table, sheet, **{"of": {"condition": "DMSO"}} | steps)
    paths = {}
    for kind, names in (lists or {}).items():
        paths[kind] = str(folder / f"{kind}.txt")
        (folder / f"{kind}.txt").write_text("\n".join(["gene", *names]))
    samples, ledger = quality.judge(counts, files, steps, paths, THRESHOLDS | (thresholds or {}), drops)
    warned = ledger.table()
    return samples.set_index("sample"), warned.loc[warned["action"] == "warned", "reason"].tolist(), warned


LISTS = {"essential": [f"ESS{i}" for i in range(6)], "nonessential": [f"NON{i}" for i in range(10)]}


def test_good_samples_have_figures_and_no_flags(tmp_path):
    table, sheet, _ = made_up()
    found, warned, _ = judge(tmp_path, table, sheet, LISTS)
    assert warned == []
    assert (found["flags"] == "").all()
    counts = table["L1_d14_DMSO_A"]
    row = found.loc["L1_d14_DMSO_A"]
    assert row["reads"] == counts.sum()
    assert row["zero_counts"] == (counts == 0).sum()
    assert row["median_control"] == counts[table["sgRNA"].str.startswith("NTC")].median()
    assert row["role"] == "screened"
    assert row["reference"] == "L1_d0"
    assert found.loc["L1_d0", "role"] == "reference"
    assert found.loc["L1_d14_Drug_A", "role"] == "not used"
    pair = np.corrcoef(*(np.log2(table[f"L1_d14_DMSO_{r}"] / table[f"L1_d14_DMSO_{r}"].sum() * 3e4 + 1) for r in "AB"))[0, 1]
    assert row["replicate_correlation"] == pytest.approx(pair, abs=0.01)
    assert np.isnan(found.loc["L1_d0", "replicate_correlation"])
    assert row["nnmd"] < -5
    assert np.isnan(found.loc["L1_d0", "nnmd"])


def test_gini():
    assert quality.gini(np.full(10, 3.0)) == pytest.approx(0)
    assert quality.gini(np.array([0.0] * 9 + [5.0])) == pytest.approx(0.9)
    assert np.isnan(quality.gini(np.zeros(3)))


def spoiled():
    table, sheet, _ = made_up()
    rng = np.random.default_rng(0)
    table["L1_d14_DMSO_A"] = rng.permutation(table["L1_d14_DMSO_A"])
    table["L2_d14_DMSO_A"] = rng.poisson(table["L2_d14_DMSO_A"] / 100)
    return table, sheet


def test_bad_samples_are_flagged_and_reach_the_verdict(tmp_path):
    table, sheet = spoiled()
    found, warned, _ = judge(tmp_path, table, sheet, LISTS)
    assert "unlike its replicates" in found.loc["L1_d14_DMSO_A", "flags"]
    assert "controls not separated" in found.loc["L1_d14_DMSO_A", "flags"]
    assert "few reads" in found.loc["L2_d14_DMSO_A", "flags"]
    assert any("of 9 samples in use are flagged: few reads" in text for text in warned)
    used, warned, ledger = judge(tmp_path, table, sheet, LISTS, drops=True)
    assert warned == []
    assert ledger["reason"].str.contains("few reads").any()
    used.reset_index().to_csv(tmp_path / "samples.csv", index=False)
    assert set(quality.read_failing(tmp_path / "samples.csv")) >= {"L1_d14_DMSO_A", "L2_d14_DMSO_A"}
    assert quality.read_failing(None) == []


def test_thresholds_decide(tmp_path):
    table, sheet, _ = made_up()
    found, warned, _ = judge(tmp_path, table, sheet, thresholds={"sample_reads_min": 1e6})
    assert (found["flags"] == "few reads").all()
    assert len(warned) == 1


@pytest.mark.parametrize(
    ("lists", "steps", "message"),
    [
        ({}, {}, "nothing shows that most of the 19 genes have no effect"),
        ({"nonessential": LISTS["essential"]}, {}, "logFC of 24 guides of nonessential genes is -1.*every effect is shifted by"),
        ({"essential": [*LISTS["essential"], *LISTS["nonessential"]]}, {}, "64 of 88 guides target essential genes"),
    ],
)
def test_a_centre_that_is_no_null_is_warned_about(tmp_path, lists, steps, message):
    table, sheet, _ = made_up()
    _, warned, _ = judge(tmp_path, table, sheet, lists, normalise="all", control_guides=None, **steps)
    assert len(warned) == 1
    assert re.search(message, warned[0])


@pytest.mark.parametrize("steps", [{"control_guides": "ESS*"}, {"normalise": "nonessential", "control_guides": None}])
def test_controls_that_are_depleted_are_warned_about(tmp_path, steps):
    """Positive controls as control guides; with normalise: nonessential, the list of essential genes in place of the other one."""
    table, sheet, _ = made_up()
    counts, files, own = read_counts(tmp_path, table, sheet, of={"condition": "DMSO"}, **steps)
    (tmp_path / "list.txt").write_text("\n".join(LISTS["essential"]))
    files = replace(files, nonessential=str(tmp_path / "list.txt"))
    _, ledger = quality.judge(counts, files, own, {}, THRESHOLDS, False)
    warned = ledger.table().query("action == 'warned'")["reason"]
    assert warned.str.contains(r"the median guide is enriched by [12]\.\d\d logFC relative to the control guides").sum() == 1


def test_a_centre_that_is_a_null(tmp_path):
    table, sheet, _ = made_up()
    assert judge(tmp_path, table, sheet, LISTS, normalise="all")[1] == []
    contrast = {"of": {"condition": "Drug"}, "against": {"condition": "DMSO"}}
    assert judge(tmp_path, table, sheet, {}, normalise="all", control_guides=None, **contrast)[1] == []
