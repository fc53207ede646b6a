"""Remedies for matrices, maps, copy numbers and lists of control genes."""

import h5py
import numpy as np
import pandas as pd

from helpers.remedies import Case, Lab, set_from
from helpers.remedies_of_counts import restore, steps


def edit(key, change):
    return lambda lab: lab.edit(key, change)


def settings(**values):
    return lambda lab: lab.settings.update(values)


def follow(lab: Lab):
    """Set unit and diploid copy number, or what else the message names."""
    named = set_from(lab.said)
    of_ours = {"copy_number_unit": "unit", "diploid": "diploid", "constant_covariate": "constant_covariate"}
    found = {ours: named[theirs] for theirs, ours in of_ours.items() if theirs in named}
    assert found, lab.said
    lab.settings.update(found)


def both(*changes):
    def change(lab):
        for each in changes:
            each(lab)

    return change


def copies(change):
    return edit("copy_number", change)


def linear(table):
    return 2**table - 1


def absolute(table):
    """Whole copies of diploid cells."""
    return np.maximum(np.round(2 * linear(table)), 1)


def whole(lab):
    """Whole copies relative to diploid ones, as the good screen of absolute numbers has them."""
    lab.edit("copy_number", lambda table: np.log2(absolute(table) / 2 + 1))


def tidy(lab, **columns):
    """Copy numbers with a row per line and gene."""
    rows = lab.read("copy_number").rename_axis("ModelID").reset_index().melt("ModelID", var_name="gene", value_name="log2")
    lab.write("copy_number", rows.assign(**columns).set_index("ModelID"))


def tidy_twice(lab):
    tidy(lab)
    lab.edit("copy_number", lambda rows: pd.concat([rows, rows.tail(1).assign(log2=3.0)]))


def tidy_unclear(lab):
    tidy(lab, other=0.5)
    lab.edit("copy_number", lambda rows: rows.rename(columns={"log2": "p", "other": "q"}))


def tidy_with_text(lab):
    tidy(lab)
    lab.edit("copy_number", lambda rows: rows.assign(log2=rows["log2"].astype(object).where(~_last(rows), "low")))


def _last(rows):
    return (rows.index == "L4") & (rows["gene"] == "GENE4 (104)")


def segments(lab):
    rows = [("L1", 1, 1000, 2000, 0.3), ("L2", 1, 3000, 5000, -0.2)]
    table = pd.DataFrame(rows, columns=["ModelID", "Chromosome", "Start", "End", "SegmentMean"])
    lab.write("copy_number", table.set_index("ModelID"))


def without(key, rows=None, columns=None):
    return edit(key, lambda table: table.drop(index=rows or [], columns=columns or []))


def no_copy_number(lab):
    del lab.files["copy_number"]


def others_named(prefix):
    """Genes of copy numbers under names of another kind."""
    return copies(lambda table: table.rename(columns={name: f"{prefix}{i}" for i, name in enumerate(table.columns)}))


def one_line(lab):
    lab.edit("sequence_map", lambda table: table[table["cell_line_name"].isin(["L1", "pDNA"])])


def as_logfc(key):
    """What the file of `key` holds is given as screen.logfc."""

    def change(lab):
        lab.files["logfc"] = lab.files.pop(key)
        lab.kind = "logfc"

    return change


def as_counts(lab):
    lab.files["counts"] = lab.files.pop("logfc")
    lab.kind = "counts"


def logfc_as_counts(lab):
    """LogFC of the samples in place of their counts."""
    rng = np.random.default_rng(3)

    def replace(counts):
        logfc = pd.DataFrame(rng.normal(0, 1, counts.shape), counts.index, counts.columns)
        return logfc.assign(**{name: logfc[name] - 3 for name in ("g00", "g01", "g02", "g03")})

    lab.edit("counts", replace)


def mean_of_lines(lab):
    """The mean of the same logFC over the samples of each line, as screen.logfc."""
    logfc_as_counts(lab)
    logfc = lab.read("counts").T
    lines = lab.read("sequence_map").set_index("sequence_ID")["cell_line_name"]
    lab.write("logfc", logfc.T.groupby(lines[logfc.columns].to_numpy()).mean().drop(index="pDNA").T)
    lab.files = {key: lab.files[key] for key in ("logfc", "guide_map", "copy_number", "essential", "nonessential")}
    lab.kind = "logfc"


def counts_as_logfc(lab):
    """The good counts in place of logFC."""
    lab.files["logfc"] = lab.files.pop("counts")
    lab.kind = "logfc"


def hdf5(change):
    """Counts as HDF5, spoiled by a function of the open file."""

    def spoil(lab):
        table = lab.read("counts")
        lab.files["counts"] = lab.folder / "counts.hdf5"
        with h5py.File(lab.files["counts"], "w") as file:
            file["data"] = table.to_numpy(float)
            file["dim_0"], file["dim_1"] = table.index.to_numpy("S"), table.columns.to_numpy("S")
            change(file)

    return spoil


def texts(file):
    del file["data"]
    file["data"] = np.full((11, 20), b"x")


def truncated(lab):
    lab.files["counts"] = lab.folder / "counts.hdf5"
    lab.files["counts"].write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(50))


def first_column(lab, value):
    def change(content):
        lines = content.decode().split("\n")
        lines[2] = value + lines[2][lines[2].index(",") :]
        return "\n".join(lines).encode()

    lab.rewrite("counts", change)


def text_in(key, row, column, value):
    def change(table):
        table[column] = table[column].astype(object)
        table.loc[row, column] = value

    return edit(key, change)


def names_of(key, change):
    return edit(key, lambda table: table.rename(columns=change))


def empty(lab):
    lab.files["nonessential"].write_text("Gene\n")


def swap_lists(lab):
    one, other = (lab.files[kind].read_bytes() for kind in ("essential", "nonessential"))
    lab.files["essential"].write_bytes(other)
    lab.files["nonessential"].write_bytes(one)


def list_of(kind, *genes):
    return lambda lab: lab.write(kind, pd.DataFrame({"Gene": genes}))


def no_list(kind):
    return lambda lab: lab.files.pop(kind) and None


def times_ploidy(lab):
    """Absolute copy numbers, with the ploidy of each line in another file."""
    lab.edit("copy_number", lambda table: linear(table).mul([PLOIDY.get(line, 2.0) for line in table.index], axis=0))
    write_ploidy(lab)


def write_ploidy(lab, **changed):
    table = pd.DataFrame({"cell_line": list(PLOIDY), "ploidy": list(PLOIDY.values())})
    lab.write("ploidy", table.assign(**changed))


def ploidy_of(line, value):
    return edit(
        "ploidy", lambda table: table.assign(ploidy=table["ploidy"].astype(object).where(table["cell_line"] != line, value))
    )


PLOIDY = {"L1": 2.0, "L2": 3.1, "L3": 4.0, "L4": 1.9}

LOST = "raise thresholds.lost_share"
MORE_LOST = settings(lost_share=0.7)


def lost(spoil, side, *names):
    """Two cases for names that are lost in a join: the files are completed, or the losses are accepted, which is warned of."""
    yield Case("counts", spoil, f"{side}.*Correct the names or add what is missing", (restore(*names),))
    yield Case("counts", spoil, LOST, (MORE_LOST,), warns=True)


def good_and_few(lab):
    lab.edit("guide_map", lambda table: table[12:])
    lab.write("nonessential", pd.DataFrame({"Gene": ["GENE3 (103)", "GENE4 (104)"]}))
    del lab.files["essential"]


COPIES = {
    "no_copies": Case("counts", copies(lambda table: table * np.nan), "all copy numbers are missing", (restore("copy_number"),)),
    "gistic": Case(
        "counts",
        copies(lambda table: np.clip(np.round(2 * np.log2(linear(table) + 0.01)), -2, 2)),
        r"calls such as those of GISTIC.*Give the continuous",
        (
            both(restore("copy_number"), copies(lambda table: np.log2(linear(table))), settings(unit="log2_ratio")),
            both(restore("copy_number"), copies(linear), settings(unit="linear")),
        ),
    ),
    "ratios_as_log2": Case(
        "counts",
        both(copies(lambda table: np.log2(linear(table))), settings(unit="log2")),
        "negative copy numbers.*set screen.copy_number_unit: log2_ratio",
        (follow,),
    ),
    "linear_as_log2": Case(
        "counts",
        both(
            copies(lambda table: linear(table).assign(**{"GENE5 (105)": 20.0, "GENE4 (104)": [1, 20.0, 1, 1, 1]})),
            settings(unit="log2"),
        ),
        "cannot be log2.*set screen.copy_number_unit: linear",
        (follow,),
        right=copies(lambda table: table.assign(**{"GENE4 (104)": np.log2(np.array([1, 20.0, 1, 1, 1]) + 1)})),
    ),
    "absolute_as_relative": Case(
        "counts",
        both(copies(absolute), settings(unit="linear")),
        "median copy number is 2 times the diploid one.*and diploid: 2 in the study",
        (follow,),
        right=whole,
    ),
    "segments": Case("counts", segments, "average the segments over each gene, or take such a table", (restore("copy_number"),)),
    "gene_and_line_twice": Case(
        "counts", tidy_twice, "several values, first GENE5 .105. in L9. Keep one", (both(restore("copy_number"), tidy),)
    ),
    "unclear_column": Case(
        "counts",
        tidy_unclear,
        "it is not clear which column holds the copy numbers .columns p, q.. Name it copy_number",
        (copies(lambda rows: rows.rename(columns={"p": "copy_number"})),),
    ),
    "text_among_copies": Case(
        "counts", tidy_with_text, "'low'. Expected a copy number: correct it", (both(restore("copy_number"), tidy),)
    ),
    "text_among_copies_left_empty": Case(
        "counts",
        tidy_with_text,
        "or leave the cell empty",
        (copies(lambda rows: rows.assign(log2=rows["log2"].where(~_last(rows), ""))),),
        right=copies(lambda table: table.mask((table.index == "L4")[:, None] & (table.columns == "GENE4 (104)")[None, :])),
    ),
    "constant_gene": Case(
        "counts",
        copies(lambda table: table.assign(**{"GENE1 (101)": 1.0})),
        r"Set screen.constant_covariate: drop",
        (follow,),
        right=without("guide_map", rows=[4, 5, 6, 7]),
    ),
    "most_genes_constant": Case(
        "counts",
        copies(lambda table: table.assign(**{"GENE3 (103)": 1.0, "GENE1 (101)": 1.0, "GENE4 (104)": 1.0})),
        r"Set screen.constant_covariate: drop",
        (follow,),
        warns=True,
    ),
    "no_copies_of_any_cell": Case(
        "counts", steps(min_pdna=1e9), "no rows are left.*scaled count of the reference below 1e.09", (steps(min_pdna=50.0),)
    ),
    "one_line": Case(
        "counts", one_line, "the screen has one cell line .L1.*add the samples of another line", (restore("sequence_map"),)
    ),
    "copies_of_other_lines": Case(
        "counts",
        without("copy_number", rows=["L1", "L2", "L4"]),
        "fewer than two cell lines.*or add the copy numbers of these lines",
        (restore("copy_number"),),
    ),
    "names_of_other_lines": Case(
        "counts",
        copies(lambda table: table.rename(index=lambda name: f"ACH-00{name[1]}" if name != "L1" else name)),
        "use one kind of names in both files",
        (restore("copy_number"),),
    ),
    "other_ids_of_genes": Case(
        "counts",
        copies(lambda table: table.rename(columns=lambda name: name.replace("(1", "(9"))),
        "no gene has both guides and copy numbers.*Use the same names and ids of genes in both files",
        (restore("copy_number"),),
    ),
    "genes_of_another_kind": Case(
        "counts",
        both(others_named("PROBE"), copies(lambda table: table.assign(L2=1.0))),
        "its names match neither in this orientation nor transposed.*Expected cell lines and genes",
        (restore("copy_number"),),
    ),
    "lines_without_copies": tuple(lost(without("copy_number", rows=["L1", "L2"]), "2 of 4 cell lines", "copy_number")),
    "genes_without_copies": tuple(
        lost(without("copy_number", columns=["GENE1 (101)", "GENE4 (104)"]), "2 of 5 genes", "copy_number")
    ),
    "guides_without_gene": tuple(lost(good_and_few, "12 of 20 guides", "guide_map", "nonessential")),
}

PLOIDIES = {
    "ploidies_without_lines": Case(
        "counts",
        both(times_ploidy, names_of("ploidy", {"cell_line": "culture"})),
        "expected the columns cell_line and ploidy. The file has: culture, ploidy",
        (names_of("ploidy", {"culture": "cell_line"}),),
    ),
    "two_ploidies_of_a_line": Case(
        "counts",
        both(times_ploidy, edit("ploidy", lambda table: pd.concat([table, table.tail(1).assign(ploidy=3)]))),
        "1 cell line.s. have several ploidies .L4.. Keep one of each",
        (edit("ploidy", lambda table: table.drop_duplicates("cell_line")),),
    ),
    "impossible_ploidy": Case(
        "counts", both(times_ploidy, ploidy_of("L3", 92)), r"\(L3: 92\).*correct it", (ploidy_of("L3", 4.0),)
    ),
    "impossible_ploidy_left_empty": Case(
        "counts",
        both(times_ploidy, ploidy_of("L3", "hypotetraploid")),
        "or leave it empty",
        (ploidy_of("L3", ""),),
        warns=True,
    ),
    "lines_without_ploidy": Case(
        "counts",
        both(times_ploidy, edit("ploidy", lambda table: table.head(2))),
        "2 of 4 cell lines with copy numbers are not in the ploidies .L3, L4.*add what is missing; or raise",
        (write_ploidy,),
    ),
    "relative_copies_and_ploidy": Case(
        "counts",
        both(copies(linear), write_ploidy),
        "relative to the ploidy already.*Remove screen.ploidy",
        (both(lambda lab: lab.files.pop("ploidy"), settings(unit="linear")), both(restore("copy_number"), times_ploidy)),
    ),
}

MATRICES = {
    "sample_twice": Case(
        "counts",
        edit("counts", lambda table: pd.concat([table, table.head(1) + 90])),
        "1 row name.s. occur more than once .L1_0.. Keep one of each",
        (edit("counts", lambda table: table[~table.index.duplicated()]),),
    ),
    "bell_in_a_name": Case(
        "counts",
        lambda lab: first_column(lab, "L1\x07_1"),
        "control characters in 1 name.s.*Remove these characters",
        (lambda lab: lab.rewrite("counts", lambda content: content.replace(b"\x07", b"")),),
    ),
    "truncated_hdf5": Case("counts", truncated, "cannot be read as HDF5", (restore("counts"),)),
    "hdf5_without_names": Case(
        "counts", hdf5(lambda file: file.pop("dim_1") and None), "Expected the datasets data, dim_0 and dim_1", (restore("counts"),)
    ),
    "hdf5_of_text": Case("counts", hdf5(texts), r"holds \|S1 values. Expected numbers", (restore("counts"),)),
    "hdf5_of_another_shape": Case(
        "counts",
        hdf5(lambda file: (file.pop("dim_0"), file.__setitem__("dim_0", np.array([b"a", b"b"])))[1]),
        "Expected one name per row and per column",
        (restore("counts"),),
    ),
    "row_without_name": Case(
        "counts", lambda lab: first_column(lab, ""), "line 3 has no name in its first column", (restore("counts"),)
    ),
    "text_in_a_matrix": Case(
        "counts",
        text_in("counts", "L3_4", "g42", "high"),
        "first in row 'L3_4': 'high'.. Expected numbers: correct",
        (restore("counts"),),
    ),
    "text_in_a_matrix_removed": Case(
        "counts",
        text_in("counts", "L3_4", "g42", "high"),
        "or remove it",
        (text_in("counts", "L3_4", "g42", np.nan),),
        right=edit("counts", lambda table: table.mask((table.index == "L3_4")[:, None] & (table.columns == "g42")[None, :])),
    ),
    "samples_of_another_map": Case(
        "counts",
        edit("counts", lambda table: table.rename(index=lambda name: f"run{len(name)}x{name[::-1]}")),
        "its names match neither in this orientation nor transposed.*Expected sequences of the sequence map",
        (restore("counts"),),
    ),
    "guide_map_without_genes": Case(
        "counts",
        without("guide_map", columns=["gene"]),
        r"missing column gene or Gene \(screen.map_columns.gene\)",
        (restore("guide_map"),),
    ),
    "guide_map_without_rows": Case(
        "counts", edit("guide_map", lambda table: table[:0]), "Expected one row per sgRNA", (restore("guide_map"),)
    ),
    "counts_as_logfc": Case(
        "logfc",
        edit("logfc", lambda table: np.round(400 * 2**table)),
        "no log2 fold change reaches.*If the file holds read counts, give it as screen.counts",
        (restore("logfc"),),
    ),
    "counts_given_as_logfc": Case(
        "counts", counts_as_logfc, "If the file holds read counts, give it as screen.counts", (as_counts,)
    ),
    "ratios_as_logfc": Case(
        "logfc", edit("logfc", lambda table: 2**table), "Give log2 of the fold changes", (edit("logfc", np.log2),)
    ),
    "far_logfc": Case("logfc", text_in("logfc", "g10", "L2", 99.0), "else correct the values", (restore("logfc"),)),
    "plasmids_of_one_batch": Case(
        "counts",
        edit("sequence_map", lambda table: table[table["sequence_ID"] != "p3"]),
        "no pDNA sample of batch B.*Add it to counts and sheet",
        (restore("sequence_map"),),
    ),
    "plasmids_of_one_batch_pooled": Case(
        "counts",
        edit("sequence_map", lambda table: table[table["sequence_ID"] != "p3"]),
        "set screen.pdna_batches: pooled",
        (steps(pdna_batches="pooled"),),
        warns=True,
    ),
    "logfc_as_counts": Case(
        "counts", logfc_as_counts, "If the file holds logFC, give it as screen.logfc", (as_logfc("counts"),), right=mean_of_lines
    ),
}

LISTS = {
    "no_nonessential_gene": Case(
        "counts", list_of("nonessential", "X", "Y"), "none of its genes .X, Y.*Correct the names", (restore("nonessential"),)
    ),
    "no_nonessential_gene_but_control_guides": Case(
        "counts",
        list_of("nonessential", "X", "Y"),
        "as screen.control_guides",
        (both(no_list("nonessential"), steps(normalise="control_guides", control_guides="GENE[23]*")),),
    ),
    "list_without_names": Case("counts", empty, "the file has no names. Expected one gene per line", (restore("nonessential"),)),
    "swapped_lists": Case("logfc", swap_lists, "are the two lists swapped", (swap_lists,)),
    "reversed_sign": Case(
        "logfc", edit("logfc", lambda table: -table), "or is the sign of logFC reversed", (edit("logfc", lambda table: -table),)
    ),
    "no_essential_gene": Case(
        "logfc",
        list_of("essential", "X"),
        "has none of its 1 genes .*or remove screen.essential",
        (no_list("essential"), restore("essential")),
    ),
    "gene_in_both_lists": Case(
        "logfc",
        list_of("nonessential", "GENE0 (100)"),
        "A gene can be in one of the two lists only: correct the lists",
        (restore("nonessential"),),
    ),
}

CASES = {}
for name, case in {**COPIES, **PLOIDIES, **MATRICES, **LISTS}.items():
    for number, each in enumerate(case if isinstance(case, tuple) else (case,)):
        CASES[name + f"_{number + 1}" * isinstance(case, tuple)] = each
