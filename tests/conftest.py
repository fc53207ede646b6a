"""Where tests that need files beside the checkout find them."""

import os
from pathlib import Path

import pytest

# As in every job: more BLAS threads than cores make small fits many times slower. Before numpy is imported.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared_data():
    """The folder of real screens beside the checkout; tests that need it skip where it is absent."""
    folder = ROOT.parent / "shared/data"
    if not folder.is_dir():
        pytest.skip("no real screens beside the checkout (../shared/data)")
    return folder
