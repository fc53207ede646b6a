"""Figures of effects."""

from guidefit.report.figures import effects as pictures
from guidefit.report.figures.style import save


def test_pictures_take_hostile_names(tmp_path, hostile_table, answers):
    genes, sgrnas, lines = answers
    names = genes["gene"].tolist()
    for name, picture in {
        "volcano": pictures.volcano(genes, "t"),
        "ranking": pictures.ranking(genes, "t", lowest=2, highest=1),
        "lines": pictures.copy_number_lines(hostile_table, lines, genes, 2.0, ["NONE"], "t"),
        "guides": pictures.guides(sgrnas, genes, names, "t"),
    }.items():
        save(picture, tmp_path / f"{name}.svg")
        assert "<script>alert" not in (tmp_path / f"{name}.svg").read_text()
