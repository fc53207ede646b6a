"""Templates: text from data is escaped, and a value that a page lacks is an error."""

import jinja2
import pytest

from guidefit.report.pages import html


def test_text_is_escaped_and_what_is_missing_is_an_error():
    text = html.fill("lines.html.j2", study="<b>a & b</b>", variant=None)
    assert "Genes by cell lines of &lt;b&gt;a &amp; b&lt;/b&gt;" in text
    assert "<title>&lt;b&gt;a &amp; b&lt;/b&gt;: genes by cell lines</title>" in text
    with pytest.raises(jinja2.UndefinedError, match="variant"):
        html.fill("lines.html.j2", study="a")


def test_cells():
    assert html.cell(None) == html.cell(float("nan")) == ""
    assert html.cell(1.26, "{:.1f}") == "1.3"
    row = {"q025": -1.0, "q975": 2.0, "effect_q025": 0.123, "effect_q975": 0.4}
    assert html.interval(row) == "-1.000 to 2.000"
    assert html.interval(row, "effect", 2) == "0.12 to 0.40"
