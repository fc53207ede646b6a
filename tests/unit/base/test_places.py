"""What a path says about its content."""

import pytest

from guidefit.base import places
from guidefit.base.errors import UserError


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("results/s/fits/v/seeds_0-4/posterior.nc", {"study": "s", "variant": "v", "seeds": "0-4", "file": "posterior.nc"}),
        (
            "deep/results/s/data/design/seeds_7/screen.parquet",
            {"study": "s", "source": "design", "seeds": "7", "file": "screen.parquet"},
        ),
        ("results/s/data/screen/truth.parquet", {"study": "s", "source": "screen", "file": "truth.parquet"}),
        ("results/s/effects/genes.parquet", {"study": "s", "file": "genes.parquet"}),
        ("results/s/ranks.parquet", {"study": "s", "file": "ranks.parquet"}),
        ("results/my results/results/s/ranks.parquet", {"study": "s", "file": "ranks.parquet"}),
        ("my/screens/screen.parquet", {}),
    ],
)
def test_ids_are_what_the_path_names(path, ids):
    assert places.ids_of(path) == ids


def test_only_a_file_of_another_place_is_refused():
    path = "results/s/fits/v/seeds_1/loo.parquet"
    for found in ({}, places.ids_of(path)):  # a file without ids is from outside
        places.refuse_other(path, found)
    places.refuse_other("elsewhere/loo.parquet", places.ids_of(path))
    with pytest.raises(UserError, match=r"was written for study s, variant w, .*, and study s, variant v, .* was expected"):
        places.refuse_other(path, places.ids_of(path.replace("/v/", "/w/")))
