"""What the pages of the report have in common: their look, and that text from data is escaped."""

from typing import Any

import jinja2

_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ title }}</title><style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 1.5rem auto; padding: 0 1rem; color: #222; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; margin: .6rem 0; font-size: .92rem; display: block; overflow-x: auto; }
th, td { text-align: left; padding: .3rem .7rem; border-bottom: 1px solid #ddd; vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.light { border-radius: 1rem; padding: .1rem .7rem; color: white; font-weight: 600; white-space: nowrap; }
.pass { background: #007a59; } .warn { background: #a86500; } .fail { background: #b34a00; } .error { background: #8f4a75; }
.columns { display: flex; flex-wrap: wrap; gap: 0 3rem; }
input { font: inherit; padding: .3rem .6rem; width: 20rem; max-width: 100%; }
small, .quiet { color: #555; }
</style></head><body>
"""
_FOOT = "</body></html>\n"


def render(title: str, body: str, **values: Any) -> str:
    """A self-contained page: `body` is the jinja2 template of what stands between the tags of that name; values are escaped."""
    return jinja2.Environment(autoescape=True).from_string(_HEAD + body + _FOOT).render(title=title, **values)
