import numpy as np
import pytest

from guidefit.base import tables
from guidefit.report.figures import design
from helpers.designs import design_csv

GRID = {"sgrnas_per_gene": [2, 4], "cell_lines": [5, 10, 20], "sigma": [0.3, 0.6]}


def made(**changes):
    return design_csv(
        lambda cell_lines, sgrnas_per_gene, sigma: cell_lines * sgrnas_per_gene / (100 + 100 * sigma), GRID, **changes
    )


def test_power_is_drawn_against_the_key_with_the_most_values():
    plot = design.power(made(), "t", 0.8)
    assert plot.labels.x == "cell lines"
    assert plot.labels.color == "guides per gene"
    assert sorted(plot.data["across"].unique()) == [5, 10, 20]
    assert list(plot.data["column"].cat.categories) == ["noise (sigma) 0.3", "noise (sigma) 0.6"]
    row = plot.data[(plot.data["across"] == 20) & (plot.data["line"] == "4") & (plot.data["sigma"] == 0.3)].iloc[0]
    assert row[["value", "low", "high", "ideal"]].tolist() == pytest.approx([80 / 130, 80 / 130 - 0.02, 80 / 130 + 0.02, 0.8])
    assert plot.labels.subtitle.startswith("100 seeds a point; ")


def test_error_rates_come_with_their_nominal_values():
    plot = design.errors(made(fdr=0.02, coverage_95=0.9), "t", 0.05)
    ideal = plot.data.drop_duplicates("panel").set_index("panel")[["value", "ideal"]].T.to_dict("list")
    assert ideal == {"false among\ncalled gene effects": [0.02, 0.05], "coverage of\ngene effects": [0.9, 0.95]}


def test_a_heat_map_has_a_tile_for_each_pair_of_values():
    plot = design.heat(made(), "t")
    assert (plot.labels.x, plot.labels.y) == ("cell lines", "guides per gene")
    assert len(plot.data) == 12
    assert plot.data["text"].iloc[0] == "8%"


def test_one_key_null_values_and_several_variants(tmp_path):
    one = design_csv(lambda outlier_nu: 0.5, {"outlier_nu": [np.nan, 4.0]})
    plot = design.power(one, "t", 0.8)
    assert list(plot.data["across"]) == ["none", "4"]
    assert list(plot.data["across"].cat.categories) == ["4", "none"]
    assert design.heat(one, "t").data["reason"].str.contains("two keys").all()
    both = tables.concatenate([made(), made(variant="w")])
    assert design.power(both, "t", 0.8).data["column"].nunique() == 4


def test_without_power_the_figures_state_the_reason(tmp_path):
    tables.write(made(quantity="bias"), tmp_path / "design.csv")
    outputs = {name: str(tmp_path / f"{name}.svg") for name in ("power", "errors", "heat")}
    design.draw({"design": tmp_path / "design.csv"}, outputs, {"design": "d", "thresholds": {"power_min": 0.8, "fdr": 0.05}})
    assert "no gene has a real effect" in (tmp_path / "power.svg").read_text()
    assert (tmp_path / "errors.svg").stat().st_size > 10_000
