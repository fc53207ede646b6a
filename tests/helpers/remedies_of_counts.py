"""Remedies for count tables, sample sheets and control guides."""

import numpy as np
import pandas as pd

from helpers.count_tables import CONTROLS
from helpers.remedies import Case, Lab, set_from


def sheet(**columns):
    """A change of columns of the sample sheet: values, or functions of the sheet."""
    return lambda lab: lab.edit("samples", lambda table: table.assign(**columns))


def table(change):
    return lambda lab: lab.edit("count_table", change)


def restore(*keys):
    return lambda lab: lab.restore(*keys)


def steps(**values):
    return lambda lab: lab.steps.update(values)


def follow(lab):
    """Set what the message names."""
    lab.steps.update({key: {k: str(v) for k, v in value.items()} for key, value in set_from(lab.said).items() if key == "of"})


def is_late(samples):
    return samples["day"].astype(str) == "14"


def initial_as(value):
    """Another value in the column day of initial samples."""
    return lambda samples: samples["day"].astype(str).replace("0", value)


def without_day_0(lab):
    sheet(day=initial_as(""))(lab)


def as_plasmids(lab):
    sheet(cell_line=lambda samples: samples["cell_line"].where(is_late(samples), "pDNA"))(lab)


def name_references(lab):
    sheet(reference=lambda samples: (samples["cell_line"] + "_d0").where(is_late(samples), ""))(lab)


def in_sample(name, value, rows=slice(3, 4)):
    """Counts of a sample replaced in some rows."""

    def change(lab: Lab):
        def replace(counts):
            counts[name] = counts[name].astype(object if isinstance(value, str) else float)
            counts.loc[counts.index[rows], name] = value

        lab.edit("count_table", replace)

    return change


def every_sample(change):
    def replace(counts):
        numbers = counts.columns[2:]
        return counts.assign(**{name: change(counts[name].astype(float)) for name in numbers})

    return table(replace)


def double_row(counts):
    return pd.concat([counts, counts.iloc[[2]].assign(**{counts.columns[5]: 7})])


def as_matrix_with_map(lab):
    """The counts of the table as a matrix, and its genes as a guide map."""
    lab.restore("count_table")
    counts = lab.read("count_table")
    lab.write("guide_map", counts[["sgRNA", "Gene"]].set_axis(["sgrna", "gene"], axis=1))
    lab.write("counts", counts.drop(columns="Gene").set_index("sgRNA"))
    lab.files["sequence_map"] = lab.files.pop("samples")
    del lab.files["count_table"]
    lab.kind = "counts"


def list_of_controls(*names):
    def change(lab):
        lab.files["control_list"] = lab.folder / "controls.txt"
        lab.files["control_list"].write_text("\n".join(names))

    return change


def one_bad_sample(lab):
    in_sample("L2_d14_DMSO_A", 0, slice(None))(lab)


def without_bad_sample(lab):
    lab.edit("samples", lambda samples: samples[samples["sample"] != "L2_d14_DMSO_A"])


def two_arms(lab):
    lab.steps.update(of={"condition": "Drug", "day": "14"}, against={"condition": "DMSO"})


def merged_names(counts):
    counts["sgRNA"] = counts["sgRNA"].replace(r"^HIT([01])_", r"MARCH\1_", regex=True)
    counts["Gene"] = counts["Gene"].replace({"HIT0": "1-Mar", "HIT1": "1-Mar"})


def as_march(counts):
    counts["sgRNA"] = counts["sgRNA"].replace(r"^HIT([01])_", r"MARCH\1_", regex=True)
    counts["Gene"] = counts["Gene"].replace({"HIT0": "MARCH0", "HIT1": "MARCH1"})


CASES = {
    "of_and_against_equal": Case(
        "count_table",
        lambda lab: (two_arms(lab), lab.steps.update(against={"condition": "Drug"}))[0],
        "chooses the same samples",
        (steps(against={"condition": "DMSO"}),),
        right=two_arms,
    ),
    "all_samples_of_day_0": Case("count_table", sheet(day=0), "no sample is left.*Correct the column day", (restore("samples"),)),
    "condition_and_day_that_no_sample_has": Case(
        "count_table",
        steps(of={"condition": "DMSO", "day": "0"}),
        "no sample has all of condition: DMSO, day: 0.*The sheet has: .*day 14, DMSO",
        (steps(of={"condition": "DMSO", "day": "14"}),),
    ),
    "misspelt_condition": Case(
        "count_table", steps(of={"condition": "DMS0"}), "Did you mean DMSO", (steps(of={"condition": "DMSO"}),)
    ),
    "no_choice_of_the_arm": Case(
        "count_table", steps(of={}), r"Choose with screen.of, such as of: \{condition: DMSO\}. To compare", (follow,)
    ),
    "no_choice_but_two_arms_compared": Case(
        "count_table", steps(of={}), "To compare two arms, add screen.against", (two_arms,), right=two_arms
    ),
    "no_choice_of_the_day": Case(
        "count_table",
        lambda lab: (
            sheet(
                day=lambda samples: samples["day"].where(samples["condition"] != "Drug", 4),
                condition=lambda samples: samples["condition"].replace("Drug", "DMSO"),
            )(lab),
            steps(of={})(lab),
        )[0],
        r"samples of several days.*such as of: \{day: 4\}",
        (steps(of={"day": "14"}),),
    ),
    "misspelt_reference": Case(
        "count_table",
        lambda lab: (name_references(lab), lab.rewrite("samples", lambda text: text.replace(b"A,L1_d0", b"A,L1_do")))[0],
        "the reference 'L1_do' of sample .*Correct the column reference",
        (lambda lab: lab.rewrite("samples", lambda text: text.replace(b"L1_do", b"L1_d0")),),
    ),
    "no_reference": Case(
        "count_table", without_day_0, "initial samples day 0, or name references", (restore("samples"), name_references)
    ),
    "no_reference_but_plasmids": Case(
        "count_table", without_day_0, "Give plasmid samples pDNA as cell line", (as_plasmids,), right=as_plasmids
    ),
    "arms_of_different_lines": Case(
        "count_table",
        lambda lab: (
            two_arms(lab),
            sheet(cell_line=lambda samples: samples["cell_line"].where(samples["condition"] != "Drug", "X" + samples["cell_line"]))(
                lab
            ),
        )[0],
        "no cell line has samples of both arms.*correct the column cell_line",
        (restore("samples"),),
        right=two_arms,
    ),
    "no_columns_of_counts": Case(
        "count_table",
        table(lambda counts: counts[["sgRNA", "Gene"]].assign(note="x")),
        "no column of counts",
        (restore("count_table"),),
    ),
    "only_names": Case(
        "count_table", table(lambda counts: counts[["sgRNA", "Gene"]]), r"the header has 2 column\(s\)", (restore("count_table"),)
    ),
    "swapped_columns": Case(
        "count_table",
        table(lambda counts: counts[["Gene", "sgRNA", *counts.columns[2:]]]),
        "swap the two columns",
        (table(lambda counts: counts[["sgRNA", "Gene", *counts.columns[2:]]]),),
    ),
    "row_without_guide": Case(
        "count_table",
        table(lambda counts: counts.assign(sgRNA=counts["sgRNA"].where(counts.index != 4, ""))),
        r"1 row\(s\) without sgRNA, first line 6. Fill it in",
        (restore("count_table"),),
    ),
    "row_without_guide_removed": Case(
        "count_table",
        table(lambda counts: counts.assign(sgRNA=counts["sgRNA"].where(counts.index != 4, ""))),
        "or remove the row",
        (table(lambda counts: counts[counts["sgRNA"] != ""]),),
        right=table(lambda counts: counts.drop(index=4)),
    ),
    "two_rows_of_a_guide": Case(
        "count_table",
        table(double_row),
        "1 sgRNA.s. have more than one row.*or keep one row of each",
        (table(lambda counts: counts.drop_duplicates("sgRNA")),),
    ),
    "two_guides_of_a_name": Case(
        "count_table",
        table(lambda counts: counts.assign(sgRNA=counts["sgRNA"].replace("ESS0_sg1", "ESS0_sg0"))),
        "give each a name of its own",
        (restore("count_table"),),
    ),
    "matrix_without_genes": Case(
        "count_table",
        table(lambda counts: counts.drop(columns="Gene")),
        "A matrix of counts without genes is given as screen.counts, with screen.guide_map",
        (as_matrix_with_map,),
    ),
    "text_among_counts": Case(
        "count_table", in_sample("L1_d0", "many"), "1 cell.s. of sample 'L1_d0' are not numbers", (restore("count_table"),)
    ),
    "sheet_of_another_table": Case(
        "count_table",
        sheet(sample=lambda samples: [f"s{i}" for i in range(len(samples))]),
        "none of its 15 samples .*Correct the column sample",
        (restore("samples"),),
    ),
    "sample_without_reads": Case(
        "count_table",
        one_bad_sample,
        "sample 'L2_d14_DMSO_A' has no reads.*Remove the sample from .*samples.csv",
        (without_bad_sample,),
        right=without_bad_sample,
    ),
    "pattern_of_no_control": Case(
        "count_table",
        steps(control_guides="luc*"),
        "no guide and no gene matches the pattern 'luc.'.*names such as NTC_0",
        (steps(control_guides="NTC_*"), list_of_controls(*(f"NTC_{i}" for i in range(CONTROLS)))),
    ),
    "list_of_no_control": Case(
        "count_table",
        list_of_controls("x", "y"),
        "none of its 2 names .x, y. is a guide of the counts",
        (list_of_controls(*(f"NTC_{i}" for i in range(CONTROLS))),),
    ),
    "no_counts": Case(
        "count_table", every_sample(lambda counts: counts * np.nan), "all counts are missing", (restore("count_table"),)
    ),
    "logarithms": Case(
        "count_table",
        every_sample(lambda counts: np.log2(counts + 1)),
        "look like logarithms of counts. Give raw read counts",
        (restore("count_table"),),
    ),
    "negative_logarithms": Case(
        "count_table",
        every_sample(lambda counts: np.log2(counts / 500)),
        "if it holds logarithms of counts, give the counts",
        (restore("count_table"),),
    ),
    "infinite_count": Case(
        "count_table",
        in_sample("L1_d14_DMSO_A", np.inf),
        "infinite values, but read counts are finite. Correct them",
        (restore("count_table"),),
    ),
    "infinite_count_left_empty": Case(
        "count_table",
        in_sample("L1_d14_DMSO_A", np.inf),
        "or leave their cells empty",
        (in_sample("L1_d14_DMSO_A", np.nan),),
        right=in_sample("L1_d14_DMSO_A", np.nan),
    ),
    "all_guides_have_few_reads": Case(
        "count_table",
        steps(min_pdna=1e9),
        "no rows are left.*scaled count of the reference below 1e.09",
        (steps(min_pdna=50.0),),
    ),
    "sheet_without_lines": Case(
        "count_table",
        lambda lab: lab.edit("samples", lambda samples: samples.drop(columns="cell_line")),
        "missing column .*cell_line",
        (restore("samples"),),
    ),
    "sample_twice": Case(
        "count_table",
        lambda lab: lab.edit("samples", lambda samples: pd.concat([samples, samples.head(1).assign(cell_line="L9")])),
        r"1 sample\(s\) have more than one row .*keep one of each",
        (lambda lab: lab.edit("samples", lambda samples: samples.drop_duplicates("sample")),),
    ),
    "sample_without_line": Case(
        "count_table",
        sheet(cell_line=lambda samples: samples["cell_line"].where(samples["sample"] != "L2_d14_DMSO_A", "")),
        r"1 row\(s\) have no cell_line.*Fill it in",
        (restore("samples"),),
    ),
    "sample_without_line_removed": Case(
        "count_table",
        sheet(cell_line=lambda samples: samples["cell_line"].where(samples["sample"] != "L2_d14_DMSO_A", "")),
        "or remove the row",
        (without_bad_sample,),
        right=without_bad_sample,
    ),
    "two_genes_in_one_name": Case(
        "count_table",
        table(merged_names),
        r"changed the names of two genes \(MARCH0, MARCH1\) into one. Restore the names",
        (lambda lab: (lab.restore("count_table"), lab.edit("count_table", as_march))[0],),
        right=table(as_march),
    ),
}
