"""The gallery: its studies are valid, its made-up screen is one, and pages get into the site without dead links."""

import json
import runpy
import sys

import yaml

from guidefit.config import __main__ as config_command
from helpers import ROOT

sys.path.append(str(ROOT / "docs"))
import gallery_pages

SCRIPT = str(ROOT / "docs/gallery/make_screen.py")


def test_its_studies_are_valid_and_every_example_is_one_of_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runpy.run_path(SCRIPT, run_name="__main__")
    path = ROOT / "docs/gallery/studies.yaml"
    assert config_command.main([str(path)]) == 0
    assert list(yaml.safe_load(path.read_text())["studies"]) == list(gallery_pages.EXAMPLES)
    assert all((ROOT / config).is_file() for _, _, config, _ in gallery_pages.EXAMPLES.values())


def test_the_made_up_screen_has_an_artefact_and_essential_genes():
    table = runpy.run_path(SCRIPT)["make"]()
    assert not table.duplicated(["sgrna", "ModelID"]).any()
    means = table.groupby("gene")["logfc"].mean()
    assert means[:16].mean() < -0.7 < means[16:40].mean()
    quiet = table[table["gene"].between("G042", "G079")]
    assert quiet.loc[quiet["copy_number"] > 3, "logfc"].mean() < quiet.loc[quiet["copy_number"] < 1.5, "logfc"].mean() - 0.15


def test_pages_get_into_the_site_without_links_that_lead_nowhere(tmp_path, monkeypatch):
    monkeypatch.setattr(gallery_pages, "RESULTS", tmp_path / "results")
    assert "Open the page" not in gallery_pages.gallery()
    folder = tmp_path / "results/screen"
    folder.mkdir(parents=True)
    (folder / "answer.json").write_text(json.dumps({"sentences": ["<b>Yes</b>."]}))
    (folder / "index.html").write_text('<a data-link="x.csv">x</a><a data-link="lines.html">lines</a>')
    (folder / "lines.html").write_text("lines")
    text = gallery_pages.gallery()
    assert "&lt;b&gt;Yes" in text
    assert text.count("Open the page") == 1
    gallery_pages.copy_pages(tmp_path / "site")
    pages = {path.name: path.read_text() for path in (tmp_path / "site/gallery_pages").iterdir()}
    assert pages == {"screen.html": '<a>x</a><a data-link="screen_lines.html">lines</a>', "screen_lines.html": "lines"}
