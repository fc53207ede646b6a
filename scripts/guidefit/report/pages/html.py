"""HTML from the templates of the report. Every text that comes from data is escaped."""

from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

_TEMPLATES = Path(__file__).parent.parent / "templates"


def fill(template: str, **context: Any) -> str:
    """A self-contained page from the template of that name; jinja2.UndefinedError if the context lacks a value."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(context)


def cell(value: Any, form: str = "{}") -> str:
    """A value in the given format; an empty cell for a missing one."""
    return "" if pd.isna(value) else form.format(value)


def interval(row: Any, name: str = "", digits: int = 3) -> str:
    """The 95 % interval of a row: its columns q025 and q975, after `name` and an underscore if there is a name."""
    low, high = (row[f"{name}_{end}" if name else end] for end in ("q025", "q975"))
    return f"{low:.{digits}f} to {high:.{digits}f}"
