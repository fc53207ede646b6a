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


def test_the_volcano_labels_called_genes_of_most_evidence_and_does_not_cap_it(answers):
    genes, _, _ = answers
    values = {"effect": [-2.0, -1.0, -3.0, 1.0, 0.0], "effect_sd": [0.02, 0.02, 1.0, 0.1, 0.1]}
    genes = genes.assign(**values, call=["depleted", "depleted", "", "enriched", ""])
    figure = figures.volcano(genes, "t", names=2)
    assert sorted(figure.data["evidence"]) == [0, 3, 10, 50, 100]
    labelled = next(layer for layer in figure.layers if type(layer.geom).__name__ == "geom_text")._data
    assert labelled["gene"].tolist() == genes["gene"].tolist()[:2]
