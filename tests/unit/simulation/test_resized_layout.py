import itertools

import pandas as pd
import pytest

from guidefit.simulation.resized_layout import resize

GENES = {"a": ["a1", "a2", "a3"], "b": ["b1", "b2"]}


@pytest.fixture
def screen():
    rows = [(gene, guide, line) for gene, guides in GENES.items() for guide, line in itertools.product(guides, "xyz")]
    table = pd.DataFrame(rows, columns=["gene", "sgrna", "cell_line"]).astype("category")
    copies = {"x": 1.0, "y": 2.0, "z": 3.0}
    return table.assign(cna=[copies[line] + (gene == "a") for gene, _, line in rows]).drop(index=4).reset_index(drop=True)


def test_nothing_given_changes_nothing(screen):
    pd.testing.assert_frame_equal(resize(screen, "real", None, None), screen)


@pytest.mark.parametrize("lines", [1, 2, 3, 5, 7])
def test_lines_are_left_out_or_repeated_with_their_copy_numbers(screen, lines):
    found = resize(screen, "real", lines, None)
    assert found["cell_line"].nunique() == lines
    whole = screen.set_index(["sgrna", "cell_line"])["cna"]
    source = found["cell_line"].astype(str).str.split(" ").str[0]
    assert found["cna"].tolist() == [whole[place] for place in zip(found["sgrna"], source, strict=True)]
    assert not found.duplicated(["sgrna", "cell_line"]).any()


@pytest.mark.parametrize("guides", [1, 2, 4])
def test_every_gene_has_this_number_of_guides_of_its_own(screen, guides):
    found = resize(screen, "real", None, guides)
    assert (found.groupby("gene", observed=True)["sgrna"].nunique() == guides).all()
    assert (found["sgrna"].astype(str).str[0] == found["gene"].astype(str)).all()


def test_a_smaller_design_is_part_of_a_larger_one(screen):
    small, large = (resize(screen, "real", lines, guides) for lines, guides in ((2, 1), (3, 2)))
    key = ["gene", "sgrna", "cell_line"]
    merged = small.astype(dict.fromkeys(key, "str")).merge(large.astype(dict.fromkeys(key, "str")), on=[*key, "cna"])
    assert len(merged) == len(small)
    other = resize(screen, "another", 2, 1)
    assert sorted(other["cell_line"].unique()) == sorted(set(other["cell_line"]))


def test_rows_stay_in_the_order_of_the_screen(screen):
    found = resize(screen, "real", 2, 2)
    assert found["gene"].astype(str).is_monotonic_increasing
    assert found["sgrna"].astype(str).is_monotonic_increasing
