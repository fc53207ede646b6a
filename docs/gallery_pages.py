"""The gallery: what each example asks, how to run it at full size, and its page where `make gallery` has built it."""

import json
import re
import shutil
from html import escape
from pathlib import Path

HERE = Path(__file__).parent
RESULTS = HERE / "_gallery/results"
SITE = "gallery_pages"  # folder of the site with the pages
# study of docs/gallery/studies.yaml: title, what it shows, config of the full size, page
EXAMPLES = {
    "notebook": (
        "The notebook",
        "Two models of one simulated screen. One of them is not identified, and the page says so.",
        "config/config.yaml",
        "index.html",
    ),
    "sweep": (
        "A sweep that finds a wrong model",
        "Two variants, fitted to many screens of one design. One ignores that guides differ: its intervals miss the truth.",
        "config/studies/sweep.yaml",
        "index.html",
    ),
    "calibration": (
        "A calibration",
        "Truths are drawn from the prior, and screens are simulated from them: are the ranks of the truths uniform?",
        "config/studies/calibration.yaml",
        "index.html",
    ),
    "power": (
        "A power study",
        "Several designs, many screens each: which of them reach 80 % power, and what does one more guide or cell line add?",
        "config/studies/design.yaml",
        "design.html",
    ),
    "screen": (
        "A real screen",
        "A table in the layout of a real screen, made up because real ones have other owners: genes, cell lines, correction.",
        "config/studies/screen.yaml",
        "index.html",
    ),
}


def gallery() -> str:
    """The page of the gallery."""
    parts = [
        "# Gallery\n\nEach example is a study with a page. The pages here are those of small studies, which are run when this "
        "documentation is built (`docs/gallery/studies.yaml`, `make gallery docs`). The commands run the examples at full size.\n\n"
        "::::{grid} 1 1 2 2\n:gutter: 2\n"
    ]
    for study, (title, about, config, page) in EXAMPLES.items():
        parts.append(f":::{{grid-item-card}} {title}\n{about}\n{_answer(study, page)}\n```sh\nmake run CONFIG={config}\n```\n:::\n")
    return "\n".join([*parts, "::::\n"])


def _answer(study: str, page: str) -> str:
    """A link to the page of a study, with its answer; empty where it has not been built."""
    if not (RESULTS / study / page).exists():
        return ""
    path = RESULTS / study / "answer.json"
    answer = json.loads(path.read_text(encoding="utf-8"))["sentences"] if path.exists() else []
    text = f"<p><em>{escape(' '.join(answer))}</em></p>" if answer else ""
    return f'\n```{{raw}} html\n{text}\n<p><a href="../{SITE}/{study}.html">Open the page</a></p>\n```\n'


def copy_pages(folder: Path) -> None:
    """Copy the pages that have been built to `folder`/SITE, without their links to files of the results, which the site lacks."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / SITE).mkdir(parents=True)
    for study, (*_, page) in EXAMPLES.items():
        for source, name in ((page, f"{study}.html"), ("lines.html", f"{study}_lines.html")):
            path = RESULTS / study / source
            if path.exists():
                text = path.read_text(encoding="utf-8").replace('data-link="lines.html"', f'data-page="{study}_lines.html"')
                text = re.sub(r' data-link="[^"]*"', "", text).replace("data-page=", "data-link=")
                (folder / SITE / name).write_text(text, encoding="utf-8")
