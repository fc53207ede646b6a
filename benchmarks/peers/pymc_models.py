"""The project's own variants as PyMC models, for the peers that sample them."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

SCRIPTS = Path(__file__).parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))

from guidefit.models import declaration  # noqa: E402


def build(name: str, arrays: Any) -> Any:
    """A variant's model of the arrays, with the priors that its file declares."""
    file = declaration.VARIANTS / f"{name}.py"
    coords = {
        "gene": [str(gene) for gene in range(arrays.gene_of_sgrna.max() + 1)],
        "sgrna": [str(sgrna) for sgrna in range(len(arrays.gene_of_sgrna))],
        "row": np.arange(len(arrays.x)),
    }
    # What a variant reads of guidefit.screens.arrays.ModelData.
    data = SimpleNamespace(**vars(arrays), coords=coords, gene_of_row=arrays.gene_of_sgrna[arrays.sgrna_of_row])
    return declaration.load(file)(data, declaration.declare(file).priors)


def draws(trace: Any) -> dict[str, Any]:
    """The draws of a trace as arrays (chain, draw, ...)."""
    return {str(name): values.to_numpy() for name, values in trace["posterior"].data_vars.items()}
