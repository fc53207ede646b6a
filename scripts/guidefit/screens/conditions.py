"""Which samples of a screen are compared with which: the chosen condition and day, and the reference of each sample."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from guidefit.base import messages
from guidefit.base.errors import UserError
from guidefit.screens import samples
from guidefit.screens.ledger import Ledger, listed

Selection = Mapping[str, str]
"""condition, day, cell_line -> the value that the chosen samples have."""

START = "0"  # the day of initial samples


@dataclass(frozen=True)
class Arms:
    """The samples of a screen and what each is compared with.

    chosen: rows of the sheet, sorted by cell line and sample; references: (sample,) names of the samples that its logFC is relative
    to; is_contrast: whether these are another arm of the screen.
    """

    chosen: pd.DataFrame
    references: list[tuple[str, ...]]
    is_contrast: bool


def choose(sheet: pd.DataFrame, of: Selection, against: Selection | None, pdna_batches: str, path: str, ledger: Ledger) -> Arms:
    """The samples that `of` chooses, each with its references.

    sheet: of samples with counts (see `samples.read_sheet`), which path names; against: the other arm of a contrast, whose other
    values are those of `of`; None: see `find_references`. Samples are replicates where cell line, condition and day are equal.
    Raises UserError where several conditions or days are left, or a sample has no reference.
    """
    chosen = select(sheet, of, path, ledger)
    if against is None:
        arms = Arms(chosen, find_references(sheet, chosen, pdna_batches, path), False)
        _warn_of_other_batches(sheet, arms, ledger)
        return arms
    other = _filter(sheet[~sheet["is_plasmid"]], {**of, **against}, path, "against")
    other = other[~other["sample"].isin(chosen["sample"])]
    if other.empty:
        raise UserError(f"{path}: screen.against chooses the same samples as screen.of. Name another condition or day in it.")
    _refuse_several(other, path, "against")
    return _pair(chosen, other, path, ledger)


def _warn_of_other_batches(sheet: pd.DataFrame, arms: Arms, ledger: Ledger) -> None:
    """Warn of samples that are compared with plasmids of other batches than their own, as plasmid pools differ."""
    batch = sheet[sheet["is_plasmid"]].set_index("sample")["batch"]
    pairs = zip(arms.chosen["sample"], arms.chosen["batch"], arms.references, strict=True)
    other = [sample for sample, own, names in pairs if {batch[name] for name in names if name in batch.index} - {own} and own]
    if other:
        ledger.warn(
            f"{len(other)} of {len(arms.chosen)} sample(s) are compared with plasmids of other batches (screen.pdna_batches: "
            "pooled): guides whose share differs between the batches seem depleted or enriched",
            other,
        )


def select(sheet: pd.DataFrame, of: Selection, path: str, ledger: Ledger) -> pd.DataFrame:
    """The samples that `of` chooses, sorted by cell line and sample; without plasmids, and without those that are references.

    Raises UserError where several conditions, or several days of a line, are left.
    """
    grown = sheet[~sheet["is_plasmid"]]
    named = {name for text in sheet["reference"] for name in split_names(text)}
    chosen = _filter(grown, of, path, "of") if of else grown[~grown["sample"].isin(named)]
    if "day" not in of:
        chosen = chosen[chosen["day"] != START]
    if chosen.empty:
        raise UserError(
            f"{path}: no sample is left to be compared with a reference; the sheet has "
            f"{listed(samples.describe(grown)) or 'none'}, "
            "and the samples of day 0, the plasmids and those named in the column reference are references. Correct the column day."
        )
    _refuse_several(chosen, path, "of")
    samples.warn_of_hidden_conditions(chosen, path, ledger)
    return chosen.sort_values(["cell_line", "sample"], kind="stable").reset_index(drop=True)


def _filter(rows: pd.DataFrame, values: Selection, path: str, key: str) -> pd.DataFrame:
    """The rows that have these values. Raises UserError where a value does not occur, or no sample has all of them."""
    found = rows
    for column, value in values.items():
        wanted = samples.parse_day(value) if column == "day" else value
        is_equal = rows[column].str.lower() == wanted.lower()
        if not is_equal.any():
            present = [name for name in dict.fromkeys(rows[column]) if name]
            raise UserError(
                f"{path}: no sample has {column} {value!r} (screen.{key}).{messages.suggestion(wanted, present)} The sheet has: "
                f"{listed(present) or 'none'}."
            )
        found = found[is_equal.loc[found.index]]
    if found.empty:
        wanted = ", ".join(f"{column}: {value}" for column, value in values.items())
        raise UserError(
            f"{path}: no sample has all of {wanted} (screen.{key}). The sheet has: {listed(samples.describe(rows), 12)}."
        )
    return found


def _refuse_several(chosen: pd.DataFrame, path: str, key: str) -> None:
    """Raise UserError where several conditions, or several days of one cell line, would be averaged."""
    conditions = chosen["condition"].unique()
    days = chosen.groupby("cell_line", sort=False)["day"].nunique()
    if len(conditions) == 1 and (days == 1).all():
        return
    several = [f"{days[days > 1].size} cell line(s) have samples of several days"] if (days > 1).any() else []
    several += (
        [f"the samples have several conditions ({listed(name or 'none' for name in conditions)})"] if len(conditions) > 1 else []
    )
    values = {"condition": chosen["condition"].iloc[0], "day": chosen["day"].iloc[-1]}
    is_needed = {"condition": len(conditions) > 1, "day": (days > 1).any()}
    example = ", ".join(f"{column}: {value}" for column, value in values.items() if is_needed[column] and value)
    arm = " To compare two arms, add screen.against." if key == "of" and len(conditions) > 1 else ""
    raise UserError(
        f"{path}: {' and '.join(several)}, which are not replicates of each other: {listed(samples.describe(chosen), 12)}. Choose "
        "with "
        f"screen.{key}, such as {key}: {{{example}}}.{arm}"
    )


def split_names(text: str) -> list[str]:
    """The names of samples in a cell of the column reference."""
    return [name.strip() for name in text.split(";") if name.strip()]


def find_references(
    sheet: pd.DataFrame, chosen: pd.DataFrame, pdna_batches: str, path: str, is_strict: bool = True
) -> list[tuple[str, ...]]:
    """(sample,) names of the references of each chosen sample.

    They are those that its column reference names; else the initial samples (day 0) of its cell line, those of its own condition
    where there are any; else the plasmids of its batch, or all of them with pdna_batches "pooled".
    Raises UserError where there are none, or returns an empty tuple if is_strict is False.
    """
    known = set(sheet["sample"])
    plasmids = sheet[sheet["is_plasmid"]]
    of_batch = plasmids.groupby("batch")["sample"].agg(tuple).to_dict()
    every = tuple(plasmids["sample"])
    initial = dict(iter(sheet[~sheet["is_plasmid"] & (sheet["day"] == START)].groupby("cell_line")))
    found, without = [], []
    for row in chosen.itertuples():
        named = split_names(row.reference)
        unknown = [name for name in named if name not in known]
        if unknown and is_strict:
            raise UserError(
                f"{path}: the reference {unknown[0]!r} of sample {row.sample!r} is not a sample with counts."
                f"{messages.suggestion(unknown[0], known)} Correct the column reference."
            )
        if named:
            names = tuple(name for name in named if name in known)
        elif row.cell_line in initial and row.day != START:
            names = _initial_samples(initial[row.cell_line], row)
        else:
            names = every if pdna_batches != "own" or (len(of_batch) == 1 and row.batch == "") else of_batch.get(row.batch, ())
        found.append(names)
        if not names:
            without.append(row.Index)
    if without and is_strict:
        _explain_missing(chosen.loc[without], every, path)
    return found


def _initial_samples(initial: pd.DataFrame, row: Any) -> tuple[str, ...]:
    """The initial samples of a line that one of its samples is compared with."""
    is_own = initial["condition"] == row.condition
    return tuple(initial.loc[is_own if is_own.any() else initial.index, "sample"])


def _explain_missing(without: pd.DataFrame, plasmids: tuple[str, ...], path: str) -> None:
    if not plasmids:
        raise UserError(
            f"{path}: the counts have no {samples.PLASMID} sample, and {len(without)} sample(s) ({listed(without['sample'], 3)}) "
            "have no "
            f"other reference, but logFC is relative to one. Give plasmid samples {samples.PLASMID} as cell line in the sheet, "
            "initial "
            "samples day 0, or name references in the column reference."
        )
    batches = sorted(without["batch"].unique())
    raise UserError(
        f"{path}: no {samples.PLASMID} sample of batch {listed(batches)}, which {len(without)} sample(s) have. Add it to counts "
        "and "
        "sheet, or set screen.pdna_batches: pooled to use all plasmid samples for every batch."
    )


def _pair(chosen: pd.DataFrame, other: pd.DataFrame, path: str, ledger: Ledger) -> Arms:
    """A contrast: each sample with those of the other arm of its line, of the same replicate where there are any."""
    by_line = dict(iter(other.groupby("cell_line")))
    has_other = chosen["cell_line"].isin(by_line)
    alone = chosen.loc[~has_other, "cell_line"].unique()
    if not has_other.any():
        raise UserError(
            f"{path}: no cell line has samples of both arms (screen.of, screen.against): {listed(chosen['cell_line'].unique())} "
            "have "
            f"the one, {listed(by_line)} the other. A contrast is within cell lines: correct the column cell_line, or choose "
            "other arms."
        )
    if len(alone):
        ledger.warn(f"{len(alone)} cell line(s) without samples of screen.against left out", alone)
    chosen = chosen[has_other].reset_index(drop=True)
    references, paired = [], 0
    for row in chosen.itertuples():
        rows = by_line[row.cell_line]
        same = rows[(rows["replicate"] == row.replicate) & (row.replicate != "")]
        paired += len(same) > 0
        references.append(tuple((same if len(same) else rows)["sample"]))
    ledger.note(
        f"a contrast of {len(chosen)} sample(s) with {len({name for names in references for name in names})} of the other arm, "
        f"{paired} of them paired by replicate"
    )
    return Arms(chosen, references, True)
