"""Arrays of a screen, and when a compiled model fits them."""

from guidefit.screens import arrays
from helpers.long_tables import good_table


def test_other_cell_lines_are_another_design():
    table = good_table().set_axis(["sgrna", "gene", "cell_line", "cna", "logfc", "note", "x"], axis=1)
    data, same = arrays.model_data(table), arrays.model_data(table.assign(logfc=0.0))
    assert data.cell_lines == ["c0", "c1", "c2", "c3"]
    assert data.cell_line_of_row.tolist() == [0, 1, 2, 3] * 4
    assert data.has_same_design(same)
    assert data.digest() != same.digest()
    swapped = table.assign(cell_line=table["cell_line"].where(table.index < 12, "c" + (3 - table.index % 4).astype(str)))
    for other in (arrays.model_data(swapped), arrays.model_data(table.assign(cell_line="x" + table["cell_line"]))):
        assert not data.has_same_design(other)
        assert data.digest() != other.digest()


def test_names_may_be_text_or_categories():
    table = good_table().set_axis(["sgrna", "gene", "cell_line", "cna", "logfc", "note", "x"], axis=1)
    table = table.sample(frac=1, random_state=1)
    as_text, as_categories = (
        arrays.model_data(table),
        arrays.model_data(table.astype(dict.fromkeys(["sgrna", "gene", "cell_line"], "category"))),
    )
    assert as_text.sgrnas == as_categories.sgrnas != sorted(as_text.sgrnas)
    assert as_text.digest() == as_categories.digest()
