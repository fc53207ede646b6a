"""Figures of effects."""

from guidefit.report.figures import effects as figures
from guidefit.report.figures.style import save


def test_figures_take_hostile_names(tmp_path, hostile_table, answers):
    genes, sgrnas, lines = answers
    names = genes["gene"].tolist()
    for name, figure in {
        "volcano": figures.volcano(genes, "t"),
        "ranking": figures.ranking(genes, "t", lowest=2, highest=1),
        "lines": figures.copy_number_lines(hostile_table, lines, genes, 2.0, ["NONE"], "t"),
        "guides": figures.guides(sgrnas, genes, names, "t"),
    }.items():
        save(figure, tmp_path / f"{name}.svg")
        assert "<script>alert" not in (tmp_path / f"{name}.svg").read_text()
