"""From the config as Snakemake read it to everything that the rules look up, or to a list of all problems."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from guidefit.base.messages import shown
from guidefit.config import crosschecks, former_keys, grids, problems, seeds, yaml_files
from guidefit.config.study import Config, Study

Resolved = dict[str, Any]


@dataclass(frozen=True)
class Loaded:
    """The config, spelled out completely, in Python's built-in types.

    studies: name -> settings with all defaults (without seeds: a lookup searches the whole mapping); seeds: study -> its seeds;
    batches: study -> name of the batch -> its seeds; grids: design study -> the study of each of its points -> key of the grid ->
    value.
    """

    studies: dict[str, Resolved]
    seeds: dict[str, list[int]]
    batches: dict[str, dict[str, list[int]]]
    grids: dict[str, dict[str, Resolved]]


def load_config(config: Mapping[str, Any], files: Sequence[str | Path], built_in: Mapping[str, str | Path], folder: Path) -> Loaded:
    """Check and resolve a config.

    config: as Snakemake read it; files: the config files that it was read from; built_in: name -> file of each built-in variant;
    folder: what relative paths in the config are relative to. Raises UserError with all problems, a line each.
    """
    try:
        plain = _plain(config)
    except RecursionError:
        raise problems.as_error([problems.line(_path_of_cycle(config), _CYCLE)]) from None
    expanded = grids.expand(plain)
    found = [*_markup(plain), *expanded.problems]
    try:
        studies = Config.model_validate(expanded.config).studies
    except ValidationError as error:
        found += [problems.explain(each, Config, former_keys.FORMER_KEYS) for each in error.errors(include_url=False)]
        studies = dict(_valid_studies(expanded.config))
    found += crosschecks.problems(studies, built_in, folder)
    lines = list(yaml_files.find_problems(files))
    lines += [problems.line(path, text) for path, text in grids.merge(found, expanded.points)]
    if lines:
        raise problems.as_error(lines)
    return resolve(studies, expanded.points)


def _plain(value: Any) -> Any:
    """The value with plain dicts and lists: Snakemake reads JSON as OrderedDict."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


_CYCLE = "contains itself (an alias of YAML, *name, inside the value that it stands for). Write the values out."


def _path_of_cycle(value: Any, path: tuple[str | int, ...] = (), around: tuple[int, ...] = ()) -> tuple[str | int, ...]:
    """The path of the first value that is inside itself; an empty path if there is none."""
    if id(value) in around:
        return path
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    found = (_path_of_cycle(each, (*path, name), (*around, id(value))) for name, each in items)
    return next(filter(None, found), ())


MARKUP = re.compile(r"</|<!--")


def _markup(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """(path, sentence) of each text, key or value, that would end the data in a page of Snakemake's report and start a script."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            if isinstance(name, str) and MARKUP.search(name):
                yield path, f"the key {shown(name)} {_REASON}"
            yield from _markup(each, (*path, name))
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from _markup(each, (*path, place))
    elif isinstance(value, str) and MARKUP.search(value):
        yield path, f"{shown(value)} {_REASON}"


_REASON = (
    "contains </ or <!--. Snakemake's report shows the config inside a script, which these characters would end, so that the rest "
    "of the text could run as code in the reader's browser. Use a name without them."
)


def _valid_studies(config: Any) -> Iterator[tuple[str, Study]]:
    """Studies without problems of their own, so that what contradicts between studies is reported in the same message."""
    studies = config.get("studies") if isinstance(config, dict) else None
    for name, study in studies.items() if isinstance(studies, dict) else ():
        try:
            yield from Config.model_validate({"studies": {name: study}}).studies.items()
        except ValidationError:
            continue


def resolve(studies: Mapping[str, Study], points: Mapping[str, grids.Point]) -> Loaded:
    """Everything that the rules look up, from valid studies. points: of those studies that are points of grids."""
    expanded = {name: _all_seeds(study) for name, study in studies.items()}
    batches = {name: name_batches(expanded[name], study.batch_size) for name, study in studies.items()}
    resolved: dict[str, Resolved] = {name: _resolve_study(name, studies) for name in studies}
    for name, one in resolved.items():
        one["first_seed"] = expanded[name][0]
        one["first_batch"] = next(iter(batches[name]))
        one["first_look"] = _first_look(studies[name], batches[name])
        one["calibrated_on"] = [
            other for other, each in resolved.items() if each["is_calibrated"] and each["simulate"].get("layout") == name
        ]
    of_grids: dict[str, dict[str, Resolved]] = {}
    for name, point in points.items():
        of_grids.setdefault(point.grid, {})[name] = point.values
    return Loaded(resolved, expanded, batches, of_grids)


LEAST_SEEDS = 100
"""Seeds of a study with until before the first look: with fewer, rare events may not have occurred yet."""


def _all_seeds(study: Study) -> list[int]:
    """The seeds of a study, followed by those that may be added until a quantity is known."""
    given = seeds.expand(study.seeds)
    more = 0 if study.until is None else study.until.at_most - len(given)
    return given + [given[-1] + 1 + i for i in range(more)]


def _first_look(study: Study, batches: Mapping[str, Sequence[int]]) -> int:
    """Number of batches before the first look: those of the study's own seeds, and at least LEAST_SEEDS seeds."""
    wanted, count = max(sum(last - first + 1 for first, last in study.seeds), LEAST_SEEDS), 0
    for number, each in enumerate(batches.values(), start=1):
        count += len(each)
        if count >= wanted:
            return number
    return len(batches)


def name_batches(seeds: Sequence[int], batch_size: int) -> dict[str, list[int]]:
    """Name of each batch -> its seeds: "103", or the range "0-24" of all seeds with the same seed // batch_size."""
    found: dict[str, list[int]] = {}
    for seed in seeds:
        first = seed // batch_size * batch_size
        name = str(seed) if batch_size == 1 else f"{first}-{first + batch_size - 1}"
        found.setdefault(name, []).append(seed)
    return found


COPIED = (
    *("threads", "checks", "keep_draws", "predictive_draws", "figure_seeds", "show_genes", "matrices"),
    *("n_ranks", "batch_size"),
)


def _resolve_study(name: str, studies: Mapping[str, Study]) -> Resolved:
    study = studies[name]
    source, truth = _source(study)
    variants = {
        variant: {"file": own.file, "priors": own.priors, "sampling": study.sampling_of(variant)}
        for variant, own in study.variants.items()
    }
    controls = {
        which: getattr(study.screen, which)
        for which in ("essential", "nonessential")
        if study.screen is not None
        and getattr(study.screen, which) is not None
        and not (which == "essential" and study.screen.against is not None)  # the arms of a contrast do not differ in them
    }
    has_evidence = any(study.sampling_of(variant)["engine"] == "collapsed" for variant in study.variants)
    is_calibrated = truth in ("prior", "posterior")
    simulate = study.simulate
    is_drawn = simulate is not None and simulate.variant_probabilities is not None
    shares_data = not is_calibrated or is_drawn or (simulate is not None and simulate.variant is not None)
    return {
        "kind": "simulated" if study.screen is None else study.screen.kind,
        "truth": truth,
        **source,
        "covariate": covariate(name, studies),
        "variants": variants,
        **study.model_dump(include=set(COPIED)),
        "thresholds": study.thresholds.model_dump(),
        "until": study.until and study.until.model_dump(),
        "control_lists": controls,
        "has_copy_numbers": study.screen is None or study.screen.has_copy_numbers,
        "has_samples": study.screen is not None and (study.screen.counts is not None or study.screen.count_table is not None),
        "is_compared": shares_data and (study.checks or has_evidence),
        "is_judged": len(controls) == 2 and study.screen is not None and study.screen.has_copy_numbers,
        "is_calibrated": is_calibrated,
        "from_own_prior": truth == "prior" and simulate is not None and simulate.variant is None,
        "is_drawn": is_drawn,
    }


def _source(study: Study) -> tuple[dict[str, Resolved], str | None]:
    """The resolved section `simulate` or `screen`, and where the truth is from."""
    if study.screen is not None:
        return {"screen": study.screen.settings()}, None
    assert study.simulate is not None
    own = study.simulate
    given = {key: getattr(own, key) for key in ("layout", "variant", "variant_probabilities") if getattr(own, key) is not None}
    chosen = {"design": own.design, "truth": own.truth, "effect_on": own.effects_on}
    return {"simulate": chosen | given | own.design_values()}, own.truth


def covariate(name: str, studies: Mapping[str, Study]) -> Resolved:
    """A study's covariate: name, winsor_quantiles, and the diploid copy number, which is relative (1) in real screens."""
    study = studies[name]
    layout = study.simulate.layout if study.simulate is not None else None
    default = covariate(layout, studies)["diploid"] if layout is not None else 2.0 if study.screen is None else 1.0
    diploid = default if study.diploid is None else study.diploid
    return {"name": study.covariate, "winsor_quantiles": study.winsor_quantiles, "diploid": diploid}
