"""The page of a study, read from top to bottom: question, answer, data, models, checks, estimates, comparison, details."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from guidefit.assess import checks
from guidefit.report.pages import formula, genes, html, pictures, shown, story, summary
from guidefit.report.pages.material import Material

BY_LINE = "posterior_predictive_by_line"  # only of variants with effects by cell line
# Where each kind of figure stands. Of a variant: (heading, kinds).
DATA = ("samples", "logfc_by_cna", "logfc_by_x", "logfc_density")
OF_VARIANT = (
    ("The model", ("model",)),
    ("Before seeing the data", ("prior_predictive",)),
    ("Does the sampler work?", ("trace", "rank")),
    (
        "Does the model describe the data?",
        ("posterior_predictive", "posterior_predictive_by_gene", BY_LINE, "loo_pit"),
    ),
    ("Estimates", ("forest_intercept", "forest_slope", "truth", "pair")),
    ("Effects", ("genes", "gene_ranking", "guides", "copy_number_lines")),
)
COMPARISON, RECOVERY, CORRECTION, CHECKS = ("comparison",), ("coverage", "bias"), ("correction",), ("diagnostics",)
CALIBRATION = ("calibration_ecdf", "calibration_ranks")

PARTS = {
    "dropped": "parts/dropped.html.j2",
    "joins": "parts/joins.html.j2",
    "fits": "parts/fits.html.j2",
    "comparison": "parts/comparison.html.j2",
    "recovery": "parts/recovery.html.j2",
    "calibration": "parts/calibration.html.j2",
    "evidence": "parts/evidence.html.j2",
    "on_layout": "parts/on_layout.html.j2",
    "estimates": "parts/estimates.html.j2",
    "times": "parts/times.html.j2",
}
"""Templates of sections, named in full: a deployed workflow fetches the files that the code names."""


@dataclass
class Section:
    """anchor, title; parts: HTML in order; groups: figures under headings; details: folded HTML by label; is_folded: all of it."""

    anchor: str
    title: str
    parts: list[Markup] = field(default_factory=list)
    groups: list[tuple[str, list[dict[str, Any]]]] = field(default_factory=list)
    details: dict[str, Markup] = field(default_factory=dict)
    light: str = ""
    is_folded: bool = False

    @property
    def has_content(self) -> bool:
        """Whether there is anything to read in it."""
        return bool(self.parts or self.details or any(figures for _, figures in self.groups))


def render(inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, str]:
    """The page as self-contained HTML, and question and answer as JSON for the list of studies.

    inputs: see `summary.Tables` and, of real screens, `genes.Tables`; screen; figures: paths of all figures of the study.
    settings: see `Material`.
    """
    figures = inputs.get("figures", [])
    material = Material.read(inputs, settings)
    page = fill(material, [figures] if isinstance(figures, str) else list(figures))
    return {"page": page, "answer": render_answer(material)}


def render_answer(material: Material) -> str:
    """Question and answer as JSON: question, level, light, sentences."""
    found = story.answer(material)
    answer = {"question": story.question(material), "level": found.level, "light": found.light, "sentences": found.sentences}
    return json.dumps(answer, indent=1)


def fill(material: Material, figures: Iterable[str] = ()) -> str:
    """The page of these tables and figures."""
    answer = story.answer(material)
    context = summary.context(material.tables, material.settings["study"], material.settings["thresholds"])
    found = Figures(material, figures)
    sections = [section for section in _sections(material, context, found) if section.has_content]
    return html.fill(
        "study.html.j2",
        study=material.settings["study"],
        question=story.question(material),
        answer=answer,
        sections=sections,
        has_lines=material.settings["has_lines"],
    )


class Figures:
    """The figures of the page, with their sentences. Those of the variant to rely on get room first."""

    def __init__(self, material: Material, paths: Iterable[str]):
        self.material, self.folder = material, f"results/{material.settings['study']}"
        has_lines = {name for name, model in material.settings["models"].items() if model["has_lines"]}
        found = pictures.files(paths, material.seed)
        self.files = [file for file in found if file.kind != BY_LINE or file.of in has_lines]
        budget, others = pictures.Budget(), set(material.settings["models"]) - {material.chosen[0]}
        first = sorted(self.files, key=lambda file: file.of in others)
        self.sources = {file.path: budget.source(file.path) for file in first}

    def of(self, kinds: Iterable[str], variant: str = "") -> list[dict[str, Any]]:
        """The figures of these kinds in this order; of one variant if it is given."""
        return [
            self._figure(file) for kind in kinds for file in self.files if file.kind == kind and (not variant or file.of == variant)
        ]

    def _figure(self, file: pictures.File) -> dict[str, Any]:
        figure, variant = pictures.FIGURES[file.kind], file.of
        module, link = pictures.code(figure, self.folder)
        shows = shown.sentence(file.kind, variant, self.material)
        return {
            "title": figure.title,
            "reads": figure.reads,
            "shows": shows,
            "alt": f"{figure.title}{' of ' + variant if variant else ''}. {shows or figure.reads}",
            "source": self.sources[file.path],
            "width": pictures.width(file.path),
            "file": f"figures/{Path(file.path).name}",
            "table": figure.table,
            "module": module,
            "link": link,
        }


def _sections(material: Material, context: Mapping[str, Any], figures: Figures) -> Iterable[Section]:
    """The sections in reading order; those without content are left out later."""

    def part(name: str) -> Markup:
        return Markup(html.fill(PARTS[name], **context))

    def parts(*names: str) -> list[Markup]:
        return [part(name) for name in names if context[name]]

    yield Section(
        "screen",
        "The data",
        [Markup("<p>{}</p>").format(context["overview"])],
        [("", figures.of(DATA))],
        {
            label: part(name)
            for name, label in (("dropped", "Rows left out, and points to note"), ("joins", "Joined files"))
            if context[name]
        },
    )
    yield Section("fits", "Does each variant fit?", [part("fits")], [("", figures.of(CHECKS))])
    if material.genes is not None:
        yield _of_genes(material, figures)
    for variant in material.settings["models"]:
        yield _of_variant(variant, material, figures)
    yield Section("comparison", "Which variant predicts better?", parts("comparison"), [("", figures.of(COMPARISON))])
    yield Section("recovery", "Does it recover the truth?", parts("recovery"), [("", figures.of(RECOVERY))])
    yield Section("calibration", "Is it calibrated?", parts("calibration", "evidence"), [("", figures.of(CALIBRATION))])
    if context["on_layout"] is not None:
        yield Section("layout", "Is it calibrated on the layout of this screen?", [part("on_layout")])
    has_truth = context["estimates"]["has_truth"]
    details = {f"Estimates{' and truth' if has_truth else ''}": part("estimates")} if context["estimates"]["rows"] else {}
    details |= {"Run times and versions": part("times")} if context["times"] else {}
    yield Section("details", "Numbers", details=details)


def _of_genes(material: Material, figures: Figures) -> Section:
    assert material.genes is not None
    text = genes.fill(material.genes, material.settings["study"], material.settings["thresholds"], material.settings["arms"])
    return Section("genes", "Genes", [Markup(text)], [("Is the copy-number correction right?", figures.of(CORRECTION))])


def _of_variant(variant: str, material: Material, figures: Figures) -> Section:
    """One variant: what it says, its formulas, its figures in the order of the work; folded unless it is the one to rely on."""
    model, fits = material.settings["models"][variant], material.tables.diagnostics
    rows = fits[fits["variant"] == variant]
    priors = [formula.prior(name, prior) for name, prior in model["priors"].items() if len(prior) > 1]
    model_part = html.fill("parts/model.html.j2", summary=model["text"].splitlines()[0], lines=formula.lines(model["text"]))
    groups = [(heading, figures.of(kinds, variant)) for heading, kinds in OF_VARIANT]
    return Section(
        f"model-{variant}",
        f"Model {variant}",
        [Markup(model_part)],
        [(heading, found) for heading, found in groups if found],
        {"Priors": Markup(html.fill("parts/priors.html.j2", priors=priors))} if priors else {},
        light=str(max(rows["verdict"], key=checks.VERDICTS.index)) if len(rows) == 1 else "",
        is_folded=len(material.settings["models"]) > 1 and variant != material.chosen[0],
    )
