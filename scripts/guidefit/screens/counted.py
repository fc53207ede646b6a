"""From read counts to logFC.

Each sequenced sample is scaled so that its control guides have a median count of 500; log2(count + 1) is taken; the median of its
references (plasmids, initial samples or another arm) is subtracted; guides of which these have too few are left out; each sample is
shifted so that its control guides have median 0. Controls are the guides of nonessential genes, guides named as controls, or all
guides. (Meyers et al. 2017; Dempster et al. 2021.)
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import translate

import numpy as np
import pandas as pd

from guidefit.base.errors import UserError
from guidefit.screens import conditions, labels, matrices, text_files
from guidefit.screens.conditions import Arms
from guidefit.screens.depmap_files import Files, Steps
from guidefit.screens.ledger import Ledger, listed

MEDIAN_COUNT = 500.0
FEWEST_CONTROLS = 8  # guides: with a spread of 0.3 the median of eight is off by 0.13
LARGEST_LOGARITHM = 40.0  # log2 of more reads than a sequencer makes


@dataclass(frozen=True)
class Counts:
    """Read counts with what is known of samples and guides.

    values: (sample, guide) counts, NaN where missing; sheet: a row per sample of `values` (see `samples.read_sheet`); sgrnas:
    (guide,)
    names; guides: their genes (see `read_guides`), maybe without some of them; place, sheet_place: files that messages name.
    """

    values: np.ndarray
    sheet: pd.DataFrame
    sgrnas: pd.Index
    guides: pd.DataFrame
    place: str
    sheet_place: str

    def without(self, names: Sequence[str], ledger: Ledger) -> "Counts":
        """The same without some samples, which is noted."""
        kept = ~self.sheet["sample"].isin(names).to_numpy()
        return replace(self, values=self.values[kept], sheet=without_samples(self.sheet, names, ledger)) if len(names) else self


@dataclass(frozen=True)
class CountedSamples:
    """Read counts and what turns them into logFC.

    counts: (sample, guide); scale: (sample,) factor to a median control count of 500; chosen: (chosen sample,) positions;
    references: positions of references -> the chosen samples (as positions among them) that are compared with these; centres:
    (chosen sample,) median logFC of the control guides, subtracted at the end; min_count: see `logfc`.
    """

    counts: np.ndarray
    scale: np.ndarray
    chosen: np.ndarray
    references: dict[tuple[int, ...], np.ndarray]
    is_contrast: bool
    min_count: float
    centres: np.ndarray

    def _scaled(self, samples: np.ndarray, guides: np.ndarray) -> np.ndarray:
        return self.counts[np.ix_(samples, guides)] * self.scale[samples, None]

    def logfc(self, guides: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(chosen sample, guide) logFC of these guides, and where it is missing because the guide has too few reads.

        It is where the median scaled count of the references is below min_count. In a contrast it is the mean of both arms, which
        under the null hypothesis is independent of their difference (Bourgon, Gentleman & Huber 2010): a guide that vanishes in
        one arm only is a result.
        """
        scaled = self._scaled(self.chosen, guides)
        found = np.log2(scaled + 1)
        is_scarce = np.zeros(found.shape, dtype=bool)
        for references, rows in self.references.items():
            before = self._scaled(np.array(references, dtype=int), guides)
            middle = median(before)
            is_scarce[rows] = ((scaled[rows] + middle) / 2 if self.is_contrast else middle) < self.min_count
            found[rows] -= median(np.log2(before + 1))
        found[is_scarce] = np.nan
        return found - self.centres[:, None], is_scarce

    def centred(self, controls: np.ndarray, block_values: int) -> "CountedSamples":
        """With the control guides of each sample at median 0; at most about block_values values in memory at once."""
        parts = np.array_split(controls, max(1, len(controls) * len(self.chosen) // block_values))
        logfc = np.concatenate([self.logfc(part)[0] for part in parts], axis=1)
        return replace(self, centres=median(logfc.T))


def compare(
    counts: Counts, arms: Arms, controls: np.ndarray, min_count: float, block_values: int, ledger: Ledger
) -> CountedSamples:
    """The logFC of chosen samples against their references. controls: positions of the guides that scale and centre; block_values:
    values that are computed at once. Raises UserError.
    """
    place = {name: i for i, name in enumerate(counts.sheet["sample"])}
    groups: dict[tuple[int, ...], list[int]] = {}
    for row, names in enumerate(arms.references):
        groups.setdefault(tuple(place[name] for name in names), []).append(row)
    chosen = np.array([place[name] for name in arms.chosen["sample"]], dtype=int)
    used = np.unique([*chosen, *(position for group in groups for position in group)])
    counted = CountedSamples(
        counts.values,
        scale_factors(counts, used, controls, ledger),
        chosen,
        {group: np.array(rows) for group, rows in groups.items()},
        arms.is_contrast,
        min_count,
        np.zeros(len(chosen)),
    )
    return counted.centred(controls, block_values)


def scale_factors(counts: Counts, used: np.ndarray, controls: np.ndarray, ledger: Ledger) -> np.ndarray:
    """(sample,) factor that gives the control guides a median count of 500; NaN for samples that are not in use.

    Where most control guides have no reads, as under a strong selection, a sample is scaled to the mean total of the others.
    used: positions of samples. Raises UserError where a sample has no reads.
    """
    scale = np.full(len(counts.values), np.nan)
    totals = np.full(len(counts.values), np.nan)
    for row in used:
        of_controls = counts.values[row, controls]
        totals[row] = np.nansum(counts.values[row], dtype=float)
        middle = float(np.nanmedian(of_controls)) if np.isfinite(of_controls).any() else 0.0
        if totals[row] == 0:
            raise UserError(
                f"{counts.place}: sample {counts.sheet['sample'][row]!r} has no reads, so it cannot be scaled. Remove the sample "
                "from "
                f"{counts.sheet_place}."
            )
        scale[row] = MEDIAN_COUNT / middle if middle > 0 else np.nan
    vanished = used[np.isnan(scale[used])]
    if len(vanished):
        known = totals * scale
        target = np.nanmean(known) if np.isfinite(known).any() else MEDIAN_COUNT * counts.values.shape[1]
        scale[vanished] = target / totals[vanished]
        ledger.warn(
            f"most of the {len(controls)} control guides have no reads in {len(vanished)} sample(s), which are scaled to the total "
            "reads of the others: effects are relative to guides that vanish, so depletion cannot be seen, and enrichment is in "
            "arbitrary units",
            counts.sheet["sample"][vanished],
        )
    return scale


def find_controls(counts: Counts, files: Files, steps: Steps, ledger: Ledger) -> np.ndarray:
    """Positions of the guides that samples are scaled and centred by. Raises UserError where there are none."""
    if steps.normalise == "all":
        return np.flatnonzero(counts.sgrnas.isin(counts.guides["sgrna"]))
    if steps.normalise == "control_guides":
        found = find_control_guides(counts, files, steps)
        what = "control guides"
    else:
        assert files.nonessential
        wanted = matrices.read_names(files.nonessential, counts.guides["label"].unique(), ledger)
        of_controls = counts.guides.loc[labels.match_genes(counts.guides["label"].tolist(), wanted), "sgrna"]
        found = np.flatnonzero(counts.sgrnas.isin(of_controls))
        what = "guides of nonessential genes"
        if not len(found):
            raise UserError(
                f"{files.nonessential}: none of its genes ({listed(wanted, 3)}) has a guide in the counts, whose genes are such as "
                f"{listed(counts.guides['label'].unique(), 3)}. Correct the names, or name guides that are known to have no "
                "effect, "
                f"non-targeting or cutting controls, as screen.control_guides{_suggest_controls(counts)}."
            )
    ledger.note(f"{len(found):,} {what} scale and centre the samples", counts.sgrnas[found])
    if len(found) < FEWEST_CONTROLS:
        ledger.warn(
            f"only {len(found)} {what} scale and centre the samples, so that the effects of these few shift all others: give a "
            "longer list of nonessential genes, or non-targeting guides as screen.control_guides"
        )
    return found


def _suggest_controls(counts: Counts) -> str:
    """Labels or guides of the screen that look like controls, for a message."""
    names = [name for name in dict.fromkeys([*counts.guides["label"], *counts.sgrnas]) if labels.CONTROL_NAME.search(str(name))]
    return f" (the screen has names such as {listed(names, 3)})" if names else ""


def find_control_guides(counts: Counts, files: Files, steps: Steps) -> np.ndarray:
    """Positions of the guides that are named as controls: those of a list, or those that match a pattern with * and ?.

    The pattern is compared with the names of guides and of their genes, without regard to case. Raises UserError where there are
    none.
    """
    if files.control_list:
        place, names = files.control_list, read_list(files.control_list)
        found = labels.match(counts.sgrnas, names, "sgrna").found
        how = f"none of its {len(names)} names ({listed(names, 3)}) is a guide of the counts"
    else:
        assert steps.control_guides
        place, pattern = "screen.control_guides", re.compile(translate(steps.control_guides), re.IGNORECASE)
        of_gene = counts.guides.loc[[bool(pattern.match(label)) for label in counts.guides["label"]], "sgrna"]
        found = np.array([bool(pattern.match(name)) for name in counts.sgrnas]) | counts.sgrnas.isin(of_gene)
        how = f"no guide and no gene matches the pattern {steps.control_guides!r} (* stands for any characters, ? for one)"
    if not found.any():
        raise UserError(
            f"{place}: {how}; guides are such as {listed(counts.sgrnas, 3)}. Give a list of names, one per line, or a pattern"
            f"{_suggest_controls(counts)}."
        )
    return np.flatnonzero(found)


def read_list(path: str) -> list[str]:
    """The names in the first column of a list, its first line included: a header is a name that no guide has."""
    return text_files.read(path, text="all", has_header=False).iloc[:, 0].dropna().tolist()


def check_values(by_sample: Iterable[np.ndarray], place: str, ledger: Ledger) -> None:
    """Raise UserError where counts are negative, infinite or look like logarithms; note where they are not whole.

    by_sample: the counts of each sample, NaN where missing.
    """
    samples, empty, logarithms, fractional, highest = 0, 0, 0, 0, 0.0
    for values in by_sample:
        samples += 1
        known = values[~np.isnan(values)]
        if not len(known):
            empty += 1
            continue
        if known.min() < 0:
            raise UserError(
                f"{place}: negative values, but read counts are 0 or more. If the file holds logFC, give it as screen.logfc; if it "
                "holds logarithms of counts, give the counts."
            )
        if np.isinf(known.max()):
            raise UserError(f"{place}: infinite values, but read counts are finite. Correct them, or leave their cells empty.")
        if (known != np.round(known)).any():
            fractional += 1
            logarithms += int(known.max() < LARGEST_LOGARITHM)
            highest = max(highest, float(known.max()))
    if empty == samples:
        raise UserError(f"{place}: all counts are missing. Expected a number of reads per guide and sample.")
    if logarithms:
        which = "the values" if logarithms == samples else f"the values of {logarithms} of {samples} samples"
        raise UserError(
            f"{place}: {which} are not whole numbers, and none is above {LARGEST_LOGARITHM:g}, so these look like logarithms of "
            "counts. Give raw read counts."
        )
    if fractional:
        ledger.note(
            f"{place}: the counts are not whole numbers (highest: {highest:.4g}), so they are taken as normalised counts; raw read "
            "counts are better, as they show which guides have few reads"
        )


def choose_arms(sheet: pd.DataFrame, steps: Steps, path: str, ledger: Ledger) -> Arms:
    """The samples of the screen and their references, as the config chooses them. path: of the sheet."""
    return conditions.choose(sheet, steps.of, steps.against, steps.pdna_batches, path, ledger)


def used_samples(sheet: pd.DataFrame, arms: Arms) -> pd.DataFrame:
    """The rows of a sheet that are chosen samples or references of theirs."""
    used = {*arms.chosen["sample"], *(name for names in arms.references for name in names)}
    return sheet[sheet["sample"].isin(used)].reset_index(drop=True)


def without_samples(sheet: pd.DataFrame, names: Sequence[str], ledger: Ledger) -> pd.DataFrame:
    """The sheet without some samples, which is noted."""
    if len(names):
        ledger.note(f"{len(names)} sample(s) that failed the quality thresholds left out (screen.drop_failing_samples)", names)
    return sheet[~sheet["sample"].isin(names)].reset_index(drop=True)


def median(values: np.ndarray) -> np.ndarray:
    """Median over the first axis without missing values, NaN where all are missing; raises no warning."""
    if len(values) == 1:
        return values[0]
    with np.errstate(all="ignore"):
        middle = np.median(values, axis=0)
    holes = np.isnan(middle) & np.isfinite(values).any(axis=0)
    middle[holes] = np.nanmedian(values[:, holes], axis=0)
    return middle


def counts_of_matrix(path: str, sheet: pd.DataFrame, guides: pd.DataFrame, sheet_path: str, ledger: Ledger) -> Counts:
    """The counts of a matrix of sequenced samples x sgRNAs, or transposed, with the samples that the sheet has."""
    what = "sequences of the sequence map and sgRNAs of the guide map"
    matrix = matrices.orient(matrices.read(path, ledger), sheet["sample"], guides["sgrna"], path, what, ledger)
    matrix = matrices.rename_rows(matrix, sheet["sample"], "sample", ledger)
    matrix = matrices.rename_rows(matrix.T, guides["sgrna"], "sgrna", ledger).T
    check_values(matrix.to_numpy(), path, ledger)
    unknown = matrix.index.difference(sheet["sample"])
    if len(unknown):
        ledger.note(f"{len(unknown)} sequence(s) of the counts left out, as the sequence map does not have them", unknown)
    sheet = sheet[sheet["sample"].isin(matrix.index)].reset_index(drop=True)
    rows = matrix.index.get_indexer(sheet["sample"])
    values = matrix.to_numpy()
    return Counts(
        values if np.array_equal(rows, np.arange(len(values))) else values[rows], sheet, matrix.columns, guides, path, sheet_path
    )
