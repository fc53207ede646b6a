"""Control genes: those known to be essential, and those known not to be."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from guidefit.base import parquet
from guidefit.base.errors import UserError
from guidefit.screens.ledger import Ledger, listed
from guidefit.screens.labels import match, match_genes
from guidefit.screens.matrices import read_names
from guidefit.screens.screen_file import read_gene_labels

KINDS = ("essential", "nonessential")
COLUMNS = ("control", "listed", "found", "median_logfc")


def classify_genes(labels: pd.Series, lists: Mapping[str, list[str]]) -> dict[str, str]:
    """Gene -> essential or nonessential; a gene that both lists have is neither.

    labels: gene -> its name in the source; lists: essential, nonessential -> names as the source writes them.
    """
    found = {kind: set(labels.index[match_genes(labels.tolist(), names)]) for kind, names in lists.items()}
    in_both = set.intersection(*found.values()) if len(found) > 1 else set()
    return {gene: kind for kind, genes in found.items() for gene in genes - in_both}


def find_essential(screen: str | Path, seed: int, paths: Mapping[str, str | Path]) -> list[str]:
    """The essential genes of a screen; none without a list of them. paths: as those of `validate_lists`."""
    if "essential" not in paths:
        return []
    labels = read_gene_labels(screen, seed)
    control = classify_genes(labels, {kind: read_names(path, labels.tolist()) for kind, path in paths.items()})
    return [gene for gene, kind in control.items() if kind == "essential"]


def find_lists(config: Any, study: str) -> dict[str, str]:
    """essential, nonessential -> path of the list, as far as a config names them for a study; none in a config of another form.

    Where this workflow is a module of another one, its scripts may see the config of that one.
    """
    section = config
    for name in ("studies", study, "screen"):
        section = section.get(name) if isinstance(section, Mapping) else None
    found = {kind: section.get(kind) for kind in KINDS} if isinstance(section, Mapping) else {}
    if isinstance(section, Mapping) and section.get("against"):
        found.pop("essential")  # a contrast: its arms do not differ in them
    return {kind: path for kind, path in found.items() if isinstance(path, str) and path}


def validate_lists(screen: str | Path, seed: int, paths: Mapping[str, str | Path], ledger: Ledger) -> pd.DataFrame:
    """One row per list of control genes: control, listed, found (genes in the screen) and median_logfc (of the genes' medians).

    screen: the file of a real screen; paths: essential, nonessential -> a list of genes, as far as there are any. How many names of
    each list are genes of the screen goes into the joins of the ledger. Raises UserError where a list has no gene of the screen,
    where both have the same genes, or where essential genes are not the more depleted ones.
    """
    labels = read_gene_labels(screen, seed)
    lists = {kind: read_names(path, labels.tolist()) for kind, path in paths.items()}
    control = classify_genes(labels, lists)
    for kind, names in lists.items():
        matched = match(labels.tolist(), names, "gene")
        found = {matched.known[position] for position in matched.positions[matched.found]}
        ledger.join("screen", f"genes of {paths[kind]}", len(matched.known), [name for name in matched.known if name not in found])
        if kind not in control.values():
            raise UserError(_explain_useless(kind, paths, names, labels))
    medians = _median_logfc(screen, control)
    middle = {kind: float(medians[[gene for gene, own in control.items() if own == kind]].median()) for kind in lists}
    if len(middle) == len(KINDS) and not middle["essential"] < middle["nonessential"]:
        raise UserError(
            f"{paths['essential']}: the genes of screen.essential have a median logFC of {middle['essential']:.3g}, those of "
            f"screen.nonessential ({paths['nonessential']}) one of {middle['nonessential']:.3g}. Essential genes are expected to "
            "be the more depleted ones: are the two lists swapped, or is the sign of logFC reversed?"
        )
    counts = pd.Series(control).value_counts() if control else {}
    rows = [(kind, len(names), int(counts[kind]), middle[kind]) for kind, names in lists.items()]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _median_logfc(screen: str | Path, control: Mapping[str, str]) -> pd.Series:
    """Gene -> the median logFC of its rows, for control genes."""
    of_controls = [("gene", "in", pa.array(list(control), pa.string()))]
    rows = parquet.read(screen, ["gene", "logfc"], of_controls)
    return rows.groupby(rows["gene"].astype("str"))["logfc"].median()


def _explain_useless(kind: str, paths: Mapping[str, str | Path], names: list[str], labels: pd.Series) -> str:
    """Why no gene of the screen is a control of this kind."""
    if match_genes(labels.tolist(), names).any():
        other = next(str(path) for own, path in paths.items() if own != kind)
        return (
            f"{paths[kind]}: each of its genes that the screen has is in {other} as well, so none is {kind}. A gene can be in one "
            "of the two lists only: correct the lists."
        )
    return (
        f"{paths[kind]}: the screen has none of its {len(names)} genes ({listed(names, 3)}); genes of the screen are such as "
        f"{listed(labels, 3)}. Correct the names, or remove screen.{kind} from the config."
    )
