"""Names of genes, sgRNAs, samples and cell lines: cleaned, and matched between files label by label.

The exact label is tried first, then the symbol, Entrez id and Ensembl id (without its version) of a gene, then what is the same but
for case and punctuation, and the name of a line without the tissue that CCLE appends. A label that could be several is none.
"""

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import pandas as pd

from guidefit.screens.ledger import Ledger

Kind = Literal["gene", "cell_line", "sgrna", "sample"]
NOUNS = {"gene": "gene", "cell_line": "cell line", "sgrna": "guide", "sample": "sample"}

# Soft hyphen, zero-width and direction characters, byte order mark: names that look equal and are not.
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
# Labels of guides that target no gene
CONTROL_NAME = re.compile(
    r"non.?target|(?:^|[^a-z])ntc|scrambl|safe.?(?:harbou?r|target)|aavs1|luciferase|[el]gfp|lacz|intergenic|cutting|control", re.I
)
_ENSEMBL = re.compile(r"(ENS[A-Z]*G\d{6,})(?:\.\d+)?", re.IGNORECASE)
_WITH_ID = re.compile(r"(?P<symbol>.+?)(?: ?\((?P<a>[\w.]+)\)|\.\.(?P<b>\w+)\.|[|;](?P<c>[\w.]+))")
# Symbols that the HGNC changed in 2020, because spreadsheets turn them into dates (Bruford et al. 2020).
_RENAMED = (
    (re.compile(r"SEPT(\d+)"), r"SEPTIN\1"),
    (re.compile(r"MARCH(\d+)"), r"MARCHF\1"),
    (re.compile(r"MARC([12])"), r"MTARC\1"),
)
TISSUES = (
    "AUTONOMIC_GANGLIA|BILIARY_TRACT|BONE|BREAST|CENTRAL_NERVOUS_SYSTEM|CERVIX|ENDOMETRIUM|FIBROBLAST|HAEMATOPOIETIC_AND_LYMPHOID_TISSUE|"
    "KIDNEY|LARGE_INTESTINE|LIVER|LUNG|MATCHED_NORMAL_TISSUE|OESOPHAGUS|OVARY|PANCREAS|PLACENTA|PLEURA|PROSTATE|SALIVARY_GLAND|SKIN|"
    "SMALL_INTESTINE|SOFT_TISSUE|STOMACH|THYROID|UPPER_AERODIGESTIVE_TRACT|URINARY_TRACT|UVEA|PRIMARY"
)
_CCLE = re.compile(rf"(.+?)_(?:{TISSUES})")
DIFFERENT_LINES = {"tt", "kmh2"}  # TT and T.T, KM-H2 and KMH-2 are two lines each
EXACT, SPELLING = "the same label", "the same but for case and punctuation"
BY_ID = SYMBOL, ENTREZ, ENSEMBL = "the same symbol", "the same Entrez id", "the same Ensembl id"


def clean(name: str) -> str:
    """A name without blanks around it and invisible characters, with one kind of blank and of dash (Unicode NFKC)."""
    if name.isascii():
        return name if name == name.strip() else name.strip()
    return " ".join(_DASHES.sub("-", unicodedata.normalize("NFKC", _UNSEEN.sub("", name))).split())


def show_control(name: str) -> str:
    """A name with its control characters as escapes."""
    return CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", name)


def clean_column(names: pd.Series, missing: Collection[str] = ("",)) -> pd.Series:
    """Cleaned names; those that are missing, or among the words for it, are NaN."""
    codes, values = pd.factorize(names)
    cleaned = [clean(str(value)) for value in values]
    known = np.array([None if value in missing else value for value in cleaned] + [None], dtype=object)
    return pd.Series(known[codes], names.index, dtype="str")


@lru_cache(1 << 17)
def fold(name: str) -> str:
    """A name without case and punctuation; two numbers stay apart (NKX2-1 is not NKX21)."""
    parts = [part for part in re.split(r"[\W_]+", name.casefold()) if part]
    apart = [i > 0 and part[0].isdigit() and parts[i - 1][-1].isdigit() for i, part in enumerate(parts)]
    return "".join(f"-{part}" if is_apart else part for part, is_apart in zip(parts, apart, strict=True))


@dataclass(frozen=True)
class GeneIds:
    """What a label of a gene says: its symbol, Entrez id and Ensembl id without version, as far as it does."""

    symbol: str | None
    entrez: str | None
    ensembl: str | None


@lru_cache(1 << 17)
def parse_gene(label: str) -> GeneIds:
    """The ids in a label: A1CF, A1CF (29974), A1CF|29974, A1CF..29974. (as R writes it), 29974, 29974.0, ENSG00000148584.15, ..."""
    if found := _ENSEMBL.fullmatch(label):
        return GeneIds(None, None, found[1].upper())
    if found := re.fullmatch(r"(\d+)(?:\.0)?", label):
        return GeneIds(None, found[1], None)
    if found := _WITH_ID.fullmatch(label):
        of_id = parse_gene(found["a"] or found["b"] or found["c"])
        if of_id.entrez or of_id.ensembl:
            return GeneIds(found["symbol"], of_id.entrez, of_id.ensembl)
    return GeneIds(label, None, None)


def symbol(label: str) -> str:
    """A1CF of "A1CF (29974)"; of a label without an id, the label."""
    head, bracket, rest = label.rpartition(" (")
    return head if bracket and rest.endswith(")") else label


def _renamed(label: str) -> str | None:
    """The present symbol of a gene that was renamed."""
    old = parse_gene(label).symbol or ""
    return next((pattern.sub(new, old) for pattern, new in _RENAMED if pattern.fullmatch(old)), old or None)


def _line_of_ccle(name: str) -> str | None:
    found = _CCLE.fullmatch(name.upper())
    return fold(found[1] if found else name)


def _from_r(name: str) -> str:
    """R puts an X before names that begin with a digit."""
    return re.sub(r"^x(?=\d)", "", fold(name))


def keys(names: Iterable[str]) -> set[str]:
    """All that names may be matched by, of any kind: to see which of two files' axes belong together."""
    found: set[str | None] = set()
    for name in names:
        ids = parse_gene(name)
        found |= {fold(name), fold(ids.symbol or name), ids.entrez, ids.ensembl, _line_of_ccle(name)}
    return {key for key in found if key}


Key = Callable[[str], str | None]
_STEPS: dict[str, tuple[tuple[str, Key], ...]] = {
    "gene": (
        (SYMBOL, lambda label: parse_gene(label).symbol),
        (ENTREZ, lambda label: parse_gene(label).entrez),
        (ENSEMBL, lambda label: parse_gene(label).ensembl),
        ("a former symbol", _renamed),
        (SPELLING, lambda label: fold(parse_gene(label).symbol or label)),
    ),
    "cell_line": ((SPELLING, fold), ("the same but for CCLE's tissue", _line_of_ccle)),
    "sgrna": ((SPELLING, fold),),
    "sample": ((SPELLING, fold), ("the same but for changes by R", _from_r)),
}


@dataclass(frozen=True)
class Matching:
    """Names of one file among those of another.

    names; known: the other file's; positions: (name,) among `known`, -1 where there is none; how: (name,) by what it was matched.
    """

    names: list[str]
    known: list[str]
    positions: np.ndarray
    how: list[str]

    @property
    def found(self) -> np.ndarray:
        """(name,) whether it was matched."""
        return self.positions >= 0

    @property
    def lost(self) -> list[str]:
        """The names that were not matched."""
        return [name for name, position in zip(self.names, self.positions, strict=True) if position < 0]

    def by_spelling(self) -> list[str]:
        """ "HT-29 = HT29" for each name that was matched with one that is spelt in another way, or has another symbol."""
        pairs = zip(self.names, self.positions, self.how, strict=True)
        return [f"{name} = {self.known[position]}" for name, position, how in pairs if how not in ("", EXACT, *BY_ID)]

    def near(self, most: int = 5) -> list[str]:
        """ "HT-29 ~ HT29" for the first names that were not matched and look like a known one."""
        folded: dict[str, str] = {}
        for name in self.known if self.lost else ():
            folded.setdefault(fold(name), name)
        found = []
        for name in self.lost[: 4 * most]:
            close = difflib.get_close_matches(fold(name), list(folded), n=1, cutoff=0.85) if len(folded) < 5000 else [fold(name)]
            if close and close[0] in folded:
                found.append(f"{name} ~ {folded[close[0]]}")
        return found[:most]


def match(names: Iterable[str], known: Iterable[str], kind: Kind) -> Matching:
    """Find each name among the known ones, see the module. kind: what they name. Repeated known names count once.

    A step looks only at names that no step before it has matched, and takes no key that several known names have. Names that are
    spelt in another way are matched one to one, and with no known name that another name has already.
    """
    names, known = list(names), list(dict.fromkeys(known))
    places = {name: i for i, name in enumerate(known)}
    positions = np.array([places.get(name, -1) for name in names], dtype=int)
    how = [EXACT if position >= 0 else "" for position in positions]
    for said, key in _STEPS[kind]:
        left = {i: wanted for i in np.flatnonzero(positions < 0) if (wanted := key(names[i]))}
        if not left:
            continue
        of_key = _unique_keys(known, key)
        if said not in BY_ID:
            taken = set(positions.tolist())
            counts = Counter({names[i]: wanted for i, wanted in left.items()}.values())
            of_key = {own: i for own, i in of_key.items() if i not in taken and counts[own] == 1}
        for i, wanted in left.items():
            position = of_key.get(wanted, -1)
            is_other_line = kind == "cell_line" and wanted in DIFFERENT_LINES
            if position >= 0 and not is_other_line and not (kind == "gene" and _contradict(names[i], known[position])):
                positions[i], how[i] = position, said
    return Matching(names, known, positions, how)


def _unique_keys(known: Sequence[str], key: Key) -> dict[str, int]:
    """Key -> position of the only known name that has it."""
    found: dict[str, int] = {}
    for i, name in enumerate(known):
        if own := key(name):
            found[own] = -1 if own in found else i
    return {own: i for own, i in found.items() if i >= 0}


def _contradict(one: str, other: str) -> bool:
    """Whether two labels of genes have different ids of one kind."""
    a, b = parse_gene(one), parse_gene(other)
    return any(x and y and x != y for x, y in ((a.entrez, b.entrez), (a.ensembl, b.ensembl)))


def note_spelling(found: Matching, kind: Kind, ledger: Ledger) -> None:
    """Note names that were matched although they are not the same."""
    pairs = found.by_spelling()
    if pairs:
        ledger.note(f"{len(pairs):,} name(s) of {NOUNS[kind]}s matched with another spelling", pairs)


def match_genes(names: Sequence[str], wanted: Iterable[str]) -> np.ndarray:
    """(name,) which genes, of which some may be repeated, are among the wanted ones."""
    codes, different = pd.factorize(np.asarray(names, dtype=object))
    return match(different, wanted, "gene").found[codes]
