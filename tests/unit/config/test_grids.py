import re

import pytest

from guidefit.base.errors import UserError
from guidefit.config import grids, load_config
from guidefit.models import declaration

BUILT_IN = {name: declaration.VARIANTS / f"{name}.py" for name in declaration.BUILT_IN}


def config(grid, others=(), simulate=(), **changes):
    study = {"simulate": {"grid": grid} | dict(simulate), "variants": ["varying_effects"], "seeds": "0-3"} | changes
    return {"studies": {"power": study} | dict(others)}


def load(given, tmp_path):
    return load_config(given, files=[], built_in=BUILT_IN, folder=tmp_path)


def refused(given, tmp_path):
    with pytest.raises(UserError) as error:
        load(given, tmp_path)
    return [line.removeprefix("  - ") for line in str(error.value).splitlines()[1:]]


def test_every_combination_is_a_study_named_after_its_values(tmp_path):
    loaded = load(config({"cell_lines": [5, 20], "sgrnas_per_gene": [2, 4, 6]}, simulate={"genes": 4}), tmp_path)
    names = [f"power_lines{lines}_guides{guides}" for lines in (5, 20) for guides in (2, 4, 6)]
    assert list(loaded.studies) == names
    assert loaded.grids == {
        "power": {f"power_lines{a}_guides{b}": {"cell_lines": a, "sgrnas_per_gene": b} for a in (5, 20) for b in (2, 4, 6)}
    }
    simulate = loaded.studies["power_lines20_guides4"]["simulate"]
    assert (simulate["cell_lines"], simulate["sgrnas_per_gene"], simulate["genes"]) == (20, 4, 4)
    assert "grid" not in simulate
    assert loaded.seeds[names[0]] == [0, 1, 2, 3]


def test_a_point_is_the_study_that_one_would_write(tmp_path):
    point = load(config({"sigma": [0.5], "mu_delta": [-0.25]}), tmp_path).studies["power_sigma0p5_mu_deltam0p25"]
    plain = {"simulate": {"sigma": 0.5, "mu_delta": -0.25}, "variants": ["varying_effects"], "seeds": "0-3"}
    assert point == load({"studies": {"power": plain}}, tmp_path).studies["power"]


def on_layout(tmp_path, grid, **simulate):
    (tmp_path / "screen.csv").touch()
    columns = {"sgrna": "a", "gene": "b", "cell_line": "c", "cna": "d", "logfc": "e"}
    real = {"screen": {"path": "screen.csv", "columns": columns}, "variants": ["pooled"]}
    return config(grid, {"real": real}, simulate={"layout": "real", "truth": "prior"} | simulate)


def test_lines_and_guides_of_a_real_screen_can_be_left_out_or_added(tmp_path):
    loaded = load(on_layout(tmp_path, {"cell_lines": [2, 50], "sgrnas_per_gene": [3]}), tmp_path)
    simulate = loaded.studies["power_lines50_guides3"]["simulate"]
    assert (simulate["layout"], simulate["cell_lines"], simulate["sgrnas_per_gene"]) == ("real", 50, 3)
    whole = {"simulate": {"layout": "real", "truth": "prior"}, "variants": ["varying_effects"]}
    real = on_layout(tmp_path, {"cell_lines": [2]})["studies"]["real"]
    simulate = load({"studies": {"real": real, "whole": whole}}, tmp_path).studies["whole"]["simulate"]
    assert not {"cell_lines", "sgrnas_per_gene", "genes"} & set(simulate)


@pytest.mark.parametrize(
    ("grid", "simulate", "message"),
    [
        ({"genes": [3]}, {}, "grid.genes: the screen has the layout of real"),
        ({"cell_lines": [3]}, {"truth": "posterior"}, "grid.cell_lines: the screen has the layout of real"),
        ({"cell_lines": [3]}, {"sgrnas_per_gene": [1, 2]}, "sgrnas_per_gene: with a layout this is one number for all genes"),
    ],
)
def test_other_changes_of_a_layout_are_refused(grid, simulate, message, tmp_path):
    assert any(message in line for line in refused(on_layout(tmp_path, grid, **simulate), tmp_path))


def test_copy_numbers_and_the_absence_of_outliers_can_be_values(tmp_path):
    grid = {"copy_number.noise": [0, 0.2], "outlier_nu": [None, 4]}
    loaded = load(config(grid, simulate={"copy_number": {"mean": 3}}), tmp_path)
    point = loaded.studies["power_copynoise0p2_nu4"]["simulate"]
    assert point["copy_number"] == {"mean": 3, "noise": 0.2, "shared": True}
    assert loaded.studies["power_copynoise0_nunone"]["simulate"]["outlier_nu"] is None
    assert config(grid)["studies"]["power"]["simulate"]["grid"] == grid


def test_other_studies_stay_in_their_place(tmp_path):
    other = {"simulate": {}, "variants": ["pooled"]}
    loaded = load({"studies": {"first": other} | config({"genes": [2, 3]}, {"last": other})["studies"]}, tmp_path)
    assert list(loaded.studies) == ["first", "power_genes2", "power_genes3", "last"]
    assert list(loaded.grids) == ["power"]


BAD_GRIDS = {
    "unknown key": (
        {"cell_line": [1]},
        "grid.cell_line: this key cannot be part of a grid. Did you mean cell_lines. It can have: genes,",
    ),
    "a key that is no number": ({"effect_on": [1]}, "grid.effect_on: this key cannot be part of a grid"),
    "repeated value": ({"genes": [2, 3, 2.0]}, "grid.genes: 2 is listed more than once"),
    "too many points": ({"genes": [*range(2, 32)], "cell_lines": [*range(2, 32)]}, "grid: 900 points .*at most 200"),
    "not a list": ({"cell_lines": 20}, "grid.cell_lines: 20 is not a list"),
    "empty list": ({"cell_lines": []}, "grid.cell_lines: 0 entries, at least 1 needed"),
    "empty grid": ({}, "grid: 0 entries, at least 1 needed"),
    "text": ({"cell_lines": ["many"]}, "grid.cell_lines.0: 'many' is not a number"),
    "not a mapping": ([2, 3], r"grid: \[2, 3\] is not a mapping"),
    "out of bounds": ({"cell_lines": [0, 20]}, "grid.cell_lines: 0 is less than 2, the smallest.*At the point cell_lines 0"),
    "not whole": ({"cell_lines": [2.5]}, "grid.cell_lines: 2.5 is not a whole number"),
    "no value": ({"cell_lines": [None, 2]}, "grid.cell_lines: null is not a whole number"),
}


@pytest.mark.parametrize(("grid", "message"), BAD_GRIDS.values(), ids=BAD_GRIDS.keys())
def test_a_bad_grid_is_reported_once_at_its_key(grid, message, tmp_path):
    (line,) = refused(config(grid), tmp_path)
    assert re.search(f"studies.power.simulate.{message}", line), line


def test_a_key_is_in_the_grid_or_in_the_section(tmp_path):
    (line,) = refused(config({"genes": [2, 3]}, simulate={"genes": 4}), tmp_path)
    assert line == "studies.power.simulate.grid.genes: simulate.genes is given too. Remove one of the two."


def test_a_section_of_another_type_is_reported_as_without_a_grid(tmp_path):
    (line,) = refused(config({"copy_number.mean": [1, 2]}, simulate={"copy_number": "x"}), tmp_path)
    assert "studies.power.simulate.copy_number: 'x' is not a mapping" in line


def test_a_problem_of_every_point_is_reported_once_under_the_design_study(tmp_path):
    lines = refused(config({"cell_lines": [5, 20]}, covariate="cube", simulate={"sigma": -1}), tmp_path)
    assert sorted(line.split(":")[0] for line in lines) == ["studies.power.covariate", "studies.power.simulate.sigma"]
    assert not any("point" in line for line in lines)


def test_a_contradiction_of_some_points_names_them(tmp_path):
    lines = refused(config({"genes": [2, 3, 5]}, simulate={"sgrnas_per_gene": [1, 2]}), tmp_path)
    assert [line.partition(": ")[2].split(".")[0] for line in lines] == [f"2 entries for {n} genes (simulate" for n in (3, 5)]
    assert lines[0].startswith("studies.power.simulate.sgrnas_per_gene: ")
    assert lines[0].endswith("(At the point genes 3.)")


def test_problems_of_a_variant_are_reported_once(tmp_path):
    (line,) = refused(config({"cell_lines": [5, 20]}, variants=["poled"]), tmp_path)
    assert line.startswith("studies.power.variants.poled: unknown variant. Did you mean pooled?")


def test_the_names_of_points_do_not_collide_with_studies(tmp_path):
    other = {"simulate": {}, "variants": ["pooled"]}
    (line,) = refused(config({"cell_lines": [5, 20]}, {"power_lines5": other}), tmp_path)
    assert "studies.power.simulate.grid: one of its points has the name power_lines5, which is also that of a study" in line


def test_names_of_points_are_not_too_long(tmp_path):
    study = config({"cell_lines": [5, 20]})["studies"]["power"]
    (line,) = refused({"studies": {"s" * 95: study}}, tmp_path)
    assert "is longer than 100 characters. Give the study a shorter name" in line


def test_an_invalid_name_of_a_design_study_is_reported_once(tmp_path):
    (line,) = refused({"studies": {"a-b": config({"cell_lines": [5, 20]})["studies"]["power"]}}, tmp_path)
    assert "the name 'a-b' is not valid" in line


@pytest.mark.parametrize(("value", "name"), [(0.25, "0p25"), (-1, "m1"), (1e-7, "1em07"), (1e20, "1e20"), (None, "none")])
def test_values_in_names(value, name):
    assert grids._as_name(value) == name
