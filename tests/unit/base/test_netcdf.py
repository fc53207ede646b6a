"""NetCDF files that are verified when they are read."""

import os
import re

import numpy as np
import pytest
import xarray as xr

from guidefit.base import netcdf
from guidefit.base.errors import UserError

VALUE = 0.123456789


@pytest.fixture
def path(tmp_path):
    return place(tmp_path, "results/s/fits/v/seeds_4-7/predictive.nc")


def place(folder, path):
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    return folder / path


def tree(value=VALUE):
    inner = xr.Dataset(
        {
            "a": (("draw", "gene"), np.full((500, 2), value)),
            "b": 987.654321,
            "flag": ("draw", np.arange(500) % 2 == 0),
            "empty": ("none", np.zeros(0)),
        },
        coords={"gene": ["TP53", "KRAS"], "seed": 4},
        attrs={"note": "", "time": 0.5},
    )
    content = xr.DataTree.from_dict({"seed_4/prior": inner, "seed_4/none": xr.Dataset()})
    content.attrs = {"seeds": np.array([4]), "errors": "{}", "missing": np.nan}
    return content


def test_what_is_written_is_read(path):
    netcdf.write(tree(), path)
    back = netcdf.read(path)
    for group in ("seed_4/prior", "seed_4/none"):
        xr.testing.assert_identical(back[group].to_dataset(inherit=False), tree()[group].to_dataset(inherit=False))
    assert set(back.attrs) == {"seeds", "errors", "missing"}
    netcdf.write(xr.DataTree(), path)
    assert not netcdf.read(path).children


@pytest.mark.parametrize(
    "what", [np.float64(VALUE).tobytes() * 10, np.float64(987.654321).tobytes(), b"KRAS", np.float64(0.5).tobytes()]
)
def test_flipped_bytes_are_found(path, what):
    """In an array of numbers, in a single number, in text, and in an attribute (whose header has a checksum of HDF5's own)."""
    netcdf.write(tree(), path)
    content = path.read_bytes()
    at = content.index(what)
    path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    with pytest.raises(UserError, match=rf"^{re.escape(str(path))} is damaged \(.*\)\. Delete it and run again"):
        netcdf.read(path)


@pytest.mark.parametrize("other", ["t/fits/v/seeds_4-7", "s/fits/w/seeds_4-7", "s/fits/v/seeds_8-11", "s/fits/v/seeds_4"])
def test_a_file_of_another_batch_is_refused(path, tmp_path, other):
    netcdf.write(tree(), path)
    moved = place(tmp_path, f"other/results/{other}/predictive.nc")
    moved.write_bytes(path.read_bytes())
    with pytest.raises(UserError, match=rf"{moved} was written for study s, variant v, seeds 4-7, .* was expected.*Delete it"):
        netcdf.read(moved)
    unrelated = tmp_path / "mine.nc"
    unrelated.write_bytes(path.read_bytes())
    assert netcdf.read(unrelated).children


def test_a_truncated_or_missing_file_is_left_to_the_start_of_the_job(path):
    netcdf.write(tree(), path)
    os.truncate(path, path.stat().st_size - 10)
    with pytest.raises(OSError, match="predictive"):
        netcdf.read(path)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        netcdf.read(path)


def test_a_file_that_cannot_be_written_is_named_and_leaves_nothing(path, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(xr.DataTree, "to_netcdf", fail)
    with pytest.raises(UserError, match=r"predictive\.nc: cannot write this file: No space left on device"):
        netcdf.write(tree(), path)
    assert list(path.parent.iterdir()) == []
