"""Units of copy numbers."""

import numpy as np
import pytest

from guidefit.base.errors import UserError
from guidefit.screens.copy_number import check_unit
from guidefit.screens.ledger import Ledger


def test_units_are_distinguished():
    rng = np.random.default_rng(1)
    relative = rng.gamma(16, 1 / 16, 20_000)
    whole = rng.poisson(2, 1000).astype(float) + 1

    def notes(values, unit, diploid):
        ledger = Ledger()
        check_unit(values, unit, diploid, "f", ledger)
        return " ".join(ledger.table()["reason"])

    assert "3 times the diploid one (1)" in notes(whole, "linear", 1.0)
    assert "times the diploid one (2): where they are absolute" in notes(relative, "linear", 2.0)
    with pytest.raises(UserError, match="all copy numbers are missing"):
        notes(np.array([np.nan]), "linear", 2.0)
    assert "if these are logarithms" in notes(np.log2(relative + 1), "linear", 1.0)
    assert notes(np.append(relative, 60.0), "linear", 1.0).startswith("copy numbers, taken as linear: median")
