"""Control genes by their names in the source."""

import pandas as pd

from guidefit.screens import controls, screen_file


def test_control_genes_by_their_name_in_the_source(hostile_path, contents):
    labels = screen_file.read_gene_labels(hostile_path, 1)
    pd.testing.assert_series_equal(labels, contents.labels, check_names=False)
    named = labels + " (7)"  # as DepMap writes them; lists by symbol alone
    lists = {"essential": ["=1+1", "gene_4", "1-Mar"], "nonessential": ["1-Mar", "none"]}
    assert controls.classify_genes(named, lists) == {"=1+1": "essential", "gene_4": "essential"}
