"""Screens whose files are spoiled and corrected again: what the import says, and what comes of following it."""

import io
import re
import traceback
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import yaml

from guidefit import screens
from guidefit.base.errors import UserError
from guidefit.config.screen import Screen
from guidefit.config.thresholds import Thresholds
from guidefit.screens import controls, count_table, depmap, long_table
from guidefit.screens.ledger import Ledger
from guidefit.screens.screen_file import ScreenWriter
from helpers import count_tables, long_tables, release
from helpers.defaults import Covariate, Steps, default_of

IDS = ["sgrna", "cell_line"]
LISTS = ("essential", "nonessential")
WITH_NAMES = ("counts", "logfc", "copy_number")  # matrices: their first column has the names of rows
MAPPED = {"samples": "sequence_map"}  # a key of the config -> the field of depmap.Files


class Lab:
    """A good screen in a folder: its files by key of the config, and the other keys; `run` imports it as it is then.

    kind: count_table, counts, logfc or path.
    """

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind, self.folder = kind, folder
        self.files: dict[str, Path] = {}
        self.settings: dict[str, Any] = {"unit": None, "diploid": 1.0, "lost_share": default_of(Thresholds, "lost_share")}
        self.settings |= {name: default_of(Screen, name) for name in ("missing", "constant_covariate", "logfc_max")}
        self.steps: dict[str, Any] = {}
        self.said = ""  # by the error message that a remedy follows
        getattr(self, f"_make_{kind}")()

    def _make_count_table(self) -> None:
        table, sheet, _ = count_tables.made_up()
        self.write("count_table", table, ".csv")
        self.write("samples", sheet)
        self.steps = {"of": {"condition": "DMSO"}, "normalise": "control_guides", "control_guides": "NTC*"}

    def _make_counts(self) -> None:
        for name, table in release.made_up().items():
            self.write(name, table)
        self.write("essential", pd.DataFrame({"Gene": ["GENE0 (100)"]}))
        is_essential = release.made_up()["guide_map"].set_index("sgrna")["gene"] == "GENE0 (100)"
        self.edit("counts", lambda counts: _depleted(counts, counts.columns[is_essential[counts.columns]]))

    def _make_logfc(self) -> None:
        tables = release.made_up()
        rng = np.random.default_rng(8)
        guides = tables["guide_map"]["sgrna"]
        logfc = pd.DataFrame(rng.normal(0, 0.3, (len(guides), 4)), guides, ["L1", "L2", "L3", "L4"])
        logfc[tables["guide_map"]["gene"].to_numpy() == "GENE0 (100)"] -= 2
        for name in ("guide_map", "copy_number", "nonessential"):
            self.write(name, tables[name])
        self.write("logfc", logfc)
        self.write("essential", pd.DataFrame({"Gene": ["GENE0 (100)"]}))

    def _make_path(self) -> None:
        self.write("path", long_tables.good_table(lines=8))
        self.settings["unit"] = "linear"

    # --- changes -------------------------------------------------------------------------------------------------

    def write(self, key: str, table: pd.DataFrame, ending: str = ".csv") -> None:
        self.files[key] = self.folder / f"{key}{ending}"
        table.to_csv(self.files[key], index=key in WITH_NAMES)

    def read(self, key: str) -> pd.DataFrame:
        return pd.read_csv(
            self.files[key], index_col=0 if key in WITH_NAMES else None, keep_default_na=key in (*WITH_NAMES, "path")
        )

    def edit(self, key: str, change: Callable[[pd.DataFrame], Any]) -> None:
        """Change a table: by what the function returns, or in place where it returns nothing."""
        table = self.read(key)
        changed = change(table)
        self.write(key, table if changed is None else changed)

    def rewrite(self, key: str, change: Callable[[bytes], bytes], ending: str | None = None) -> None:
        """Change the bytes of a file, and the ending of its name."""
        content = self.files[key].read_bytes()
        if ending:
            self.files[key] = self.files[key].with_suffix(ending)
        self.files[key].write_bytes(change(content))

    def restore(self, *keys: str) -> None:
        """Take files from the good screen."""
        with TemporaryDirectory() as folder:
            good = Lab(self.kind, Path(folder))
            for key in keys:
                self.files[key] = self.folder / good.files[key].name
                self.files[key].write_bytes(good.files[key].read_bytes())

    # --- import --------------------------------------------------------------------------------------------------

    def run(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The rows of the screen by sgRNA and cell line (copies relative to diploid, logfc), and the ledger's table."""
        covariate = Covariate("log2", diploid=self.settings["diploid"])
        rows, ledger = self._import_path(covariate) if self.kind == "path" else self._import_files(covariate)
        paths = {kind: self.files[kind] for kind in LISTS if kind in self.files}
        if paths:
            with ScreenWriter(self.folder / "screen.parquet", self.folder / "truth.parquet", "study") as writer:
                writer.write_rows(None, rows)
            controls.validate_lists(self.folder / "screen.parquet", 0, paths, ledger)
        rows = rows.astype(dict.fromkeys(IDS, "str")).set_index(IDS).sort_index()
        return rows.assign(copies=rows["cna"] / self.settings["diploid"])[["copies", "logfc"]], ledger.table()

    def _import_path(self, covariate: Any) -> tuple[pd.DataFrame, Ledger]:
        names = ("missing", "constant_covariate", "logfc_max", "lost_share")
        settings = {name: self.settings[name] for name in names} | {"copy_number_unit": self.settings["unit"]}
        columns = self.settings.get("columns", long_tables.COLUMNS)
        ploidies = str(self.files["ploidy"]) if "ploidy" in self.files else None
        return long_table.import_screen(self.files["path"], columns, covariate, ploidies=ploidies, **settings)

    def _import_files(self, covariate: Any) -> tuple[pd.DataFrame, Ledger]:
        known = {MAPPED.get(key, key): str(path) for key, path in self.files.items() if key not in ("essential", "count_table")}
        if "control_list" in self.files:
            self.steps["control_guides"] = None
        files, steps = depmap.Files(map_columns={}, **known), Steps(**self.steps)
        shared = (covariate, self.settings["constant_covariate"], self.settings["unit"])
        lost_share = self.settings["lost_share"]
        if self.kind == "count_table":
            place, converted = str(self.files["count_table"]), self.folder / "counts.parquet"
            noted = count_table.convert(place, converted)
            files = depmap.Files(**{**vars(files), "counts": str(converted)})
            blocks, ledger = count_table.import_count_table(files, steps, *shared, lost_share, place)
            assert not noted.table()["action"].eq("warned").any()
        else:
            blocks, ledger = depmap.import_depmap(files, steps, *shared, self.settings["logfc_max"], lost_share)
        parts = [block.astype(dict.fromkeys(("gene", "sgrna", "cell_line", "Gene"), "str")) for block in blocks]
        return pd.concat(parts, ignore_index=True), ledger


def _depleted(counts: pd.DataFrame, guides: Any) -> None:
    counts.loc[~counts.index.str.startswith("p"), guides] /= 8


Change = Callable[[Lab], None]


@dataclass(frozen=True)
class Case:
    """What is wrong with a screen, what the import says then, and the remedies that it names, each with what comes of it.

    spoil: makes the good screen wrong; message: what the error says (a pattern); remedies: each follows the message (which is
    `lab.said`); warns: whether the verdicts are lowered then, else the screen has to be the right one; right: changes the good
    screen into that one.
    """

    kind: str
    spoil: Change
    message: str
    remedies: tuple[Change, ...]
    warns: bool = False
    right: Change = field(default=lambda _: None)


def set_from(said: str) -> dict[str, Any]:
    """The settings that a message names, as copy_number_unit: log2."""
    return {name: yaml.safe_load(value) for name, value in re.findall(r"(\w+): (\{[^}]*\}|[\w.]+)", said)}


def import_with(kind: str, *changes: Change, said: str = "") -> tuple[pd.DataFrame, pd.DataFrame]:
    """The good screen of a kind after some changes, and its ledger."""
    with TemporaryDirectory() as folder:
        lab = Lab(kind, Path(folder))
        lab.said = said
        for change in changes:
            change(lab)
        return lab.run()


@cache
def stop(case: Case) -> tuple[str, tuple[str, int]]:
    """The message of a case, and where in the library it was raised: module and line."""
    try:
        import_with(case.kind, case.spoil)
    except UserError as error:
        return str(error), find_site(error)
    raise AssertionError("the import did not stop")


def find_site(error: BaseException) -> tuple[str, int]:
    """Module and line of the innermost `raise` in guidefit.screens."""
    folder = Path(screens.__file__).parent
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).parent == folder]
    return Path(frames[-1].filename).stem, frames[-1].lineno or 0


def as_zip(content: bytes, *names: str) -> bytes:
    """A zip archive of files with this content."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, content)
    return file.getvalue()
