"""Names of genes that a spreadsheet has changed: MARCH1 becomes 1-Mar, SEPT2 44441 or 2020-09-02, 2310009E13 becomes 2.31E+13.

Forms of dates, their serial numbers and floats: Ziemann, Eren & El-Osta 2016; Abeysooriya et al. 2021. Month names are those of
English, German, French, Spanish, Italian, Portuguese, Dutch, Polish, Finnish, Scandinavian, Russian and Turkish programs.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from guidefit.base.errors import UserError
from guidefit.screens import labels
from guidefit.screens.ledger import Ledger, listed

# Beginnings of the names of each month; a full name is one of these and more letters.
_MONTHS = (
    "jan gen ene sty янв oca tammi",
    "feb fev fév lut фев şub helmi",
    "mar mär mrz mrt маr мар maalis maa",
    "apr avr abr kwi апр nis huhti",
    "may mai mag mei maj май touko",
    "jun jui giu cze июн haz kesä",
    "jul juil lug lip июл tem heinä",
    "aug aoû aou ago sie авг ağu elo",
    "sep set wrz сен eyl syys",
    "oct okt ott out paź окт eki loka",
    "nov lis ноя kas marras",
    "dec dez déc dic des gru дек ara joulu",
)
_NAMES = {name: month for month, names in enumerate(_MONTHS, 1) for name in names.split()}
_MONTH = rf"(?P<month>(?:{'|'.join(sorted(_NAMES, key=len, reverse=True))})[^\W\d_]{{0,8}})\.?"
_DAY = r"(?P<day>\d{1,4})"
_YEAR = r"(?:[-/. ]{1,2}\d{2,4})?"
_TIME = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
_WORDS = (
    re.compile(rf"{_DAY}\.?[-/. ]{{1,2}}{_MONTH}{_YEAR}", re.IGNORECASE),  # 1-Mar, 01. Dez, 1 mars 2020
    re.compile(rf"{_MONTH}[-/. ]{{1,2}}{_DAY}{_YEAR}", re.IGNORECASE),  # Sep-07, Mar 1, 2020
    re.compile(r"(?P<month>\d{1,2})月(?P<day>\d{1,2})日"),
)
_ISO = re.compile(rf"\d{{4}}[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}}){_TIME}")
_NUMERIC = re.compile(rf"(?P<one>\d{{1,2}})[-/.](?P<two>\d{{1,2}})[-/.](?:\d{{4}}|\d{{2}}){_TIME}")
_SERIAL = re.compile(r"(?P<days>\d{5})(?:\.0+)?")
FIRST_SERIAL, LAST_SERIAL = 36526, 55153  # days since 1899-12-30 of 2000-01-01 and 2050-12-31
_FLOAT = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d{1,2}")
FAMILIES = {2: ("FEB",), 3: ("MARCH", "MARC"), 4: ("APR",), 9: ("SEPT",), 10: ("OCT",), 11: ("NOV",), 12: ("DEC",)}
USUAL_EXCESS = 1.5  # times the usual number of guides, from which on a changed name may hold two genes


def find_changed_names(names: Iterable[str]) -> list[str]:
    """Names that a spreadsheet has changed. Whole numbers are taken as such only where most names are not numbers (Entrez ids)."""
    names = list(names)
    are_ids = sum(name.replace(".0", "").isdigit() for name in names) > 0.5 * len(names)
    return [name for name in names if is_changed(name) and not (are_ids and _SERIAL.fullmatch(name))]


def is_changed(name: str) -> bool:
    """Whether a name has the form of a date, of the serial number of one, or of a float."""
    return _find_date(name) is not None or bool(_FLOAT.fullmatch(name))


def _find_date(name: str) -> tuple[int, ...] | None:
    """The months and days, alternating, that a name may be a date of; None where it cannot be one."""
    for pattern in _WORDS:
        if found := pattern.fullmatch(name):
            month = found["month"]
            number = int(month) if month.isdigit() else _NAMES[_beginning(month)]
            return (number, int(found["day"])) if 1 <= number <= 12 else None
    if found := _ISO.fullmatch(name):
        return int(found["month"]), int(found["day"])
    if found := _NUMERIC.fullmatch(name):
        one, two = int(found["one"]), int(found["two"])
        return one, two, two, one
    if (found := _SERIAL.fullmatch(name)) and FIRST_SERIAL <= int(found["days"]) <= LAST_SERIAL:
        day = date(1899, 12, 30) + timedelta(int(found["days"]))
        return day.month, day.day
    return None


def _beginning(month: str) -> str:
    return next(name for name in sorted(_NAMES, key=len, reverse=True) if month.lower().startswith(name))


def possible_genes(name: str) -> list[str]:
    """Symbols that a spreadsheet may have changed into this name, such as MARCH1 and MARC1 for 1-Mar."""
    found = _find_date(name) or ()
    pairs = zip(found[::2], found[1::2], strict=True)
    return list(dict.fromkeys(f"{family}{day}" for month, day in pairs for family in FAMILIES.get(month, ()) if day <= 20))


def check_gene_names(guides: pd.DataFrame, place: str, ledger: Ledger) -> None:
    """Note the genes whose names a spreadsheet has changed. Raises UserError where one of them holds the guides of two genes.

    guides: sgrna and gene, a row for each guide. Two genes are recognised by names of guides that begin with different genes, or by
    a number of guides far above the usual one, where two genes may have become this name.
    """
    sizes = guides.groupby("gene")["sgrna"].nunique()
    changed = find_changed_names(sizes.index)
    if not changed:
        return
    unchanged = sizes.drop(changed)
    shown = [f"{name} (was {' or '.join(genes)})" if (genes := possible_genes(name)) else name for name in changed]
    others = f" All names of this kind: {listed(shown, 10)}." if len(changed) > 1 else ""
    usual = float(np.median(unchanged if len(unchanged) else sizes))
    for name in changed:
        own = guides.loc[guides["gene"] == name, "sgrna"].unique().tolist()
        merged = _genes_in_guide_names(own)
        several = len(possible_genes(name)) > 1 and len(own) > USUAL_EXCESS * usual
        if len(merged) > 1 or several:
            held = f"two genes ({listed(merged)})" if len(merged) > 1 else f"two genes ({' and '.join(possible_genes(name)[:2])})"
            raise UserError(
                f"{place}: gene {name!r} has {len(own)} guides, usual are {usual:g}: a spreadsheet has probably changed the names "
                f"of {held} into one. Restore the names of its guides ({listed(own)}) from the original file, and import text "
                f"columns as text.{others}"
            )
    ledger.note(f"{place}: {len(changed)} gene name(s) that a spreadsheet has probably changed into dates or numbers", shown)


def _genes_in_guide_names(sgrnas: Sequence[str]) -> list[str]:
    """The genes that names of guides such as MARCH1_sg1 begin with; none where some have no such beginning."""
    beginnings = [re.match(r"([A-Za-z][\w.-]*?)[_-]+[A-Za-z]*\d+$", name) for name in sgrnas]
    if not all(beginnings):
        return []
    genes = [found[1] for found in beginnings if found]
    counts = pd.Series(genes).value_counts()
    return counts.index[counts > 1].tolist() if (counts > 1).sum() > 1 else []


def clean_case(names: pd.Series, what: str, place: str, ledger: Ledger) -> pd.Series:
    """Names of which some differ by case alone, in the most frequent spelling of each; they are noted."""
    counts = names.value_counts()
    spelling: dict[str, str] = {}
    for name in counts.index:
        spelling.setdefault(str(name).casefold(), name)
    other = {name: spelling[str(name).casefold()] for name in counts.index if spelling[str(name).casefold()] != name}
    if other:
        pairs = [f"{theirs} = {ours}" for theirs, ours in other.items()]
        ledger.note(
            f"{place}: {len(other)} name(s) of {what}s that differ from another one by case alone are taken as that one", pairs
        )
        names = names.replace(other)
    folded: dict[str, list[str]] = {}
    for name in names.dropna().unique():
        folded.setdefault(labels.fold(str(name)), []).append(str(name))
    near = [" ~ ".join(group) for group in folded.values() if len(group) > 1]
    if near:
        ledger.warn(
            f"{place}: {len(near)} group(s) of {what} names that differ by punctuation alone are kept apart: correct them", near
        )
    return names
