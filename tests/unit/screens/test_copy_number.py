"""Units of copy numbers are recognised from the values, and what has no unit is refused by its name."""

import numpy as np
import pytest

from guidefit.base.errors import UserError
from guidefit.screens.copy_number import find_unit, linear, recognise
from guidefit.screens.ledger import Ledger

RNG = np.random.default_rng(1)
RELATIVE = RNG.choice([0.5, 1, 1, 1, 1, 1.5, 2, 4, 8], 400) * RNG.normal(1, 0.02, 400)
FORMS = {"linear": RELATIVE, "log2": np.log2(RELATIVE + 1), "log2_ratio": np.log2(RELATIVE)}
ABSOLUTE = np.round(2 * RELATIVE)


def find(values, unit=None, default="log2", diploid=1.0):
    ledger = Ledger()
    found = find_unit(np.asarray(values, dtype=float), unit, default, diploid, "cn.csv", ledger)
    table = ledger.table()
    return found, " ".join(table["reason"]), bool(table["action"].eq("warned").any())


@pytest.mark.parametrize("default", ["linear", "log2"])
@pytest.mark.parametrize("unit", FORMS)
def test_units_are_recognised_and_one_that_is_not_the_default_lowers_verdicts_until_it_is_confirmed(unit, default):
    np.testing.assert_allclose(linear(FORMS[unit], unit), RELATIVE)
    found, reasons, warned = find(FORMS[unit], default=default)
    assert found == unit
    assert warned == (unit != default)
    assert f"highest: {RELATIVE.max():.3g} times diploid" in reasons
    if warned:
        assert f"Set screen.copy_number_unit: {unit} to confirm it" in reasons
        assert find(FORMS[unit], unit=unit, default=default)[2] is False


@pytest.mark.parametrize(("unit", "other"), [("linear", "log2"), ("log2", "linear")])
def test_a_stated_unit_that_the_values_contradict_lowers_verdicts(unit, other):
    found, reasons, warned = find(FORMS[other], unit=unit)
    assert found == unit
    assert warned
    assert f"copy_number_unit is {unit}, but the copy numbers look like" in reasons


@pytest.mark.parametrize(
    ("values", "settings", "messages"),
    [
        (FORMS["log2_ratio"], {"unit": "log2"}, ["negative copy numbers", "set screen.copy_number_unit: log2_ratio"]),
        (FORMS["log2_ratio"], {"unit": "linear"}, ["negative copy numbers", "set screen.copy_number_unit: log2_ratio"]),
        (ABSOLUTE, {}, ["set screen.copy_number_unit: linear and diploid: 2 in the study, as these are absolute"]),
        (ABSOLUTE, {"unit": "linear"}, ["is 2 times the diploid one .1.", "linear and diploid: 2 in the study"]),
        (20 * RELATIVE, {"unit": "log2"}, ["cannot be log2.relative copy number . 1."]),
        (RNG.choice([-2, -1, 0, 0, 0, 1, 2], 90), {}, ["the values are only -2, -1, 0, 1, 2", "GISTIC"]),
        (RNG.choice([-1, 0, 0, 0, 1], 90), {"unit": "linear"}, ["calls such as those of GISTIC"]),
        (RNG.choice([0, 0, 0, 1, 2], 90), {"unit": "linear"}, ["calls such as those of GISTIC"]),
        ([np.nan, np.nan], {}, ["all copy numbers are missing"]),
    ],
    ids=[
        "ratios as log2",
        "ratios as linear",
        "absolute",
        "absolute as relative",
        "beyond",
        "GISTIC",
        "shallow calls",
        "gains",
        "nothing",
    ],
)
def test_values_that_contradict_the_unit_are_refused_with_the_settings_that_suit_them(values, settings, messages):
    with pytest.raises(UserError) as error:
        find(values, **settings)
    for message in ("cn.csv: ", *messages):
        error.match(message)


def test_following_the_remedies_gives_the_right_copies():
    found, _, warned = find(ABSOLUTE, unit="linear", diploid=2.0)
    assert (found, warned) == ("linear", False)
    for unit in ("log2", "linear"):
        with pytest.raises(UserError, match="copy_number_unit: log2_ratio and diploid: 1"):
            find(FORMS["log2_ratio"], unit=unit)
    assert find(FORMS["log2_ratio"], unit="log2_ratio")[2] is False


def test_absolute_copies_of_a_triploid_line():
    copies = np.round(3 * RELATIVE)
    with pytest.raises(UserError, match="diploid: 3 in the study"):
        find(copies, unit="linear")
    assert find(copies, unit="linear", diploid=3.0)[2] is False


def test_amplified_genes_and_continuous_copies_of_another_ploidy_are_warned_of():
    found, reasons, warned = find(1.9 * RNG.normal(1, 0.05, 50), unit="linear")
    assert found == "linear"
    assert warned
    assert "the median copy number is 1.9 times the diploid one (1)" in reasons


def test_doubts_that_few_values_cannot_settle_are_noted():
    _, reasons, warned = find([0.9, 1.0, 1.1, 1.3], default="linear")
    assert not warned
    assert "if these are logarithms, set screen.copy_number_unit: log2" in reasons


def test_a_share_of_extreme_amplifications_lowers_verdicts():
    values = np.append(np.full(300, 1.0), [70.0, 80.0])
    _, reasons, warned = find(values, unit="linear")
    assert warned
    assert "0.7% of the copy numbers are above 50 times diploid (highest: 80)" in reasons


def test_real_copy_numbers_are_in_their_unit(shared_data):
    h5py = pytest.importorskip("h5py")
    with h5py.File(shared_data / "raw/OmicsCNGene.hdf5") as file:
        values = file["data"][:].ravel()
    values = values[np.isfinite(values)]
    assert recognise(values, 1.0) in (None, "log2")
    assert find(values)[0] == "log2"
    assert find(values)[2] is False
    found, _, warned = find(2.0**values - 1)
    assert (found, warned) == ("linear", True)
    assert find(2.0**values - 1, default="linear")[2] is False
