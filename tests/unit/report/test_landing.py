"""The first page of the report: a link that opens the page of each study."""

import re
from html import unescape
from types import SimpleNamespace

import jinja2
from docutils.core import publish_parts

from helpers import ROOT


def test_each_study_has_a_link_that_opens_its_page_as_a_blob():
    text = (ROOT / "workflow/report/workflow.rst").read_text()
    studies = {"a_b": {"variants": ["pooled"]}, "c": {"variants": ["pooled"], "screen": {"path": "x.csv"}}}
    filled = jinja2.Template(text).render(snakemake=SimpleNamespace(config=SimpleNamespace(studies=studies)))
    body = publish_parts(filled, writer_name="html")["html_body"]
    assert "system-message" not in body
    links = [unescape(link) for link in re.findall(r'href="(javascript:[^"]*)"', body)]
    assert [re.findall(r"results\['results/(\w+)/index\.html'\]", link) for link in links] == [["a_b"] * 3, ["c"] * 3]
    assert all("URL.createObjectURL" in link and link.count("(") == link.count(")") for link in links)
