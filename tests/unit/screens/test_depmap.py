"""Import of the files that DepMap distributes: against brute force, against a screen processed elsewhere, and malformed files."""

import h5py
import numpy as np
import pandas as pd
import pytest

from guidefit.base.errors import UserError
from guidefit.config.screen import Screen
from guidefit.config.thresholds import Thresholds
from guidefit.screens import depmap
from guidefit.screens.covariates import NAMES
from helpers.defaults import Covariate, Steps, default_of
from helpers.release import made_up, save

LOG2 = Covariate("log2", diploid=1.0)
LIMITS = {"logfc_max": default_of(Screen, "logfc_max"), "lost_share": default_of(Thresholds, "lost_share")}


@pytest.fixture
def release():
    return made_up()


def run(
    folder, release, ending=".hdf5", covariate=LOG2, constant="refuse", unit="log2", map_columns=None, block_rows=10**6, **steps
):
    files = depmap.Files(**save(folder, release, ending), map_columns=map_columns or {})
    blocks, ledger = depmap.import_depmap(files, Steps(**steps), covariate, constant, unit, **LIMITS, block_rows=block_rows)
    blocks = [block.astype(dict.fromkeys(("gene", "sgrna", "cell_line", "Gene"), "str")) for block in blocks]
    return pd.concat(blocks, ignore_index=True), ledger.table()


def by_hand(release, average="mean"):
    """LogFC by sgRNA and line, one number at a time."""
    counts, sequences = release["counts"], release["sequence_map"].set_index("sequence_ID")
    controls = [s for s, gene in release["guide_map"][["sgrna", "gene"]].to_numpy() if gene in set(release["nonessential"]["Gene"])]
    scaled = {s: counts.loc[s] * 500 / counts.loc[s, controls].median() for s in counts.index}
    logfc = {}
    for s, (line, batch, _) in sequences.iterrows():
        if line == "pDNA":
            continue
        plasmid = pd.DataFrame([scaled[p] for p in sequences.index if tuple(sequences.loc[p][:2]) == ("pDNA", batch)])
        one = np.log2(scaled[s] + 1) - np.log2(plasmid + 1).median()
        one[plasmid.median() < 50] = np.nan
        logfc[s] = one - one[controls].median()
    by_line = pd.DataFrame(logfc).T.groupby(sequences["cell_line_name"])
    return by_line.mean() if average == "mean" else by_line.median()


@pytest.mark.parametrize("ending", [".hdf5", ".csv"])
@pytest.mark.parametrize("average", ["mean", "median"])
def test_logfc_by_hand(tmp_path, release, ending, average):
    table, ledger = run(tmp_path, release, ending, replicates=average)
    expected = by_hand(release, average)
    for row in table.itertuples():
        assert row.logfc == pytest.approx(expected.loc[row.cell_line, row.sgrna], abs=1e-12)
        assert row.cna == pytest.approx(2 ** release["copy_number"].loc[row.cell_line, row.Gene] - 1, abs=1e-12)
    # every pair of guide and line is either in the screen or counted as left out
    assert ledger["rows"].fillna(0).sum() + len(table) == 20 * 4
    dropped = ledger[ledger["action"] == "dropped"].set_index("reason")["rows"].to_dict()
    assert dropped == {"scaled count of the reference below 50": 2, "no copy number for the gene in the cell line": 3}
    # g13 in L1 and L2 (L3 has batch B too), and the other guides of GENE1 in L1
    assert table.query("sgrna == 'g13'")["n_replicates"].tolist() == [2, 2]
    assert table.query("sgrna == 'g03' and cell_line == 'L1'")["n_replicates"].tolist() == [1]
    assert np.isnan(table.query("sgrna == 'g03' and cell_line == 'L1'")["logfc_sd"]).all()
    np.testing.assert_allclose(table["x"], np.log2(table["cna"] + 1))
    assert set(table["gene"]) == {f"GENE{g}" for g in range(5)}


def test_the_other_way_round_and_with_other_names(tmp_path, release):
    one, _ = run(tmp_path, release)
    release["counts"], release["copy_number"] = release["counts"].T, release["copy_number"].T
    release["sequence_map"] = release["sequence_map"].rename(columns={"sequence_ID": "lane"})
    release["guide_map"] = release["guide_map"].rename(columns={"gene": "Gene", "sgrna": "sgRNA"})
    release["nonessential"]["Gene"] = ["GENE2", "GENE3"]
    other, _ = run(tmp_path, release, ".csv", map_columns={"sequence": "lane"})
    pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rows", [depmap.BLOCK_ROWS, 1])  # all genes in one block; a block per gene
def test_blocks_change_nothing_and_every_covariate_sees_all_rows(tmp_path, release, name, rows):
    covariate = Covariate(name, diploid=1.0)
    table, _ = run(tmp_path, release, covariate=covariate, block_rows=rows)
    codes, _ = pd.factorize(table["gene"])
    fitted = covariate.fit(table["cna"].to_numpy(), codes)
    np.testing.assert_allclose(table["x"], fitted.x(table["cna"].to_numpy(), codes), atol=1e-12)
    np.testing.assert_allclose(table["x_diploid"], fitted.x(np.ones(len(table)), codes), atol=1e-12)


def test_a_matrix_of_logfc(tmp_path, release):
    expected = by_hand(release)
    release["logfc"] = expected.T
    release = {name: table for name, table in release.items() if name in ("logfc", "guide_map", "copy_number")}
    table, _ = run(tmp_path, release, ".csv")
    for row in table.itertuples():
        assert row.logfc == pytest.approx(expected.loc[row.cell_line, row.sgrna], abs=1e-9)
    screens = expected.T.rename(columns=lambda line: f"SC-{line}")
    maps = pd.DataFrame({"SequenceID": screens.columns + "a", "ScreenID": screens.columns, "ModelID": expected.index})
    again, _ = run(tmp_path, release | {"logfc": screens, "sequence_map": maps}, ".csv")
    pd.testing.assert_frame_equal(table, again)


def test_newer_copy_number_files(tmp_path, release):
    one, _ = run(tmp_path, release, ".csv")
    copies = release["copy_number"]
    front = pd.DataFrame({"SequencingID": [f"S{i}" for i in range(5)], "ModelID": copies.index, "IsDefaultEntryForModel": "Yes"})
    newer = pd.concat([front, copies.reset_index(drop=True)], axis=1)
    newer = pd.concat([newer, newer.head(1).assign(IsDefaultEntryForModel="No")], ignore_index=True)
    paths = save(tmp_path, release, ".csv")
    newer.to_csv(paths["copy_number"])
    blocks, _ = depmap.import_depmap(depmap.Files(**paths, map_columns={}), Steps(), LOG2, "refuse", "log2", **LIMITS)
    pd.testing.assert_series_equal(pd.concat(blocks)["cna"].reset_index(drop=True), one["cna"])


def test_what_is_left_out_by_choice(tmp_path, release):
    guides = release["guide_map"]
    guides.loc[0, "nAlignments"] = 3
    guides.loc[1, "DropReason"] = "SNP"
    release["guide_map"] = pd.concat([guides, guides[guides["sgrna"] == "g40"].assign(gene="GENE1 (101)")])
    release["sequence_map"].loc[0, "PassesQC"] = "False"
    table, ledger = run(
        tmp_path, release, multi_mapping="drop", failed_qc="drop", pdna_batches="pooled", min_pdna=0, normalise="all"
    )
    assert not {"g00", "g01", "g40"} & set(table["sgrna"])
    reasons = " ".join(ledger["reason"])
    for text in (
        "several genes: 1 guide",
        "DropReason, UsedByChronos): 1 guide",
        "several places of the genome: 1",
        "control left out",
    ):
        assert text in reasons
    assert table.query("cell_line == 'L1'")["n_replicates"].max() == 1
    kept, ledger = run(tmp_path, release, drop_reason="keep")
    assert {"g00", "g01"} <= set(kept["sgrna"])
    assert "1 guide(s) that cut in several places" in " ".join(ledger["reason"])


def test_genes_and_lines_that_do_not_match_are_counted(tmp_path, release):
    release["copy_number"] = release["copy_number"].drop(columns="GENE0 (100)").drop(index="L4")
    release["counts"]["stray"] = 100.0
    table, ledger = run(tmp_path, release)
    assert ledger["rows"].fillna(0).sum() + len(table) == 21 * 4
    reasons = " ".join(ledger["reason"])
    for text in (
        "not in the guide map: 1 guide",
        "no copy numbers for 1 cell line",
        "no copy numbers for the gene: 4 guide(s) of 1 gene",
    ):
        assert text in reasons


def test_constant_genes(tmp_path, release):
    release["copy_number"]["GENE3 (103)"] = 1.0
    with pytest.raises(UserError, match=r"no variation of the covariate log2 in 1 gene.s. .GENE3."):
        run(tmp_path, release)
    table, ledger = run(tmp_path, release, constant="drop", covariate=Covariate("zscore", diploid=1.0))
    assert "GENE3" not in set(table["gene"])
    assert ledger["rows"].fillna(0).sum() + len(table) == 20 * 4
    assert table["x"].std(ddof=0) == pytest.approx(1)


def drop_batch(r):
    r["sequence_map"] = r["sequence_map"][r["sequence_map"]["sequence_ID"] != "p3"]


def double_column(r):
    r["counts"] = pd.concat([r["counts"], r["counts"][["g00"]]], axis=1)


def foreign_counts(r):
    r["counts"].columns = [f"other{i}" for i in range(20)]


def one_line(r):
    r["copy_number"] = r["copy_number"].loc[["L2"]]


def other_genes(r):
    r["copy_number"].columns = [f"ENSG{i}" for i in range(6)]


def negative_counts(r):
    r["counts"] = -r["counts"]


def linear_copies(r):
    r["copy_number"] = 20 * r["copy_number"]


def ratios(r):
    r["copy_number"] = r["copy_number"] - 1


def no_guides(r):
    r["guide_map"] = r["guide_map"].rename(columns={"sgrna": "guide"})


def no_controls(r):
    r["nonessential"]["Gene"] = ["X", "Y"]


def no_plasmid(r):
    r["sequence_map"] = r["sequence_map"][r["sequence_map"]["cell_line_name"] != "pDNA"]


def empty_sample(r):
    r["counts"].loc["L2_2"] = 0.0


def logarithms(r):
    r["counts"] = np.log2(r["counts"] + 1)


def one_sample_of_logarithms(r):
    r["counts"].loc["L2_2"] = np.log2(r["counts"].loc["L2_2"] + 1)


def infinite_counts(r):
    r["counts"].loc["L2_2", "g02"] = np.inf


BAD_RELEASES = {
    logarithms: "counts.hdf5: the values are not whole numbers.*these look like logarithms of counts",
    one_sample_of_logarithms: "counts.hdf5: the values of 1 of 11 samples are not whole numbers.*logarithms of counts",
    infinite_counts: "counts.hdf5: infinite values",
    drop_batch: "sequence_map.csv: no pDNA sample of batch B, which 4 sample.s. have.*pdna_batches: pooled",
    double_column: "counts.hdf5: 1 column name.s. occur more than once .g00.",
    foreign_counts: "counts.hdf5: its names match neither in this orientation nor transposed: rows such as L1_0.*sgRNAs of the",
    one_line: "fewer than two cell lines have data and copy numbers .L2.;",
    other_genes: "copy_number.hdf5: its names match neither in this orientation nor transposed.*genes",
    negative_counts: "counts.hdf5: negative values, but read counts are 0 or more.*screen.logfc",
    linear_copies: "cannot be log2.relative copy number . 1.*copy_number_unit: log2",
    ratios: "copy_number.hdf5: negative copy numbers .*set screen.copy_number_unit: log2_ratio",
    no_guides: "guide_map.csv: missing column sgrna or sgRNA .screen.map_columns.sgrna.. The file has: guide",
    no_controls: "nonessential.csv: none of its genes .X, Y. has a guide",
    no_plasmid: "sequence_map.csv: the counts have no pDNA sample",
    empty_sample: "sample 'L2_2' has no reads, so it cannot be scaled. Remove the sample from .*sequence_map.csv",
}


@pytest.mark.parametrize(("spoil", "message"), BAD_RELEASES.items(), ids=[f.__name__ for f in BAD_RELEASES])
def test_files_that_do_not_fit_are_refused(tmp_path, release, spoil, message):
    spoil(release)
    with pytest.raises(UserError, match=f"(?s){message}"):
        run(tmp_path, release)


def test_broken_files(tmp_path, release):
    paths = save(tmp_path, release, ".csv")

    def attempt():
        blocks, _ = depmap.import_depmap(depmap.Files(**paths, map_columns={}), Steps(), LOG2, "refuse", "log2", **LIMITS)
        return list(blocks)

    text = release["counts"].astype(object)
    text.loc["L2_2", "g02"] = "many"
    text.to_csv(paths["counts"])
    with pytest.raises(UserError, match=r"text among the numbers .'g02', first in row 'L2_2': 'many'"):
        attempt()
    pd.concat([release["counts"], release["counts"][["g00"]]], axis=1).to_csv(paths["counts"])
    with pytest.raises(UserError, match=r"counts.csv: 1 column.s. occur more than once in the header .g00."):
        attempt()
    (tmp_path / "counts.hdf5").write_text("no HDF5")
    paths["counts"] = str(tmp_path / "counts.hdf5")
    with pytest.raises(UserError, match="cannot be read as HDF5"):
        attempt()
    with h5py.File(tmp_path / "counts.hdf5", "w") as file:
        file["data"] = [[1.0]]
    with pytest.raises(UserError, match="Expected the datasets data, dim_0 and dim_1"):
        attempt()
    paths["counts"] = str(tmp_path / "counts.xlsx")
    (tmp_path / "counts.xlsx").write_bytes(b"PK\x03\x04")
    with pytest.raises(UserError, match=r"counts.xlsx: this is a workbook of a spreadsheet program.*Save it as text"):
        attempt()


def test_the_avana_sample(shared_data):
    raw = shared_data / "raw"
    files = depmap.Files(
        guide_map=str(raw / "AvanaGuideMap.csv"),
        copy_number=str(raw / "OmicsCNGene.hdf5"),
        counts=str(raw / "AvanaReadcounts.hdf5"),
        sequence_map=str(raw / "AvanaSequenceMap.csv"),
        nonessential=str(raw / "AchillesNonessentialControls.csv"),
        map_columns={},
    )
    blocks, _ = depmap.import_depmap(files, Steps(), LOG2, "refuse", "log2", **LIMITS)
    table = pd.concat([block.astype({"sgrna": "str", "cell_line": "str", "gene": "str"}) for block in blocks])
    expected = pd.read_csv(shared_data / "avana_medium.csv").rename(columns={"depmap_id": "cell_line"})
    both = expected.merge(table, on=["sgrna", "cell_line"], how="left")
    assert len(both) == len(expected) == 10362
    np.testing.assert_allclose(both["logfc"], both["lfc"], atol=1e-4)
    np.testing.assert_allclose(both["cna"], both["copy_number"], atol=1e-4)
    assert (both["gene"] == both["hugo_symbol"]).all()
    assert (both["n_replicates_x"] == both["n_replicates_y"]).all()


def test_a_block_without_rows(tmp_path, release):
    release["copy_number"]["GENE3 (103)"] = np.nan
    table, ledger = run(tmp_path, release, covariate=Covariate("zscore_within_gene"), block_rows=1)
    assert "GENE3" not in set(table["gene"])
    assert ledger["rows"].fillna(0).sum() + len(table) == 20 * 4


def test_a_guide_map_with_a_row_for_each_alignment(tmp_path, release):
    one, _ = run(tmp_path, release)
    guides = release["guide_map"].assign(nAlignments=1.0)
    elsewhere = guides[guides["sgrna"].isin(["g00", "g01"])].assign(gene="", nAlignments=2.0)
    marked = guides[guides["sgrna"] == "g10"].assign(DropReason="SNP")
    for parts in ([guides, elsewhere, marked], [marked, elsewhere, guides]):
        table, ledger = run(tmp_path, release | {"guide_map": pd.concat(parts)})
        assert set(one["sgrna"]) - set(table["sgrna"]) == {"g10"}
        assert set(table.loc[table["n_alignments"] == 2, "sgrna"]) == {"g00", "g01"}
        reasons = " ".join(ledger["reason"])
        assert "2 guide(s) that cut in several places" in reasons
        assert "UsedByChronos): 1 guide" in reasons


def test_a_matrix_of_logfc_says_what_it_leaves_out(tmp_path, release):
    logfc = by_hand(release).T
    maps = pd.DataFrame({"SequenceID": logfc.columns, "ModelID": logfc.columns, "PassesQC": ["True", "True", "False", "True"]})
    parts = {name: release[name] for name in ("guide_map", "copy_number")} | {"logfc": logfc}
    table, ledger = run(tmp_path, parts | {"sequence_map": maps.drop(index=3)}, ".csv", constant="drop", failed_qc="drop")
    assert set(table["cell_line"]) == {"L1", "L2"}
    reasons = " ".join(ledger["reason"])
    assert "1 sample(s) that failed quality control left out" in reasons
    assert "2 column(s) of the logFC left out, for which the sequence map has no cell line" in reasons


@pytest.mark.parametrize("first", [True, False])
def test_copy_numbers_by_symbol_with_other_columns(tmp_path, release, first):
    one, _ = run(tmp_path, release, ".csv")
    copies = release["copy_number"].rename(columns=lambda label: label.split(" ")[0])
    front = {"ModelID": copies.index, "ProfileID": "PR", "IsDefaultEntryForModel": "Yes"}
    newer = pd.concat([pd.DataFrame(front), copies.reset_index(drop=True)], axis=1)
    paths = save(tmp_path, release, ".csv")
    newer.to_csv(paths["copy_number"], index=not first)
    blocks, _ = depmap.import_depmap(depmap.Files(**paths, map_columns={}), Steps(), LOG2, "refuse", "log2", **LIMITS)
    pd.testing.assert_series_equal(pd.concat(blocks)["cna"].reset_index(drop=True), one["cna"])


def test_a_row_may_be_called_NA(tmp_path, release):
    table, _ = run(tmp_path, release, ".csv")
    names = {"L1": "NA"}
    release["copy_number"] = release["copy_number"].rename(index=names)
    release["sequence_map"] = release["sequence_map"].replace({"cell_line_name": names})
    again, _ = run(tmp_path, release, ".csv")
    assert set(again["cell_line"]) == set(table["cell_line"]) - {"L1"} | {"NA"}


def test_few_control_guides_lower_the_verdicts(tmp_path, release):
    release["nonessential"] = release["nonessential"].head(1)
    _, ledger = run(tmp_path, release)
    warned = ledger.loc[ledger["action"] == "warned", "reason"].tolist()
    assert len(warned) == 1
    assert warned[0].startswith("only 4 guides of nonessential genes scale and centre the samples")


@pytest.mark.parametrize(
    ("of_guides", "of_copies"),
    [
        ("{symbol}", "{symbol} ({entrez})"),
        ("{symbol} ({entrez})", "{entrez}"),
        ("{entrez}", "{symbol} ({entrez})"),
        ("{symbol} ({entrez})", "{symbol}..{entrez}."),
        ("ENSG00000000{entrez}.3", "{symbol} (ENSG00000000{entrez})"),
        ("{symbol}", "gene{number}"),
    ],
    ids=["symbols in the map", "ids of copies", "ids in the map", "names by R", "Ensembl", "case"],
)
def test_genes_are_matched_whatever_their_labels(tmp_path, release, of_guides, of_copies):
    one, _ = run(tmp_path, release, ".csv", normalise="all")

    def rename(form):
        return lambda label: form.format(symbol=label.split(" ")[0], entrez=label[-4:-1], number=label[4])

    release["guide_map"]["gene"] = release["guide_map"]["gene"].map(rename(of_guides))
    release["copy_number"] = release["copy_number"].rename(columns=rename(of_copies))
    other, ledger = run(tmp_path, release, ".csv", normalise="all")
    key = ["sgrna", "cell_line"]
    pd.testing.assert_series_equal(other.set_index(key)["cna"].sort_index(), one.set_index(key)["cna"].sort_index())
    assert not ledger["action"].eq("warned").any()


def test_lines_are_matched_whatever_their_spelling(tmp_path, release):
    one, _ = run(tmp_path, release, ".csv")
    names = {"L1": "l-1", "L2": "L2_SKIN", "L3": "L3", "L4": " L4\u200b"}
    release["copy_number"] = release["copy_number"].rename(index=names)
    other, ledger = run(tmp_path, release, ".csv")
    pd.testing.assert_frame_equal(other, one)
    assert "L1 = l-1, L2 = L2_SKIN" in " ".join(ledger["examples"])
