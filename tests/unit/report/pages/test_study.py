"""The page of a study: question and answer, formulas, figures with their sentences."""

import base64

import numpy as np
import pytest

from guidefit.assess import checks
from guidefit.models import declaration
from guidefit.report.pages import formula, pictures, shown, story, study
from guidefit.report.pages.material import Material
from helpers import ROOT
from helpers.studies import an_estimate, material


def test_a_formula_becomes_mathml():
    text = formula.mathml("alpha_s ~ Normal(gamma_g, sigma sqrt(u_s v_l))")
    assert text.startswith("<math")
    assert "<msub><mi>α</mi><mrow><mi>s</mi></mrow></msub>" in text
    assert "<msqrt>" in text
    assert text.count("<mrow>") == text.count("</mrow>")
    assert "<mo>&lt;</mo>" in formula.mathml("f(x) = x for x < 0")


@pytest.mark.parametrize("text", ["", "alpha_s", "the rest as in varying_effects", "two effects ~ one rho", "a ~ 'b'", "$x ~ y$"])
def test_text_that_is_not_a_formula_remains_text(text):
    assert formula.mathml(text) is None


def test_text_in_a_docstring_is_escaped():
    lines = formula.lines("First.\n\n<b>bold</b> & more\nlogfc_i ~ Normal(alpha, sigma), the rest as <i>elsewhere</i>.")
    assert lines[0] == ["&lt;b&gt;bold&lt;/b&gt; &amp; more"]
    assert [piece.startswith("<math") for piece in lines[1]] == [True, False]
    assert lines[1][1] == "the rest as &lt;i&gt;elsewhere&lt;/i&gt;"


@pytest.mark.parametrize("name", declaration.BUILT_IN)
def test_the_likelihood_of_every_variant_is_a_formula(name):
    text = declaration.declare(declaration.file_of(name)).text
    first = formula.lines(text)[0][0]
    assert first.startswith("<math")
    assert "<mi>logFC</mi>" in first


def test_priors_are_formulas():
    assert "Exponential" in formula.prior("sigma", {"distribution": "Exponential", "lam": 1})
    assert "<mn>0.5</mn>" in formula.prior("mu", {"distribution": "Normal", "mu": -1, "sigma": 0.5})


def test_the_answer_names_what_can_be_used_and_what_cannot_with_the_reason():
    rows = [{"variant": "b", "check": checks.R_HAT, "level": "fail", "value": 1.3, "threshold": 1.05, "where": "alpha"}]
    rows += [{"variant": "b", "check": checks.CONTRACTION, "level": "fail", "value": 0.1, "threshold": 0.2, "where": "alpha - mu"}]
    estimates = [an_estimate(truth=0.5), an_estimate(truth=2.0), an_estimate()]
    answer = story.answer(material({"a": "warn", "b": "fail"}, rows, estimates))
    assert answer.level == "warn"
    assert len(answer.sentences) == 3
    assert "The estimates of a can be used" in answer.sentences[0]
    assert "not those of b (not identified: the data carry no information about alpha - mu" in answer.sentences[0]
    assert answer.sentences[1] == "Of 2 true values 1 (50%) lie within the 95 % intervals of a."


def test_nothing_can_be_used():
    answer = story.answer(material({"a": "fail", "b": "error"}))
    assert answer.level == "fail"
    assert answer.sentences[0] == "No fit can be used: of 2 fits 1 stopped and 1 failed their checks."
    assert story.answer(material({"a": "error"})).level == "error"


def test_questions_of_kinds_of_studies():
    assert "simulated screen" in story.question(material({"a": "pass"}))
    real = material({"a": "pass"}, kind="table")
    assert story.question(real) == "Which genes do these cells need?"
    arms = {"of": {"condition": "drug", "day": 14}, "against": {"condition": "dmso"}}
    contrast = Material(real.tables, dict(real.settings) | {"arms": arms})
    assert story.question(contrast) == "Which knock-outs act differently in drug, 14 than in dmso?"


def test_what_figures_show_comes_from_the_tables():
    rows = [{"variant": "a", "check": checks.R_HAT, "level": "pass", "value": 1.002, "threshold": 1.01, "where": "mu"}]
    found = material({"a": "pass"}, rows, [an_estimate(truth=2.0, gene="<b>"), an_estimate(truth=0.1)])
    assert shown.sentence("trace", "a", found) == "R-hat is at most 1.002."
    assert shown.sentence("truth", "a", found).startswith("1 of 2 true values lie within their 95 % intervals")
    assert "Outside: gamma_g of <b>." in shown.sentence("truth", "a", found)  # the template escapes it
    assert shown.sentence("calibration_ecdf", "a", found) == ""


def test_every_figure_stands_somewhere_and_has_a_rule():
    placed = {*study.DATA, *study.COMPARISON, *study.RECOVERY, *study.CORRECTION, *study.CHECKS, *study.CALIBRATION}
    placed |= {kind for _, kinds in study.OF_VARIANT for kind in kinds}
    assert placed == set(pictures.FIGURES)
    rules = (ROOT / "workflow/rules/report.smk").read_text() + (ROOT / "workflow/rules/screens.smk").read_text()
    assert all(f"{kind}-seed" in rules or f"{kind}.svg" in rules or f"{kind}.png" in rules for kind in placed)
    for figure in pictures.FIGURES.values():
        assert (pictures.CODE / f"{figure.module}.py").exists()
        assert figure.reads.endswith(".")
    with pytest.raises(KeyError, match="no entry"):
        pictures.files(["results/s/figures/new_figure.svg"], 1)


@pytest.fixture
def figures(tmp_path):
    names = ["data-design-logfc_density-seed_1.svg", "a-trace-seed_1.png", "a-trace-seed_2.png", "b-trace-seed_1.png"]
    names += ["a-posterior_predictive_by_line-seed_1.svg", "recovery-bias.svg"]
    for name in names:
        (tmp_path / name).write_bytes(name.encode())
    return [str(tmp_path / name) for name in names]


def test_figures_of_the_first_seed_stand_in_the_page_with_their_sentences(figures):
    found = material({"a": "pass", "b": "fail"})
    text = study.fill(found, figures)
    assert text.count("<img") == 4  # none of the second seed, none by cell line of a variant without effects by cell line
    source = base64.b64encode(b"a-trace-seed_1.png").decode()
    assert f'src="data:image/png;base64,{source}" alt="Trace of a. ' in text
    assert text.index("LogFC by gene") < text.index("<h2>Model a") < text.index("<b>Trace.</b>")
    assert '<details class="whole"><summary><h2>Model b</h2>' in text
    assert '<details class="whole"><summary><h2>Model a</h2>' not in text


def test_a_page_without_room_names_the_figure(figures, monkeypatch):
    budget = pictures.Budget
    monkeypatch.setattr(pictures, "Budget", lambda: budget(150))
    text = study.fill(material({"a": "fail", "b": "pass"}), figures)
    assert 0 < text.count("<img") < 4
    assert "The page has no room for this figure" in text
    assert base64.b64encode(b"b-trace-seed_1.png").decode() in text  # that of the variant to rely on comes first
    assert base64.b64encode(b"a-trace-seed_1.png").decode() not in text


def test_hostile_names_do_no_harm():
    name = "<script>alert(1)</script>\u202e\n'\"" + "x" * 200
    estimates = [an_estimate(gene=name, truth=5.0), an_estimate(truth=np.nan)]
    rows = [{"variant": "a", "check": checks.R_HAT, "level": "fail", "value": 2.0, "threshold": 1.05, "where": name}]
    text = study.fill(material({"a": "fail"}, rows, estimates))
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text
