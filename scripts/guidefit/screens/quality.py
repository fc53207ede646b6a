"""The quality of sequenced samples: figures, flags where they are beyond their thresholds, and whether the centre of a screen is
a null.

Reads, zero counts and the Gini index as in MAGeCK-VISPR (Li et al. 2015); separation of control genes as NNMD (Dempster et al.
2019).
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from guidefit.base.arrays import evenly_spaced
from guidefit.screens import conditions, counted, labels, matrices
from guidefit.screens.conditions import Arms
from guidefit.screens.counted import CountedSamples, Counts, median
from guidefit.screens.depmap_files import Files, Steps
from guidefit.screens.ledger import Ledger

COLUMNS = (
    *("sample", "cell_line", "condition", "day", "replicate", "batch", "role", "reference", "reads", "reads_per_guide"),
    *("median_control", "zero_counts", "zero_share", "gini", "replicate_correlation", "nnmd", "flags"),
)
SCREENED, REFERENCE, UNUSED = "screened", "reference", "not used"  # roles
SMALL_LIBRARY = 1000  # genes; in a larger library most genes have no effect
FEW_CONTROLS = 3  # genes of one kind that NNMD needs
BLOCK_VALUES = 8_000_000

# column -> (threshold, whether values above it are flagged, the flag)
FLAGS = {
    "reads_per_guide": ("sample_reads_min", False, "few reads"),
    "zero_share": ("sample_zeros_max", True, "many guides without reads"),
    "gini": ("sample_gini_max", True, "uneven counts"),
    "replicate_correlation": ("sample_correlation_min", False, "unlike its replicates"),
    "nnmd": ("sample_nnmd_max", True, "controls not separated"),
}


def judge(
    counts: Counts,
    files: Files,
    steps: Steps,
    lists: Mapping[str, str],
    thresholds: Mapping[str, float],
    drops: bool,
) -> tuple[pd.DataFrame, Ledger]:
    """The table of samples (COLUMNS), and what lowers the verdicts of fits to the screen.

    lists: essential, nonessential -> lists of genes, as far as there are any; drops: whether flagged samples are left out of the
    screen, so that they are no warning. Raises UserError.
    """
    ledger, known = Ledger(), Ledger()  # the import reports what is in the second one
    controls = counted.find_controls(counts, files, steps, known)
    table = describe(counts, controls)
    arms = conditions.choose(counts.sheet, steps.of, steps.against, steps.pdna_batches, counts.sheet_place, known)
    references = {name for names in arms.references for name in names}
    table["role"] = np.select(
        [table["sample"].isin(arms.chosen["sample"]), table["sample"].isin(references)], [SCREENED, REFERENCE], UNUSED
    )
    compared = dict(zip(arms.chosen["sample"], map("; ".join, arms.references), strict=True))
    table["reference"] = table["sample"].map(compared).fillna("")
    genes = {kind: _positions(counts, path) for kind, path in lists.items()}
    if steps.control_guides or files.control_list:
        genes["control_guides"] = counted.find_control_guides(counts, files, steps)
    table["nnmd"] = separation(counts, steps, controls, genes)
    table["flags"] = _flag(table, thresholds)
    failing = table[(table["flags"] != "") & (table["role"] != UNUSED)]
    for flag, rows in failing.groupby("flags", sort=False):
        add = ledger.note if drops else ledger.warn
        add(f"{len(rows)} of {(table['role'] != UNUSED).sum()} samples in use are flagged: {flag} (samples.csv)", rows["sample"])
    found = counted.compare(counts, arms, controls, steps.min_pdna, BLOCK_VALUES, known)
    check = _check_centre if steps.normalise == "all" else _check_controls
    check(counts, found, genes, thresholds["centre_max"], ledger)
    return table[list(COLUMNS)], ledger


def describe(counts: Counts, controls: np.ndarray) -> pd.DataFrame:
    """One row per sample with the figures that follow from its counts alone, and the correlation with its replicates.

    controls: positions of control guides.
    """
    values = counts.values
    figures = [_describe_sample(row, row[controls]) for row in values]
    table = pd.concat([counts.sheet, pd.DataFrame(figures)], axis=1)
    table["reads_per_guide"] = table["reads"] / values.shape[1]
    table["zero_share"] = table["zero_counts"] / values.shape[1]
    table["replicate_correlation"] = np.nan
    for _, rows in table.groupby(["cell_line", "condition", "day", "batch"], sort=False):
        if len(rows) > 1:
            table.loc[rows.index, "replicate_correlation"] = _mean_correlation(values[rows.index], rows["reads"].to_numpy())
    return table


def _describe_sample(values: np.ndarray, of_controls: np.ndarray) -> dict[str, float]:
    known = values[np.isfinite(values)]
    return {
        "reads": float(known.sum(dtype=float)),
        "median_control": float(np.nanmedian(of_controls)) if np.isfinite(of_controls).any() else np.nan,
        "zero_counts": int((known == 0).sum()),
        "gini": gini(np.log2(known + 1)),
    }


def gini(values: np.ndarray) -> float:
    """Gini index of values that are 0 or more: 0 where all are equal, near 1 where few have all."""
    total = values.sum(dtype=float)
    if not total:
        return np.nan
    ranks = np.arange(1, len(values) + 1)
    return float(2 * (ranks * np.sort(values)).sum(dtype=float) / (len(values) * total) - (len(values) + 1) / len(values))


def _mean_correlation(values: np.ndarray, reads: np.ndarray) -> np.ndarray:
    """(sample,) mean correlation of log2 counts, scaled to equal totals, with the other samples. values: (sample, guide)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = np.log2(values * (reads.max() / reads)[:, None] + 1)
        scaled = scaled[:, np.isfinite(scaled).all(axis=0)]
        correlation = np.corrcoef(scaled)
    np.fill_diagonal(correlation, np.nan)
    return np.array([row[np.isfinite(row)].mean() if np.isfinite(row).any() else np.nan for row in correlation])


def separation(counts: Counts, steps: Steps, controls: np.ndarray, genes: Mapping[str, np.ndarray]) -> np.ndarray:
    """(sample,) NNMD of the genes' mean logFC against initial samples or plasmids; NaN without these, or without control genes.

    In a contrast too the comparison is with these: the arms do not differ in essential genes. genes: kind -> positions of guides.
    """
    found = np.full(len(counts.sheet), np.nan)
    null = genes.get("nonessential", genes.get("control_guides"))
    is_grown = ~counts.sheet["is_plasmid"] & (counts.sheet["day"] != conditions.START)
    grown = counts.sheet[is_grown]
    if null is None or "essential" not in genes or grown.empty:
        return found
    references = conditions.find_references(counts.sheet, grown, "pooled", counts.sheet_place, is_strict=False)
    has_any = np.array([len(names) > 0 for names in references])
    if not has_any.any():
        return found
    arms = Arms(grown[has_any], [names for names in references if names], False)
    logfc = counted.compare(counts, arms, controls, steps.min_pdna, BLOCK_VALUES, Ledger())
    ends = {kind: _mean_by_gene(counts, logfc, guides) for kind, guides in (("essential", genes["essential"]), ("null", null))}
    if min(part.shape[1] for part in ends.values()) < FEW_CONTROLS:
        return found
    with np.errstate(invalid="ignore", divide="ignore"):
        difference = np.nanmean(ends["essential"], axis=1) - np.nanmean(ends["null"], axis=1)
        found[arms.chosen.index] = difference / np.nanstd(ends["null"], axis=1, ddof=1)
    return found


def _mean_by_gene(counts: Counts, logfc: CountedSamples, guides: np.ndarray) -> np.ndarray:
    """(sample, gene) mean logFC of some guides; guides without a gene count as genes of one guide."""
    names = counts.sgrnas[guides]
    label = counts.guides.drop_duplicates("sgrna").set_index("sgrna")["label"].reindex(names).fillna("").to_numpy()
    codes, _ = pd.factorize(np.where(label == "", names, label))
    values = pd.DataFrame(logfc.logfc(guides)[0].T).groupby(codes).mean()
    return values.dropna(how="all").to_numpy().T


def _positions(counts: Counts, path: str) -> np.ndarray:
    """Positions of the guides of the genes of a list."""
    wanted = matrices.read_names(path, counts.guides["label"].unique())
    of_genes = counts.guides.loc[labels.match_genes(counts.guides["label"].tolist(), wanted), "sgrna"]
    return np.flatnonzero(counts.sgrnas.isin(of_genes))


def _flag(table: pd.DataFrame, thresholds: Mapping[str, float]) -> list[str]:
    """(sample,) flags, joined by semicolons."""
    found: list[list[str]] = [[] for _ in range(len(table))]
    for column, (threshold, is_largest, flag) in FLAGS.items():
        limit = thresholds[threshold]
        beyond = table[column] > limit if is_largest else table[column] < limit
        for row in np.flatnonzero(beyond):
            found[row].append(flag)
    return ["; ".join(flags) for flags in found]


def _check_controls(counts: Counts, found: CountedSamples, _: Mapping[str, np.ndarray], largest: float, ledger: Ledger) -> None:
    """Warn where most guides are enriched relative to the control guides, which then are depleted themselves."""
    guides = np.flatnonzero(counts.sgrnas.isin(counts.guides["sgrna"]))
    guides = guides[evenly_spaced(len(guides), MOST_GUIDES)]
    with np.errstate(all="ignore"):
        middle = float(np.nanmedian(median(found.logfc(guides)[0]))) if len(guides) else 0.0
    if middle > largest:
        ledger.warn(
            f"the median guide is enriched by {middle:.2f} logFC relative to the control guides that scale and centre the samples: "
            "are these controls without effect, or positive controls such as guides of essential genes? Name guides that are known "
            "to have no effect (screen.control_guides, screen.nonessential), unless most genes of the library are enriched"
        )


MOST_GUIDES = 2000  # whose median is that of all


def _check_centre(counts: Counts, found: CountedSamples, genes: Mapping[str, np.ndarray], largest: float, ledger: Ledger) -> None:
    """Warn where the centre of all guides is no null, or nothing shows that it is."""
    advice = "Name guides that are known to have no effect (screen.control_guides), or a list of nonessential genes of this library"
    for kind, what in (("control_guides", "control guides"), ("nonessential", "guides of nonessential genes")):
        guides = genes.get(kind, np.empty(0, int))
        if len(guides):
            middle = float(np.nanmedian(median(found.logfc(guides)[0])))
            if abs(middle) > largest:
                ledger.warn(
                    f"normalise: all: the median logFC of {len(guides)} {what} is {middle:.2f}, so the centre of all guides is no "
                    "null, "
                    f"and every effect is shifted by about {-middle:.2f}. Set screen.normalise: {kind}"
                )
            return
    essential, every = len(genes.get("essential", ())), counts.sgrnas.isin(counts.guides["sgrna"]).sum()
    if found.is_contrast:
        return
    if essential > every / 3:
        ledger.warn(
            f"normalise: all: {essential} of {every} guides target essential genes, so the centre of all guides is no null, and "
            "effects "
            f"are shifted upwards. {advice}"
        )
    elif (genes_of_library := counts.guides["label"].replace("", np.nan).nunique()) < SMALL_LIBRARY:
        ledger.warn(
            f"normalise: all: nothing shows that most of the {genes_of_library} genes have no effect, and if they "
            "have, "
            f"every effect is shifted. {advice}"
        )


def read_failing(path: str | Path | None) -> list[str]:
    """The samples in use that are flagged, from the table of samples; none without a table."""
    if not path:
        return []
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return table.loc[(table["flags"] != "") & (table["role"] != UNUSED), "sample"].str.removeprefix("'").tolist()
