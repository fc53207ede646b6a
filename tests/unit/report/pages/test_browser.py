"""The pages in a browser: they work offline, log no errors, their links lead somewhere, and everyone can read them."""

import json

import pytest

from guidefit.assess import checks
from guidefit.report.pages import genes, pictures, studies, study
from helpers import browser
from helpers.effects import THRESHOLDS as OF_EFFECTS
from helpers.studies import an_estimate, material

pytestmark = pytest.mark.skipif(browser.CHROMIUM is None, reason="no Chromium on PATH: install Debian's package chromium")

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300"><rect width="400" height="300" fill="{}"/></svg>'


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of results with the files that pages link to."""
    folder = tmp_path_factory.mktemp("results") / "s"
    for path in {figure.table for figure in pictures.FIGURES.values()} | {"lines.html", "design.html"}:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if not path.endswith("/"):
            (folder / path).write_text("x")
    (folder / "data").mkdir(exist_ok=True)
    return folder


@pytest.fixture(autouse=True)
def elsewhere(folder, monkeypatch):
    """Pages link to code only where it lies in the working directory."""
    monkeypatch.chdir(folder.parent)


def figures(folder, variant):
    (folder / "figures").mkdir(exist_ok=True)
    names = ["data-design-logfc_by_cna-seed_1.svg", "diagnostics.svg", "comparison.svg"]
    names += [f"{variant}-{kind}-seed_1.svg" for kind in ("trace", "truth", "prior_predictive", "forest_slope", "genes")]
    for name in names:
        (folder / "figures" / name).write_text(SVG.format("#0072B2"))
    return [str(folder / "figures" / name) for name in names]


def check(text, path, tmp_path, *options):
    path.write_text(text, encoding="utf-8")
    page = browser.opened(path, tmp_path, *options)
    assert not page.messages
    assert not page.requests
    assert not browser.broken(page, path.parent)
    assert all((image.get("alt") or "").strip() for image in page.images)
    assert not page.violations
    return page


def a_study(answers=None):
    rows = [{"variant": "b", "check": checks.R_HAT, "level": "fail", "value": 1.3, "threshold": 1.05, "where": "<alpha>"}]
    rows += [{"variant": "v", "check": checks.R_HAT, "level": "warn", "value": 1.02, "threshold": 1.01, "where": "mu"}]
    found = material({"b": "fail", "v": "warn"}, rows, [an_estimate(variant="v", truth=0.5), an_estimate(variant="v", truth=2.0)])
    if answers is None:
        return found
    table, sgrnas, _ = answers
    fits = found.tables.diagnostics
    settings = dict(found.settings) | {"kind": "depmap", "thresholds": found.settings["thresholds"] | OF_EFFECTS, "has_lines": True}
    return type(found)(found.tables, settings, genes.Tables(table.assign(seed=1), sgrnas, fits))


@pytest.mark.parametrize(
    "options", [(), ("--window-size=390,800",), ("--blink-settings=preferredColorScheme=0",)], ids=["desktop", "phone", "dark"]
)
def test_the_page_of_a_simulated_study(folder, tmp_path, options):
    page = check(study.fill(a_study(), figures(folder, "v")), folder / "index.html", tmp_path, *options)
    assert len(page.images) == 8
    assert "checks.csv" in page.links


def test_the_page_of_a_real_screen_with_hostile_names(folder, tmp_path, answers):
    page = check(study.fill(a_study(answers), figures(folder, "v")), folder / "index.html", tmp_path)
    assert "lines.html" in page.links


NAMES = {
    "markup": "<img src=x onerror=alert(1)></script>&amp;",
    "quotes": "\"'`\\",
    "newline": "two\nlines",
    "length": "x" * 200,
    "right to left": "\u202e\u05d2\u05df",
    "emoji": "\U0001f9ec\U0001f469\u200d\U0001f52c",
}
# Points at every gene in the plot, looks for it, and saves the table; what is not as expected goes to the console.
USED = """<script>
addEventListener("load", () => {
  let saved = null;
  URL.createObjectURL = blob => { saved = blob; return "#genes"; };
  const fail = (...texts) => console.error("unexpected:", ...texts);
  for (const point of points) {
    const place = canvas.getBoundingClientRect();
    const at = {clientX: place.left + point.px, clientY: place.top + point.py, bubbles: true};
    canvas.dispatchEvent(new PointerEvent("pointermove", at));
    if (tip.hidden || !points.some(each => tip.textContent.startsWith(each.row[0] + ": "))) fail("tooltip", tip.textContent);
    canvas.dispatchEvent(new PointerEvent("click", at));
    const names = [...document.querySelectorAll("#rows tr")].map(row => row.cells[0].textContent);
    if (!names.includes(point.row[0])) fail("search", point.row[0]);
  }
  if (!points.length) fail("no points");
  document.querySelector("#genes-table + .tools button").click();
  if (!saved || saved.size < 100) fail("nothing saved");
  if (document.documentElement.scrollWidth > innerWidth) {
    const wide = [...document.querySelectorAll("main *")].filter(each => each.getBoundingClientRect().right > innerWidth + 1);
    fail("wider than the window", wide.slice(0, 5).map(each => each.tagName + "." + each.className + "#" + each.id).join(" "));
  }
});
</script>"""


def with_names(table):
    """The same table with NAMES for its genes."""
    names = list(dict.fromkeys(table["gene"]))
    return table.assign(gene=table["gene"].map(dict(zip(names, [*NAMES.values(), *names], strict=False))))


@pytest.mark.parametrize("options", [(), ("--window-size=390,800",)], ids=["desktop", "phone"])
def test_any_name_of_a_gene_can_be_pointed_at_searched_and_saved(folder, tmp_path, answers, options):
    table, sgrnas, lines = answers
    text = study.fill(a_study((with_names(table), with_names(sgrnas), lines)))
    assert "<img src=x" not in text
    check(text.replace("</main>", f"</main>{USED}"), folder / "index.html", tmp_path, *options)


def test_a_study_without_a_usable_fit(folder, tmp_path):
    check(study.fill(material({"a": "fail", "b": "error"})), folder / "index.html", tmp_path)


def test_the_list_of_studies(folder, tmp_path):
    text = study.render_answer(a_study())
    (tmp_path / "answer.json").write_text(text)
    assert json.loads(text)["level"] == "warn"
    page = studies.render({"answers": [tmp_path / "answer.json"]}, {"studies": ["s"], "designs": ["s"]})["page"]
    found = check(page, folder.parent / "index.html", tmp_path)
    assert found.links == ["s/index.html", "s/design.html"]


def test_faults_of_a_page_are_found(folder, tmp_path):
    text = study.fill(material({"a": "pass"}))
    wrong = (
        '<img src="https://example.com/x.png"><a href="nowhere.html">x</a><a href="#nowhere">y</a><p style="color:#999">pale</p>'
    )
    path = folder / "wrong.html"
    path.write_text(text.replace("</nav>", f"</nav>{wrong}<script>undefined_function()</script>"), encoding="utf-8")
    page = browser.opened(path, tmp_path)
    assert any("undefined_function" in message for message in page.messages)
    assert page.requests == {"https://example.com/x.png"}
    assert browser.broken(page, folder) == ["nowhere.html", "#nowhere"]
    assert {violation.split(":")[0] for violation in page.violations} >= {"image-alt", "color-contrast"}
