"""The list of studies: the question of each, its answer, and a light."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from guidefit.report.pages import html


def render(inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, str]:
    """The page as self-contained HTML.

    inputs: answers, files of `study.render`, in the order of settings["studies"]; settings: studies, designs (names).
    """
    paths = inputs.get("answers", [])
    answers = [json.loads(Path(path).read_text(encoding="utf-8")) for path in ([paths] if isinstance(paths, str) else paths)]
    studies = [{"name": name} | answer for name, answer in zip(settings["studies"], answers, strict=True)]
    return {"page": html.fill("studies.html.j2", study="guidefit", studies=studies, designs=settings["designs"])}
