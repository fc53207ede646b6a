"""How a text file is written: compression, encoding, separator and decimal mark, found from its content and not from its name."""

import bz2
import codecs
import csv
import gzip
import io
import lzma
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from guidefit.base.errors import UserError
from guidefit.screens.ledger import listed

SAMPLE_BYTES = 1 << 18
SAMPLE_LINES = 60
CHUNK_BYTES = 1 << 24
SAVE_AS_TEXT = "Save it as text: CSV in UTF-8."
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"))
BYTE_ORDER_MARKS = (*_MARKS, (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF16_BE, "utf-16"))
SEPARATORS = {"\t": "tab", ";": "semicolon", ",": "comma", "|": "vertical bar", " ": "blank"}
# First bytes of files that are no text, and what they are.
FOREIGN = {
    b"\xd0\xcf\x11\xe0": "a workbook of a spreadsheet program (.xls)",
    b"%PDF": "a PDF document",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"RDX": "an R data file",
}
WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods", ".numbers")
_COMMA_NUMBER = re.compile(r"[-+]?\d+,\d+(?:[eE][-+]?\d+)?")
_POINT_NUMBER = re.compile(r"[-+]?\d*\.\d+(?:[eE][-+]?\d+)?")
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(?:,\d{3})+")


@dataclass(frozen=True)
class Layout:
    """encoding: Python's name; separator; decimal: "." or ","; skipped: lines before the header; header: its names, stripped."""

    encoding: str
    separator: str
    decimal: str
    skipped: int
    header: list[str]

    def unusual(self, name: str) -> str:
        """What a reader of the messages should know about how the file `name` was read; empty where it is as its name says."""
        expected = "\t" if re.search(r"\.(tsv|txt|tab)(\.\w+)?$", name.lower()) else ","
        found = [] if self.encoding.startswith("utf-8") else [f"in the encoding {self.encoding}"]
        if self.separator != expected and len(self.header) > 1:
            found.append(f"separated by {SEPARATORS[self.separator]}")
        if self.decimal == ",":
            found.append("with decimal commas")
        if self.skipped:
            found.append(f"without its first {self.skipped} line(s)")
        return ", ".join(found)


def open_bytes(path: Path) -> IO[bytes]:
    """The content of a file, decompressed where it is gzip, bzip2, xz or a zip archive of one file. Raises UserError."""
    with open(path, "rb") as file:
        start = file.read(6)
    if start.startswith(b"\x1f\x8b"):
        return gzip.open(path)  # type: ignore[return-value]
    if start.startswith(b"BZh"):
        return bz2.open(path)
    if start.startswith(b"\xfd7zXZ\x00"):
        return lzma.open(path)
    if start.startswith(b"PK\x03\x04") and not path.name.lower().endswith(WORKBOOKS):
        return _open_zip(path)
    return open(path, "rb")


def _open_zip(path: Path) -> IO[bytes]:
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise UserError(f"{path}: cannot be read as a zip archive: {error}. Save it again.") from error
    names = archive.namelist()
    if {"[Content_Types].xml", "mimetype"} & set(names):
        raise UserError(f"{path}: {_is('a workbook of a spreadsheet program')}")
    members = [name for name in names if not name.endswith("/") and not name.startswith("__MACOSX/")]
    if len(members) != 1:
        raise UserError(
            f"{path}: the zip archive holds {len(members)} files ({listed(members)}). Expected one: unpack it, and give the "
            "path of the table."
        )
    return archive.open(members[0])


def _is(what: str) -> str:
    return f"this is {what}, which is not read: it may hold several sheets, formats and hidden changes of names. {SAVE_AS_TEXT}"


def find_layout(path: Path) -> Layout:
    """How a text file is written. Raises UserError where it is empty or no text, or where its numbers can be read in two ways."""
    if path.name.lower().endswith(WORKBOOKS):
        raise UserError(f"{path}: {_is('a workbook of a spreadsheet program')}")
    with open_bytes(path) as file:
        start = file.read(SAMPLE_BYTES)
        while max(start.count(b"\n"), start.count(b"\r")) < 4 and (more := file.read(SAMPLE_BYTES)):  # a header may be long
            start += more
        whole = not file.read(1)
    for magic, what in FOREIGN.items():
        if start.startswith(magic):
            raise UserError(f"{path}: this is {what}. {SAVE_AS_TEXT}")
    if re.match(rb"\s*<(!doctype|html|\?xml)", start, re.IGNORECASE):
        raise UserError(f"{path}: this is a web page or XML, not a table. Download the file itself.")
    encoding = _find_encoding(path, start)
    text = codecs.getincrementaldecoder(encoding)("replace").decode(start)
    lines = io.StringIO(text, newline=None).read().split("\n")
    lines = (lines if whole else lines[:-1])[:SAMPLE_LINES]
    skipped, separator = _find_start(lines)
    rows = [row for row in _rows(lines[skipped:], separator) if any(cell.strip() for cell in row)]
    if not rows:
        raise UserError(f"{path}: the file is empty. Expected a header line and at least one row.")
    decimal = "." if separator == "," else _find_decimal(path, rows[1:])
    return Layout(encoding, separator, decimal, skipped, [name.strip() for name in rows[0]])


def _find_encoding(path: Path, start: bytes) -> str:
    """By the byte order mark; UTF-16 without one by its zero bytes; UTF-8 if all of the file is; else that of Windows in Europe."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return encoding
    for offset, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if len(start) > 3 and start[offset:400:2].count(0) > 0.7 * len(start[offset:400:2]):
            return encoding
    if b"\0" in start:
        _refuse_nul(path, 1, start)
    decoder, lines, is_utf8 = codecs.getincrementaldecoder("utf-8")(), 1, True
    with open_bytes(path) as file:
        while chunk := file.read(CHUNK_BYTES):
            if b"\0" in chunk:
                _refuse_nul(path, lines, chunk)
            lines += chunk.count(b"\n")
            if is_utf8:
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError:
                    is_utf8 = False
    return "utf-8" if is_utf8 else "cp1252"


def _refuse_nul(path: Path, line: int, chunk: bytes) -> None:
    """Raise UserError with the line of a NUL character, at which the parser would cut off the cell."""
    line += chunk.count(b"\n", 0, chunk.find(b"\0"))
    raise UserError(f"{path}: line {line} contains a NUL character, so the file is damaged. {SAVE_AS_TEXT}")


def _rows(lines: list[str], separator: str) -> list[list[str]]:
    try:
        return list(csv.reader(lines, delimiter=separator))
    except csv.Error:
        return [line.split(separator) for line in lines]


def _find_start(lines: list[str]) -> tuple[int, str]:
    """How many lines precede the header, and the separator. Lines such as `sep=;` and `#1.2` precede it."""
    filled = [i for i, line in enumerate(lines) if line.strip()]
    if filled and (said := re.fullmatch(r"sep=(.)", lines[filled[0]].strip(), re.IGNORECASE)) and said[1] in SEPARATORS:
        return filled[0] + 1, said[1]
    separator = _find_separator(lines)
    first = next((i for i in filled if not lines[i].startswith("#")), 0)
    cells = {i: len(_rows([lines[i]], separator)[0]) for i in filled if i <= first}
    comments = [i for i in cells if i < first and cells[i] < cells[first]]
    return (comments[-1] + 1 if comments else 0), separator


def _find_separator(lines: list[str]) -> str:
    """The separator that every line has, outside quotes, a blank only from three columns on; a comma where there is none."""
    filled = [re.sub(r'"(?:[^"]|"")*"', "", line) for line in lines if line.strip() and not line.startswith("#")]
    filled = filled or lines[:1]
    for separator in SEPARATORS:
        counts = [line.count(separator) for line in filled]
        usual = max(set(counts), key=counts.count) if counts else 0
        if min(counts, default=0) > (1 if separator == " " else 0) and counts.count(usual) >= 0.5 * len(counts):
            return separator
    with_any = {separator: sum(separator in line for line in filled) for separator in ("\t", ";", ",")}
    best = max(with_any, key=lambda separator: with_any[separator])
    return best if with_any[best] > 0.8 * len(filled) else ","


def _find_decimal(path: Path, rows: list[list[str]]) -> str:
    """The decimal mark of a table that is not separated by commas. Raises UserError where 1,234 may mean two things."""
    cells = {cell.strip() for row in rows for cell in row}
    commas = sorted(cell for cell in cells if _COMMA_NUMBER.fullmatch(cell) or _THOUSANDS.fullmatch(cell))
    if not commas or any(_POINT_NUMBER.fullmatch(cell) for cell in cells):
        return "."
    if all(_THOUSANDS.fullmatch(cell) for cell in commas):
        raise UserError(
            f"{path}: numbers such as {listed(commas, 3)} may have a decimal comma or a separator of thousands. Write them without "
            "separators of thousands."
        )
    return ","
