import pytest

from guidefit.base import tables
from guidefit.report.pages import design
from helpers.designs import design_csv

LIMITS = {"power_min": 0.8, "fdr": 0.05, "effect_min": 0.1}
GRID = {"cell_lines": [5, 10, 20], "sgrnas_per_gene": [2, 4]}
KEYS = list(GRID)


def power_of(table):
    return table[table["quantity"] == "power"]


def answered(power, mcse=0.01, grid=GRID):
    return design.answer(power_of(design_csv(power, grid, mcse)), list(grid), 0.8)


def test_the_smallest_design_with_certain_power_is_recommended():
    found = answered(lambda cell_lines, sgrnas_per_gene: min(cell_lines * sgrnas_per_gene / 45, 1))
    assert found["level"] == "pass"
    assert found["answer"] == "cell lines 10, guides per gene 4 (88.9% ± 1.0%)"  # as many measurements as 20 lines, 2 guides
    assert found["what"] == "gene effects"


def test_what_one_more_adds_is_the_slope_between_neighbours():
    found = answered(lambda cell_lines, sgrnas_per_gene: 0.3 + 0.01 * cell_lines + 0.1 * sgrnas_per_gene)
    assert found["answer"].startswith("cell lines 20, guides per gene 4")
    lines, guides = found["lines"]
    assert lines.startswith("cell lines 10 to 20: +1 ± 0.1 percentage points for each one more, +2.5 ± 0.4 for each ten")
    assert guides.startswith("guides per gene 2 to 4: +10 ± 0.7 percentage points for each one more, +5 ± 0.4 for each ten")


def test_large_errors_are_written_without_powers_of_ten():
    (line,) = answered(lambda cell_lines: 0.1 * cell_lines, mcse=0.1, grid={"cell_lines": [4, 5]})["lines"]
    assert line.startswith("cell lines 4 to 5: +10 ± 10 percentage points for each one more, +100 ± 100 for each ten more")


def test_too_little_power_and_too_few_seeds_are_distinguished():
    assert answered(lambda cell_lines, sgrnas_per_gene: 0.5)["level"] == "fail"
    found = answered(lambda cell_lines, sgrnas_per_gene: 0.76 if cell_lines == 20 else 0.5, mcse=0.04)
    assert found["level"] == "warn"
    assert found["answer"].endswith("About 400 seeds a point would tell.")
    assert "too close" in answered(lambda cell_lines, sgrnas_per_gene: 0.8)["answer"]


def test_conditions_have_answers_of_their_own(tmp_path):
    table = design_csv(lambda cell_lines, sigma: 0.9 if sigma < 0.5 else 0.2, {"cell_lines": [5, 10], "sigma": [0.3, 0.6]})
    tables.write(table, tmp_path / "design.csv")
    page = design.render({"design": tmp_path / "design.csv"}, {"design": "d", "thresholds": LIMITS})["page"]
    assert "4 points (cell lines: 5, 10; noise (sigma): 0.3, 0.6), 400 fits in all." in page
    assert '<td>noise (sigma) 0.3</td><td><span class="light pass">yes</span> cell lines 5 (90.0% ± 1.0%)</td>' in page
    assert '<td>noise (sigma) 0.6</td><td><span class="light fail">no</span> the highest power is 20.0%' in page


@pytest.mark.parametrize(("shares", "question"), [({"fdr": 0.1}, "calls"), ({"coverage_95": 0.9}, "intervals")])
def test_wrong_error_rates_are_named(shares, question, tmp_path):
    right = design_csv(lambda cell_lines: 0.9, {"cell_lines": [5, 10]})
    wrong = design_csv(lambda cell_lines: 0.9, {"cell_lines": [5, 10]}, **shares)
    for table, level in ((right, "pass"), (wrong, "fail")):
        tables.write(table, tmp_path / "design.csv")
        page = design.render({"design": tmp_path / "design.csv"}, {"design": "d", "thresholds": LIMITS})["page"]
        assert f'Are the {question} right?</td><td><span class="light {level}"' in page


def test_failures_and_designs_without_power_are_stated(tmp_path):
    table = design_csv(lambda cell_lines: 0.9, {"cell_lines": [5, 10]}, quantity="bias", failed=0.02)
    tables.write(table, tmp_path / "design.csv")
    page = design.render({"design": tmp_path / "design.csv"}, {"design": "d", "thresholds": LIMITS})["page"]
    assert "Not known: no gene has a real effect beyond 0.1" in page
    assert "4 of 200 fits failed or stopped, most at cell lines 5 (2.0%)" in page


def test_a_grid_of_conditions_alone_names_no_design():
    found = answered(lambda line_effect_size: 0.4, grid={"line_effect_size": [-1.0]})
    assert found["answer"] == "the highest power is 40.0% ± 1.0%"
    assert found["conditions"] == "size of gene x line effects (logFC) -1"
