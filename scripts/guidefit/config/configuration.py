"""The config: its short forms spelt out, and every mistake in it told with the key's path before anything runs."""

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import jsonschema

from guidefit.models import declaration
from guidefit.base.errors import UserError

Config = dict[str, Any]


def spell_out(config: Config) -> Config:
    """The config with variants as a mapping and seeds as a sorted list of numbers. Wrong types are left for the schema."""
    studies = config.get("studies")
    if not isinstance(studies, dict):
        return config
    return config | {"studies": {str(name): _spell_out_study(str(name), study) for name, study in studies.items()}}


def _spell_out_study(name: str, study: Any) -> Any:
    if not isinstance(study, dict):
        return study
    study = dict(study)
    if isinstance(study.get("variants"), list):
        doubled = {v for v in study["variants"] if study["variants"].count(v) > 1}
        if doubled:
            raise UserError(f"config: studies.{name}.variants: {min(map(str, doubled))!r} stands there twice. Name it once.")
        study["variants"] = {str(variant): {} for variant in study["variants"]}
    elif isinstance(study.get("variants"), dict):
        study["variants"] = {str(key): {} if value is None else value for key, value in study["variants"].items()}
    if "seeds" in study:
        study["seeds"] = parse_seeds(study["seeds"], f"studies.{name}.seeds")
    return study


def parse_seeds(seeds: Any, place: str) -> list[int]:
    """Seeds as a sorted list, from numbers and ranges ("0-99") alone or in a list. Raises UserError."""
    entries = seeds if isinstance(seeds, list) else [seeds]
    found: list[int] = []
    for entry in entries:
        if isinstance(entry, int) and not isinstance(entry, bool) and entry >= 0:
            found.append(entry)
            continue
        span = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", entry) if isinstance(entry, str) else None
        if not span:
            raise UserError(f"config: {place}: {entry!r} is no seed. Use whole numbers from 0 on, or ranges such as 0-99.")
        first, last = int(span[1]), int(span[2] or span[1])
        if first > last:
            raise UserError(f"config: {place}: the range {entry!r} is reversed. Write {last}-{first}.")
        found.extend(range(first, last + 1))
    if not found:
        raise UserError(f"config: {place}: no seeds. Give at least one, such as [103] or 0-99.")
    if len(set(found)) < len(found):
        double = min(seed for seed in set(found) if found.count(seed) > 1)
        raise UserError(f"config: {place}: seed {double} is given more than once (overlapping ranges?). Give each once.")
    return sorted(found)


def check_schema(config: Config, schema: Mapping[str, Any]) -> None:
    """Raise UserError with the path of every key that breaks the schema, and what the schema says of that key."""
    errors = sorted(jsonschema.Draft202012Validator(schema).iter_errors(config), key=lambda e: list(map(str, e.absolute_path)))
    if errors:
        raise UserError("\n".join(["config: not valid:", *(f"  - {_explain(error)}" for error in errors)]))


def _explain(error: jsonschema.ValidationError) -> str:
    place = ".".join(str(part) for part in error.absolute_path) or "(top level)"
    rule = error.schema if isinstance(error.schema, dict) else {}
    if error.validator == "additionalProperties" and isinstance(rule.get("properties"), dict) and isinstance(error.instance, dict):
        unknown = [str(key) for key in error.instance if key not in rule["properties"]]
        return f"{place}: unknown key {', '.join(unknown)}. Known keys: {', '.join(rule['properties'])}."
    if error.validator == "pattern" and "propertyNames" in error.schema_path:
        return f"{place}: the name {error.instance!r} is no plain identifier. Use letters, digits and underscores, a letter first."
    described = f" ({rule['description']})" if "description" in rule else ""
    return f"{place}: {error.message}.{described}"


def check_meaning(config: Config, file_of_variant: Mapping[str, str | Path]) -> None:
    """Raise UserError for what a schema cannot say: contradictions, unknown variants, priors that do not exist, missing files.

    config: spelt out and with defaults. file_of_variant: files of the built-in variants.
    """
    for name, study in config["studies"].items():
        layout = _layout_problems(name, config["studies"], file_of_variant)
        for problem in chain(_source_problems(study), _variant_problems(study, file_of_variant), layout):
            raise UserError(f"config: studies.{name}.{problem}")


def _source_problems(study: Config) -> Iterator[str]:
    if ("simulate" in study) == ("screen" in study):
        yield "simulate, screen: give exactly one of the two: a simulated screen, or a table of a real one."
        return
    low, high = study["winsor_quantiles"]
    if low >= high:
        yield f"winsor_quantiles: the lower quantile {low} must be below the upper {high}."
    if "screen" in study:
        yield from _screen_problems(study["screen"])
        return
    simulate = study["simulate"]
    source = simulate.get("variant")
    if source and simulate["truth"] != "prior":
        yield "simulate.variant: only with truth: prior do data come from a variant. Set it, or remove simulate.variant."
    if source and source not in study["variants"]:
        yield f"simulate.variant: {source!r} is no variant of this study. It has: {', '.join(study['variants'])}."
    general = set(simulate) - {"design", "truth", "effect_on", "variant", "layout"}
    if simulate["design"] == "notebook" and general:
        yield f"simulate.{min(general)}: the design notebook is fixed. Use design: general to change it."
    truth = simulate["truth"]
    if truth != "fixed" and simulate.get("effect_on") == "cna":
        yield f"simulate.effect_on: with truth: {truth} the logFC is generated on x, the model's covariate. Remove effect_on."
    if truth == "prior":
        hyper = general - {"genes", "sgrnas_per_gene", "cell_lines", "copy_number"}
        if hyper:
            yield f"simulate.{min(hyper)}: with truth: prior this comes from each variant's prior. Remove it, or use truth: fixed."
    if study["covariate"] == "raw" and simulate.get("effect_on") == "x":
        yield "simulate.effect_on: with covariate: raw, x is the copy number. Remove effect_on."
    if "kappa" in simulate and "ratio" in simulate:
        yield "simulate.kappa, ratio: the response to gains has one curve. Give one of the two."
    if "ratio" in simulate and simulate.get("effect_on", "cna") == "cna":
        yield "simulate.ratio: copy numbers are never below 0, so that all rows would be gains. Set effect_on: x."
    genes = simulate.get("genes", 5)
    for key, value in (
        ("sgrnas_per_gene", simulate.get("sgrnas_per_gene")),
        ("copy_number.mean", simulate.get("copy_number", {}).get("mean")),
    ):
        if isinstance(value, list) and len(value) != genes:
            yield f"simulate.{key}: {len(value)} entries for {genes} genes (simulate.genes). Give one per gene."


FILES = ("path", "counts", "logfc", "sequence_map", "guide_map", "copy_number", "nonessential", "essential")
DEPMAP_ONLY = ("map_columns", "sequence_map", "guide_map", "copy_number")


def _screen_problems(screen: Config) -> Iterator[str]:
    kinds = [key for key in ("path", "counts", "logfc") if key in screen]
    if len(kinds) != 1:
        found = " and ".join(kinds) or "none of them"
        yield f"screen: give exactly one of path (a long table), counts and logfc (matrices); it has {found}."
        return
    if "path" in screen:
        if "columns" not in screen:
            yield "screen.columns: a long table needs the names of its columns sgrna, gene, cell_line, cna, logfc."
            return
        foreign = [key for key in DEPMAP_ONLY if key in screen]
        if foreign:
            yield f"screen.{foreign[0]}: goes with counts or logfc, and this screen is a long table (path). Remove one of the two."
        columns = screen["columns"]
        if len(set(columns.values())) < len(columns):
            yield "screen.columns: two of our columns name the same column of the table. Give each its own."
    else:
        needed = ["guide_map", "copy_number", *(["sequence_map"] if "counts" in screen else [])]
        for key in needed:
            if key not in screen:
                yield f"screen.{key}: {kinds[0]} need this file too."
        if "columns" in screen:
            yield "screen.columns: goes with path (a long table). For the maps' columns use screen.map_columns."
        if "counts" in screen and screen["normalise"] == "nonessential" and "nonessential" not in screen:
            yield "screen.nonessential: normalise: nonessential needs the list of these genes. Give it, or set normalise: all."
    for key in FILES:
        if key in screen and not Path(screen[key]).is_file():
            yield f"screen.{key}: no file {screen[key]!r}. Give it relative to the folder you run snakemake in."


def _layout_problems(name: str, studies: Config, file_of_variant: Mapping[str, str | Path]) -> Iterator[str]:
    study = studies[name]
    simulate = study.get("simulate", {})
    layout = simulate.get("layout")
    if layout is None:
        if simulate.get("truth") == "posterior":
            yield "simulate.truth: posterior is that given a real screen. Name the study of that screen as simulate.layout."
        return
    real = ", ".join(other for other in studies if "screen" in studies[other]) or "none"
    if layout not in studies:
        yield f"simulate.layout: {layout!r} is no study of this config. Studies with a real screen: {real}."
    elif "screen" not in studies[layout]:
        whose = "this study" if layout == name else layout
        yield f"simulate.layout: {whose} is simulated, a layout is that of a real screen. Studies with one: {real}."
    elif simulate["design"] != "general":
        yield f"simulate.design: {simulate['design']} has a layout of its own. Remove design, or layout."
    elif simulate["truth"] == "fixed":
        yield "simulate.truth: on a layout truths are drawn. Set truth: prior, or truth: posterior."
    elif own := set(simulate) - {"design", "truth", "effect_on", "variant", "layout"}:
        yield f"simulate.{min(own)}: the layout is that of {layout}, with its genes and copy numbers. Remove it."
    elif simulate["truth"] == "posterior":
        yield from _posterior_problems(study, layout, studies[layout], file_of_variant)


def _posterior_problems(study: Config, layout: str, real: Config, file_of_variant: Mapping[str, str | Path]) -> Iterator[str]:
    """What differs from the study whose posterior the truth is drawn from."""
    for key in ("covariate", "winsor_quantiles", "diploid"):
        if key in study and study[key] != real.get(key, 1.0):
            theirs = real.get(key, 1.0)
            yield f"{key}: {study[key]}, but {theirs} in {layout}, whose posterior the truth is drawn from. Make them the same."
    for variant, settings in study["variants"].items():
        fitted = real["variants"].get(variant)
        if fitted is None:
            yield f"variants.{variant}: {layout} does not fit it, so there is no posterior to draw the truth from. Add it there."
            continue
        if settings.get("file") != fitted.get("file"):
            yield f"variants.{variant}.file: {layout} has another. Make them the same."
        declared = declaration.declare(settings.get("file") or file_of_variant[variant]).priors
        ours, others = (declared | each.get("priors", {}) for each in (settings, fitted))
        if different := [prior for prior in declared if ours[prior] != others[prior]]:
            yield f"variants.{variant}.priors.{different[0]}: {layout} has another prior of it. Make them the same."


_POSITIVE = ("sigma", "lam", "scale", "beta", "alpha", "nu", "eta", "b")  # parameters of distributions


def _variant_problems(study: Config, file_of_variant: Mapping[str, str | Path]) -> Iterator[str]:
    for name, settings in study["variants"].items():
        own = settings.get("file")
        if name in ("design", "screen"):
            yield f"variants.{name}: this name is taken, it stands for where data come from. Give the variant another."
        elif own and name in file_of_variant:
            yield f"variants.{name}.file: {name} is a built-in variant. Give your own another name."
        elif own and not Path(own).is_file():
            yield f"variants.{name}.file: no file {own!r}. Give it relative to the folder you run snakemake in."
        elif not own and name not in file_of_variant:
            yield f"variants.{name}: unknown variant. Built in: {', '.join(file_of_variant)}; for your own give its file: path."
        else:
            for problem in _settings_problems(study, name, settings, declaration.declare(own or file_of_variant[name])):
                yield f"variants.{name}{problem}"


def _settings_problems(study: Config, name: str, settings: Config, declared: declaration.Declaration) -> Iterator[str]:
    priors = settings.get("priors", {})
    unknown = set(priors) - set(declared.priors)
    if unknown:
        yield f".priors.{min(unknown)}: {name} has no such prior. It has: {', '.join(declared.priors) or 'none'}."
        return
    for prior, parameters in priors.items():
        signed = "alpha" if parameters["distribution"] == "SkewNormal" else ""
        for key, value in parameters.items():
            if key in _POSITIVE and key != signed and value <= 0:
                yield f".priors.{prior}.{key}: {value} is not positive. Give a number above 0."
    sampled = sampling(study, name)
    kept = sampled["chains"] * sampled["draws"]
    if study.get("simulate", {}).get("truth", "fixed") != "fixed" and study["n_ranks"] - 1 > kept:
        yield (
            f": keeps {kept} draws (chains x draws), and n_ranks: {study['n_ranks']} ranks need {study['n_ranks'] - 1}. "
            "Keep more draws, or ask for fewer ranks."
        )
    if sampled["engine"] == "collapsed":
        try:
            from guidefit.models import structure  # it needs numpy and scipy, nothing else here does
        except ModuleNotFoundError:  # a driver of conda environments need not have them; the fit checks this again, first of all
            return
        try:
            structure.make(declared.gaussian, declared.priors | priors, "")
        except UserError as error:
            yield str(error)


def covariate(studies: Config, name: str) -> Config:
    """A study's covariate: name, winsor_quantiles, and the diploid copy number, which is relative (1) in DepMap's files."""
    study = studies[name]
    layout = study.get("simulate", {}).get("layout")
    default = covariate(studies, layout)["diploid"] if layout else 1.0 if "screen" in study else 2.0
    diploid = study.get("diploid", default)
    return {"name": study["covariate"], "winsor_quantiles": study["winsor_quantiles"], "diploid": diploid}


def batches(seeds: list[int], batch_size: int) -> dict[str, list[int]]:
    """Name of each batch -> its seeds: "103", or the stable range "0-24" of all seeds with the same seed // batch_size."""
    found: dict[str, list[int]] = {}
    for seed in seeds:
        first = seed // batch_size * batch_size
        name = str(seed) if batch_size == 1 else f"{first}-{first + batch_size - 1}"
        found.setdefault(name, []).append(seed)
    return found


def sampling(study: Config, variant: str) -> Config:
    """A variant's sampling settings: its own over the study's."""
    own = study["variants"][variant]
    return {key: own.get(key, value) for key, value in study["sampling"].items()}
