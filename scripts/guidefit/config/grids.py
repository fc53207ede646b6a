"""Design studies: a study whose section `simulate` has a grid stands for one study per point of the grid.

The grid is expanded before the config is checked, so that nothing else distinguishes a point from any other simulated study.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from guidefit.base.messages import suggestion
from guidefit.config.section import NAME
from guidefit.config.simulate import GRID_KEYS, Grid

MOST_POINTS = 200
"""Points of a grid. Each is a study of its own, and Snakemake plans the jobs of all of them at once."""

SHORT = {
    "cell_lines": "lines",
    "sgrnas_per_gene": "guides",
    "effect_share": "share",
    "effect_size": "effect",
    "line_effect_share": "lineshare",
    "line_effect_size": "lineeffect",
    "outlier_nu": "nu",
    "copy_number.mean": "copies",
    "copy_number.noise": "copynoise",
}
"""Key of a grid -> its name in the names of points, where that is not the key itself."""

Located = tuple[tuple[str | int, ...], str]
"""(path of a key, a sentence that says what is wrong with it)."""


@dataclass(frozen=True)
class Point:
    """A point of a grid: the name of the design study, and key of the grid -> value."""

    grid: str
    values: dict[str, Any]

    def __str__(self) -> str:
        return ", ".join(f"{key} {shown_value(value)}" for key, value in self.values.items())


@dataclass(frozen=True)
class Expansion:
    """A config without grids; name of each study that is a point -> its point; what is wrong with the grids."""

    config: Any
    points: dict[str, Point]
    problems: list[Located]


def expand(config: Any) -> Expansion:
    """The config with each design study replaced by its points.

    config: as it was read, of built-in types and of any content. Grids of another shape than keys with lists of numbers stay where
    they are, for the models to refuse; with any other problem the study is left without its grid, so that the rest is checked.
    """
    studies = config.get("studies") if isinstance(config, dict) else None
    if not isinstance(studies, dict):
        return Expansion(config, {}, [])
    found: dict[Any, Any] = {}
    points: dict[str, Point] = {}
    problems: list[Located] = []
    for name, study in studies.items():
        grid = _grid_of(study) if isinstance(name, str) and re.fullmatch(NAME, name) else None
        if grid is None:
            found[name] = study
            continue
        wrong = list(_grid_problems(grid, study["simulate"]))
        own = {} if wrong else {_name_point(name, values): Point(name, values) for values in _combinations(grid)}
        wrong = wrong or list(_name_problems(own, [*studies, *points]))
        problems += [(("studies", name, "simulate", "grid", *path), text) for path, text in wrong]
        if wrong:
            found[name] = _without_grid(study)
        else:
            points |= own
            found |= {point: _at(study, each.values) for point, each in own.items()}
    return Expansion(config | {"studies": found}, points, problems)


def merge(problems: Iterable[Located], points: Mapping[str, Point]) -> list[Located]:
    """Problems of points as problems of their design study, each once, with the points at which it occurs unless at all."""
    at: dict[Located, list[Point]] = {}
    for path, sentence in problems:
        point = points.get(str(path[1])) if len(path) > 1 and path[0] == "studies" else None
        if point is None:
            at.setdefault((path, sentence), [])
            continue
        key = ".".join(str(part) for part in path[3:])
        inner = ("simulate", "grid", key) if path[2:3] == ("simulate",) and key in point.values else path[2:]
        at.setdefault((("studies", point.grid, *inner), sentence), []).append(point)
    sizes = {grid: sum(each.grid == grid for each in points.values()) for grid in {each.grid for each in points.values()}}
    return [
        (path, sentence if not where or len(where) == sizes[where[0].grid] else f"{sentence} {_where(where)}")
        for (path, sentence), where in at.items()
    ]


def _where(points: list[Point]) -> str:
    others = {1: "", 2: ", and at another one"}.get(len(points), f", and at {len(points) - 1} others")
    return f"(At the point {points[0]}{others}.)"


def shown_value(value: Any) -> str:
    """A value of a grid as text."""
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _grid_of(study: Any) -> dict[str, list[Any]] | None:
    """The grid of a study, if it has one of the right shape."""
    simulate = study.get("simulate") if isinstance(study, dict) else None
    grid = simulate.get("grid") if isinstance(simulate, dict) else None
    if grid is None:
        return None
    try:
        TypeAdapter(Grid, config={"strict": True}).validate_python(grid)
    except ValidationError:
        return None
    return grid


def _grid_problems(grid: dict[str, list[Any]], simulate: dict[str, Any]) -> Iterator[Located]:
    copies = simulate.get("copy_number")
    for key, values in grid.items():
        given = copies if key.startswith("copy_number.") else simulate
        if key not in GRID_KEYS:
            yield (key,), f"this key cannot be part of a grid.{suggestion(key, GRID_KEYS)} It can have: {', '.join(GRID_KEYS)}."
        elif isinstance(given, dict) and key.rpartition(".")[2] in given:
            yield (key,), f"simulate.{key} is given too. Remove one of the two."
        twice = sorted({shown_value(value) for value in values if values.count(value) > 1})
        if twice:
            yield (key,), f"{', '.join(twice)} is listed more than once. Remove the repetition."
    size = 1
    for values in grid.values():
        size *= len(values)
    if size > MOST_POINTS:
        yield (), f"{size:,} points (the product of the lengths of its lists). A grid can have at most {MOST_POINTS}."


def _name_problems(points: Mapping[str, Point], taken: Iterable[str]) -> Iterator[Located]:
    for point in sorted(set(points) & set(taken)):
        yield (), f"one of its points has the name {point}, which is also that of a study. Rename that study."
    longest = max(points, key=len)
    if not re.fullmatch(NAME, longest):
        yield (), f"the name of a point, {longest}, is longer than 100 characters. Give the study a shorter name."


def _combinations(grid: Mapping[str, list[Any]]) -> Iterator[dict[str, Any]]:
    for values in itertools.product(*grid.values()):
        yield dict(zip(grid, values, strict=True))


def _name_point(name: str, values: Mapping[str, Any]) -> str:
    """The name of a point, such as power_lines20_guides4; a decimal point becomes p, a minus sign m."""
    return "_".join([name, *(SHORT.get(key, key).replace(".", "_") + _as_name(value) for key, value in values.items())])


def _as_name(value: Any) -> str:
    return shown_value(value).replace(".", "p").replace("-", "m").replace("+", "")


def _at(study: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The study at a point."""
    simulate = _without_grid(study)["simulate"]
    for key, value in values.items():
        section, _, own = key.rpartition(".")
        if not section:
            simulate[key] = value
        elif isinstance(simulate.setdefault(section, {}), dict):  # another type is reported by its model
            simulate[section] = simulate[section] | {own: value}
    return study | {"simulate": simulate}


def _without_grid(study: dict[str, Any]) -> dict[str, Any]:
    return study | {"simulate": {key: value for key, value in study["simulate"].items() if key != "grid"}}
