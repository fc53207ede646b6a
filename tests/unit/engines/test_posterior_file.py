import re

import numpy as np
import pytest
import xarray as xr

from guidefit.base.errors import UserError
from guidefit.engines import posterior_file

SIZES = {"rows": 6, "genes": 1, "sgrnas": 2, "cell_lines": 3}


def fitted(value):
    tree = xr.DataTree.from_dict({"posterior": xr.Dataset({"mu": (("chain", "draw"), np.full((2, 3), value))})})
    tree.attrs = {"seconds_compile": 1.0, "seconds_sampling": 1.0, "node": "n", "versions": "v", **SIZES}
    return tree


def test_read_fit_gives_one_seed_of_a_batch(tmp_path):
    path = tmp_path / "posterior.nc"
    posterior_file.write_batch(path, {4: fitted(4.0), 6: fitted(6.0)}, {5: "no luck"}, [4, 5, 6])
    for seed in (4, 6):
        fit = posterior_file.read_fit(path, seed)
        assert fit is not None
        assert (fit["posterior"]["mu"] == seed).all()
    assert posterior_file.read_fit(path, 5) is None
    with pytest.raises(ValueError, match=r"posterior\.nc: seed 7 is not in this batch"):
        posterior_file.read_fit(path, 7)


def batch_file(tmp_path, study="s", variant="v", seeds="4-7"):
    path = tmp_path / f"results/{study}/fits/{variant}/seeds_{seeds}/posterior.nc"
    path.parent.mkdir(parents=True)
    return path


def test_flipped_bytes_are_found(tmp_path):
    path = batch_file(tmp_path)
    tree = fitted(1.0)
    tree["posterior"] = xr.Dataset({"mu": (("chain", "draw"), np.full((2, 5000), 0.123456789))})
    posterior_file.write_batch(path, {4: tree}, {}, [4], "s", "v")
    content = path.read_bytes()
    place = content.index(np.float64(0.123456789).tobytes() * 10)
    path.write_bytes(content[:place] + b"\x00" * 8 + content[place + 8 :])
    with pytest.raises(UserError, match=rf"{re.escape(str(path))} is damaged .*Delete it and run again"):
        list(posterior_file.read_batch(path))


@pytest.mark.parametrize(("study", "variant", "seeds"), [("t", "v", "4-7"), ("s", "w", "4-7"), ("s", "v", "8-11"), ("s", "v", "4")])
def test_a_file_of_another_batch_is_refused(tmp_path, study, variant, seeds):
    path = batch_file(tmp_path)
    posterior_file.write_batch(path, {4: fitted(1.0), 5: fitted(2.0)}, {}, [4, 5], "s", "v")
    assert len(list(posterior_file.read_batch(path))) == 2
    other = batch_file(tmp_path / "other", study, variant, seeds)
    other.write_bytes(path.read_bytes())
    with pytest.raises(
        UserError, match=r"holds fits of another batch .study s, variant v, seeds 4, 5. than its folder names. Delete it"
    ):
        list(posterior_file.read_batch(other))


def test_a_file_that_cannot_be_written_is_named_and_leaves_nothing(tmp_path, monkeypatch):
    path = batch_file(tmp_path)

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(xr.DataTree, "to_netcdf", fail)
    with pytest.raises(UserError, match=r"posterior\.nc: cannot write this file: No space left on device"):
        posterior_file.write_batch(path, {4: fitted(1.0)}, {}, [4], "s", "v")
    assert list(path.parent.iterdir()) == []
