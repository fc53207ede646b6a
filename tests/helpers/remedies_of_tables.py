"""Remedies for long tables, and for what a text file may be instead of one."""

import gzip

import numpy as np
import pandas as pd

from helpers.long_tables import COLUMNS
from helpers.remedies import Case, as_zip
from helpers.remedies_of_counts import restore
from helpers.remedies_of_matrices import both, edit, follow, settings


def cell(column, value, rows=slice(5, 6)):
    """A value in some rows of the long table."""

    def change(table):
        table[column] = table[column].astype(object)
        table.loc[table.index[rows], column] = value

    return edit("path", change)


def of_line(name, column, value):
    """A value in all rows of a cell line."""
    return edit("path", lambda table: table.assign(**{column: table[column].astype(object).where(table["line"] != name, value)}))


def without_rows(rows=slice(5, 6)):
    return edit("path", lambda table: table.drop(index=table.index[rows]))


def raw(change, ending=None, key="path"):
    return lambda lab: lab.rewrite(key, change, ending)


def header(old, new):
    return raw(lambda content: content.replace(old, new, 1))


def cut_last_cell(content):
    lines = content.decode().splitlines()
    return "\n".join(["guide,symbol,line,copies,lfc,note", *lines[1:]]).encode()


def thousands(content):
    return content.replace(b",", b";").replace(b".", b",")


def only_thousands(lab):
    """Numbers that all look like 1,234."""
    table = lab.read("path")
    for name in ("copies", "lfc"):
        table[name] = [f"1,{100 + i}" for i in range(len(table))]
    lab.files["path"].write_text(table[["guide", "symbol", "line", "copies", "lfc"]].to_csv(index=False, sep=";"))


def to_parquet(lab):
    table = lab.read("path")
    lab.files["path"] = lab.folder / "path.parquet"
    table.to_parquet(lab.files["path"])


def workbook(content):
    return as_zip(content, "[Content_Types].xml", "xl/worksheets/sheet1.xml")


def away(lab):
    lab.files["path"] = lab.folder / "elsewhere.csv"


def only_lines(*names):
    return edit("path", lambda table: table[table["line"].isin(names)])


def one_varying_line(table):
    """Copy numbers that vary between guides in one line only, and a second line whose gene has the same everywhere."""
    table = table[table["line"].isin(["c0", "c1"]) & ~((table["symbol"] == "g1") & (table["line"] == "c1"))]
    copies = table["copies"].where(table["symbol"] == "g1", 1.0)
    return table.assign(copies=copies + 0.2 * (table["guide"] == "s3"))


MANY_LOST = settings(lost_share=0.9)
DROP = settings(missing="drop")
as_text = restore("path")

CASES = {
    "all_genes_constant_and_dropped": Case(
        "path", both(cell("copies", 1.0, slice(None)), settings(constant_covariate="drop")), "no rows are left", (restore("path"),)
    ),
    "one_line_left": Case(
        "path",
        both(edit("path", one_varying_line), settings(constant_covariate="drop")),
        r"only one cell line is left \(c0\).*add rows of another line",
        (restore("path"),),
    ),
    "one_line_without_missing_values": Case(
        "path",
        both(only_lines("c0", "c1"), of_line("c0", "copies", ""), DROP, MANY_LOST),
        "fewer than two cell lines .c1.*add rows of another line",
        (both(restore("path"), only_lines("c0", "c1")),),
        right=only_lines("c0", "c1"),
    ),
    "no_rows": Case("path", edit("path", lambda table: table[:0]), "no rows under the header", (restore("path"),)),
    "no_file": Case("path", away, "no such file. Give screen.path relative", (restore("path"),)),
    "damaged_parquet": Case(
        "path", both(to_parquet, raw(lambda content: content[:-40])), "cannot be read as Parquet", (restore("path"),)
    ),
    "other_columns": Case(
        "path",
        header(b"lfc", b"fold"),
        r"missing column 'lfc' \(screen.columns.logfc\).*The file has: .*fold.*Correct the names under screen.columns",
        (settings(columns=COLUMNS | {"logfc": "fold"}),),
    ),
    "text_as_logfc": Case(
        "path", cell("lfc", "high"), r"not a number \('high'\).*Expected a number with a decimal point", (restore("path"),)
    ),
    "text_left_empty": Case(
        "path",
        cell("lfc", "high"),
        "leave the cell empty where it is missing",
        (both(cell("lfc", ""), DROP),),
        right=without_rows(),
    ),
    "infinite_logfc": Case(
        "path",
        cell("lfc", "-inf"),
        "infinite value.*If it is the logarithm of 0, add a pseudocount before taking logarithms, or remove the row",
        (without_rows(), both(without_rows(), cell("copies", 1.0, slice(0, 0)))),
        right=without_rows(),
    ),
    "ratios_in_a_long_table": Case(
        "path",
        edit("path", lambda table: table.assign(copies=np.log2(table["copies"]))),
        "negative copy number in .* set screen.copy_number_unit: log2_ratio",
        (follow,),
    ),
    "extreme_logfc": Case("path", cell("lfc", 1e9), "Is the column a logFC. Correct the values", (restore("path"),)),
    "extreme_logfc_removed": Case("path", cell("lfc", 1e9), "or remove the rows", (without_rows(),), right=without_rows()),
    "unsigned_logfc": Case(
        "path",
        edit("path", lambda table: table.assign(lfc=2 ** table["lfc"])),
        "Give log2 of the fold changes",
        (edit("path", lambda table: table.assign(lfc=np.log2(table["lfc"]))),),
    ),
    "missing_logfc": Case("path", cell("lfc", ""), "missing value in 1 row.s., line.s. 7. Fill it in", (restore("path"),)),
    "missing_logfc_dropped": Case("path", cell("lfc", ""), "set screen.missing: drop", (DROP,), right=without_rows()),
    "line_of_missing_copies": Case(
        "path",
        both(*(of_line(f"c{i}", "copies", "") for i in range(4)), DROP),
        "4 of 8 cell lines of the table are not in the rows without missing values.*raise thresholds.lost_share",
        (MANY_LOST,),
        warns=True,
    ),
    "control_character": Case(
        "path", cell("line", "c\x07"), r"control characters \(c\\u0007\).*remove these characters", (restore("path"),)
    ),
    "two_rows_of_a_pair": Case(
        "path",
        edit("path", lambda table: pd.concat([table, table.head(1).assign(lfc=table["lfc"][0] + 2)])),
        "the same sgRNA and cell line more than once .s0 in c0.*Average replicates of one condition and day",
        (edit("path", lambda table: table.groupby([*COLUMNS.values()][:3], as_index=False)[["copies", "lfc"]].mean()),),
        right=edit("path", lambda table: table.assign(lfc=table["lfc"] + (table.index == 0))),
    ),
    "guide_of_two_genes": Case("path", cell("symbol", "g9"), "sgRNA.s. of several genes .s0.*Keep one gene", (restore("path"),)),
    "one_line_in_a_table": Case(
        "path",
        only_lines("c0"),
        "fewer than two cell lines .c0.*add rows of another line",
        (both(restore("path"), only_lines("c0", "c5")),),
        right=only_lines("c0", "c5"),
    ),
    "gistic_in_a_table": Case(
        "path",
        edit("path", lambda table: table.assign(copies=np.clip(np.round(4 * np.log2(table["copies"])), -2, 2))),
        "negative copy number|calls such as those of GISTIC",
        (restore("path"),),
    ),
    "constant_gene_in_a_table": Case(
        "path",
        edit("path", lambda table: table.assign(copies=table["copies"].where(table["symbol"] != "g0", 1.0))),
        "Remove them, or set screen.constant_covariate: drop",
        (follow, edit("path", lambda table: table[table["symbol"] != "g0"])),
        right=edit("path", lambda table: table[table["symbol"] != "g0"]),
        warns=False,
    ),
    # --- files that are no tables ---
    "no_map": Case(
        "counts",
        lambda lab: lab.files.update(guide_map=lab.folder / "x.csv"),
        "no such file. Give its path",
        (restore("guide_map"),),
    ),
    "quote_not_closed": Case(
        "path", header(b"\ns0,g0,c2", b'\n"s0,g0,c2'), "cannot be read as a table|problem", (restore("path"),)
    ),
    "truncated_gzip": Case(
        "path",
        raw(lambda content: gzip.compress(content)[:-30], ".csv.gz"),
        "cannot be read as a table",
        (restore("path"),),
    ),
    "truncated_gzip_map": Case(
        "counts",
        raw(lambda content: gzip.compress(content)[:40], ".csv.gz", "guide_map"),
        "cannot be read as a table",
        (restore("guide_map"),),
    ),
    "column_twice": Case(
        "path", header(b"note", b"lfc"), r"1 column\(s\) occur more than once in the header \(lfc\). Keep one", (restore("path"),)
    ),
    "empty_file": Case("path", raw(lambda _: b""), "the file is empty. Expected a header line", (restore("path"),)),
    "empty_map": Case("counts", raw(lambda _: b"\n\n", key="guide_map"), "the file is empty", (restore("guide_map"),)),
    "names_of_rows_without_header": Case(
        "path",
        raw(cut_last_cell),
        "line 2 has 7 cells, but the header has 6 names. Give every column a name",
        (header(b"note\n", b"note,x\n"),),
    ),
    "renamed_workbook": Case("path", raw(workbook), "a workbook of a spreadsheet program", (as_text,)),
    "workbook": Case("path", raw(workbook, ".xlsx"), "a workbook of a spreadsheet program.*[Ss]ave", (as_text,)),
    "two_files_in_a_zip": Case(
        "path",
        raw(lambda content: as_zip(content, "a.csv", "b.csv"), ".zip"),
        "the zip archive holds 2 files .a.csv, b.csv.*unpack it",
        (restore("path"), both(restore("path"), raw(lambda content: as_zip(content, "a.csv"), ".zip"))),
    ),
    "damaged_zip": Case(
        "path",
        raw(lambda content: as_zip(content, "a.csv")[:200], ".zip"),
        "cannot be read as a zip archive.*Save it again",
        (restore("path"),),
    ),
    "web_page": Case(
        "path",
        raw(lambda _: b"<!DOCTYPE html><html>"),
        "a web page or XML, not a table. Download the file itself",
        (restore("path"),),
    ),
    "pdf": Case("path", raw(lambda _: b"%PDF-1.7 text"), "this is .*[Ss]ave", (as_text,)),
    "nul": Case("path", raw(lambda content: content.replace(b"kept", b"ke\0t", 1)), "line 2 contains a NUL character", (as_text,)),
    "separators_of_thousands": Case(
        "path",
        only_thousands,
        "Write them without separators of thousands",
        (restore("path"), both(restore("path"), raw(thousands))),
    ),
}
