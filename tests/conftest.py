"""Where tests that need files beside the checkout find them."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared_data():
    """The folder of real screens beside the checkout; tests that need it skip where it is absent."""
    folder = ROOT.parent / "shared/data"
    if not folder.is_dir():
        pytest.skip("no real screens beside the checkout (../shared/data)")
    return folder
