"""A small real screen with hostile names, and the effects that a fit finds in it."""

import pytest

from guidefit.effects.contents import read_contents
from helpers import effects


@pytest.fixture(scope="session")
def hostile_table():
    """The rows: 5 genes of 2 to 5 guides, 30 lines, of which one holds most of gene_4's copies."""
    return effects.hostile_table()


@pytest.fixture(scope="session")
def hostile_path(hostile_table, tmp_path_factory):
    """The rows in a screen's file."""
    path = tmp_path_factory.mktemp("screen") / "screen.parquet"
    effects.write_screen(hostile_table, path)
    return path


@pytest.fixture(scope="session")
def contents(hostile_path):
    """The contents of the file."""
    return read_contents(hostile_path, 1)


@pytest.fixture(scope="session")
def answers(hostile_table, hostile_path, contents):
    """Tables of genes, of sgRNAs and of fitted lines."""
    return effects.effect_tables(hostile_table, hostile_path, contents)
