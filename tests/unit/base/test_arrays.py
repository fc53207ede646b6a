import numpy as np
import pytest

from guidefit.base.arrays import evenly_spaced


@pytest.mark.parametrize(
    ("count", "most", "expected"),
    [(0, 5, []), (1, 5, [0]), (3, 5, [0, 1, 2]), (5, 5, [0, 1, 2, 3, 4]), (5, 1, [0]), (10, 4, [0, 3, 6, 9]), (6, 2, [0, 5])],
)
def test_the_items_are_evenly_spaced(count, most, expected):
    assert evenly_spaced(count, most).tolist() == expected


def test_no_item_is_chosen_twice():
    for count in range(1, 60):
        for most in range(1, 60):
            chosen = evenly_spaced(count, most)
            assert len(chosen) == min(count, most)
            assert (np.diff(chosen) >= 1).all()
