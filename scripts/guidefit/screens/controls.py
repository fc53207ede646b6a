"""Control genes: those known to be essential, and those known not to be."""

from collections.abc import Mapping

import pandas as pd

from guidefit.screens.matrices import match_names

KINDS = ("essential", "nonessential")


def classify_genes(labels: pd.Series, lists: Mapping[str, list[str]]) -> dict[str, str]:
    """Gene -> essential or nonessential; a gene that both lists have is neither.

    labels: gene -> its name in the source; lists: essential, nonessential -> names as the source writes them.
    """
    found = {kind: set(labels.index[match_names(labels.tolist(), names)]) for kind, names in lists.items()}
    in_both = set.intersection(*found.values()) if len(found) > 1 else set()
    return {gene: kind for kind, genes in found.items() for gene in genes - in_both}
