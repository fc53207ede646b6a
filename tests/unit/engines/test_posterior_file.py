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


def test_fits_of_one_layout_are_stacked_as_xarray_concatenates_them():
    """Fits that differ in a variable, a coordinate or a type are left to xarray, which has NaN for what is missing, or raises."""
    rng = np.random.default_rng(1)

    def part(genes=("a", "b"), kind=float):
        values = {
            "mu": (("chain", "draw"), rng.normal(size=(2, 3))),
            "gamma_g": (("chain", "draw", "gene"), rng.normal(size=(2, 3, 2))),
        }
        values["deep"] = (("chain", "draw"), np.ones((2, 3), kind))
        return xr.Dataset(values, coords={"chain": [0, 1], "draw": [0, 1, 2], "gene": list(genes)})

    alike = [part(), part(), part()]
    along = xr.DataArray([4, 5, 9], dims="seed", name="seed")
    xr.testing.assert_identical(posterior_file._along_seed(alike, [4, 5, 9], 3), xr.concat(alike, along, data_vars="all"))
    mixed = posterior_file._along_seed([part(), part().drop_vars("deep")], [4, 5], 2)
    assert mixed["deep"].isnull().any(("chain", "draw")).values.tolist() == [False, True]
    with pytest.raises(ValueError, match="gene"):
        posterior_file._along_seed([part(), part(genes=("a", "c"))], [4, 5], 2)
    assert not posterior_file._are_alike([part(), part(kind=int)])


def test_fits_with_different_numbers_of_draws_keep_theirs(tmp_path):
    fits = {seed: fitted(float(seed)) for seed in (4, 5, 6)}
    for seed, draws in ((4, 3), (5, 2), (6, 3)):
        values = {"mu": (("chain", "draw"), np.full((2, draws), float(seed)))}
        fits[seed]["posterior"] = xr.DataTree(xr.Dataset(values, coords={"draw": np.arange(draws)}))
        accepted = {"accepted": (("chain", "draw"), np.ones((2, draws)))}
        fits[seed]["sample_stats"] = xr.DataTree(xr.Dataset(accepted, coords={"draw": np.arange(draws)}))
    posterior_file.write_batch(tmp_path / "posterior.nc", fits, {}, [4, 5, 6])
    for seed, fit, _ in posterior_file.read_batch(tmp_path / "posterior.nc"):
        for group in ("posterior", "sample_stats"):
            assert fit[group].sizes["draw"] == fits[seed][group].sizes["draw"]
        assert (fit["posterior"]["mu"] == seed).all()
