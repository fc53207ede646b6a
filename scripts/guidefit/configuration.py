"""The config: its short forms spelt out, and every mistake in it told with the key's path before anything runs."""

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import jsonschema

from guidefit import variants
from guidefit.errors import UserError

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
        for problem in chain(_source_problems(study), _variant_problems(study, file_of_variant)):
            raise UserError(f"config: studies.{name}.{problem}")


def _source_problems(study: Config) -> Iterator[str]:
    if ("simulate" in study) == ("screen" in study):
        yield "simulate, screen: give exactly one of the two: a simulated screen, or a table of a real one."
        return
    low, high = study["winsor_quantiles"]
    if low >= high:
        yield f"winsor_quantiles: the lower quantile {low} must be below the upper {high}."
    if "screen" in study:
        columns = study["screen"]["columns"]
        if len(set(columns.values())) < len(columns):
            yield "screen.columns: two of our columns name the same column of the table. Give each its own."
        if not Path(study["screen"]["path"]).is_file():
            yield f"screen.path: no file {study['screen']['path']!r}. Give it relative to the folder you run snakemake in."
        return
    simulate = study["simulate"]
    source = simulate.get("variant")
    if source and simulate["truth"] != "prior":
        yield "simulate.variant: only with truth: prior do data come from a variant. Set it, or remove simulate.variant."
    if source and source not in study["variants"]:
        yield f"simulate.variant: {source!r} is no variant of this study. It has: {', '.join(study['variants'])}."
    general = set(simulate) - {"design", "truth", "effect_on", "variant"}
    if simulate["design"] == "notebook" and general:
        yield f"simulate.{min(general)}: the design notebook is fixed. Use design: general to change it."
    if simulate["truth"] == "prior":
        if simulate.get("effect_on") == "cna":
            yield "simulate.effect_on: with truth: prior the logFC is generated on x, the model's covariate. Remove effect_on."
        hyper = general - {"genes", "sgrnas_per_gene", "cell_lines", "copy_number"}
        if hyper:
            yield f"simulate.{min(hyper)}: with truth: prior this comes from each variant's prior. Remove it, or use truth: fixed."
    if study["covariate"] == "raw" and simulate.get("effect_on") == "x":
        yield "simulate.effect_on: with covariate: raw, x is the copy number. Remove effect_on."
    genes = simulate.get("genes", 5)
    for key, value in (
        ("sgrnas_per_gene", simulate.get("sgrnas_per_gene")),
        ("copy_number.mean", simulate.get("copy_number", {}).get("mean")),
    ):
        if isinstance(value, list) and len(value) != genes:
            yield f"simulate.{key}: {len(value)} entries for {genes} genes (simulate.genes). Give one per gene."


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
            for problem in _settings_problems(study, name, settings, variants.declare(own or file_of_variant[name])):
                yield f"variants.{name}{problem}"


def _settings_problems(study: Config, name: str, settings: Config, declared: variants.Declaration) -> Iterator[str]:
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
    if study.get("simulate", {}).get("truth") == "prior" and study["n_ranks"] - 1 > kept:
        yield (
            f": keeps {kept} draws (chains x draws), and n_ranks: {study['n_ranks']} ranks need {study['n_ranks'] - 1}. "
            "Keep more draws, or ask for fewer ranks."
        )
    if sampled["engine"] == "collapsed":
        try:
            from guidefit import structure  # it needs numpy and scipy, nothing else here does
        except ModuleNotFoundError:  # a driver of conda environments need not have them; the fit checks this again, first of all
            return
        try:
            structure.make(declared.gaussian, declared.priors | priors, "")
        except UserError as error:
            yield str(error)


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
