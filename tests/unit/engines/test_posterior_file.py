import numpy as np
import pytest
import xarray as xr

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
