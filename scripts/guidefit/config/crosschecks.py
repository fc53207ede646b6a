"""Checks that need more than one section: other studies, the variants' files, and whether files exist."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from guidefit.base import messages
from guidefit.base.errors import UserError
from guidefit.config.screen import FILES
from guidefit.config.section import Problem
from guidefit.config.study import Study
from guidefit.config.variant import Variant
from guidefit.models import declaration, line_structure, one_line, priors

Studies = Mapping[str, Study]
BuiltIn = Mapping[str, str | Path]


def problems(studies: Studies, built_in: BuiltIn, folder: Path) -> Iterator[tuple[tuple[str, ...], str]]:
    """(path, sentence) of everything that is wrong between valid studies."""
    for name, study in studies.items():
        found: list[Problem] = []
        if study.screen is not None:
            found += [(f"screen.{key}", text) for key, text in study.screen.missing_files(folder)]
        found += _overwritten_problems(study, studies, folder)
        found += _variant_problems(study, built_in, folder)
        found += _until_problems(study, built_in, folder)
        found += _matrices_problems(study, built_in, folder)
        found += _layout_problems(name, studies, built_in, folder)
        for path, text in found:
            yield ("studies", name, *path.split(".")), text


def _overwritten_problems(study: Study, studies: Studies, folder: Path) -> Iterator[Problem]:
    """Input files in a folder that this config's results are written to, where a rule could overwrite them."""
    inputs = {f"variants.{name}.file": own.file for name, own in study.variants.items()}
    if study.screen is not None:
        inputs |= {f"screen.{key}": getattr(study.screen, key) for key in FILES}
    results = {(folder / "results" / name).resolve(): name for name in studies}
    for key, path in inputs.items():
        for parent in (folder / path).resolve().parents if path is not None else ():
            if parent in results:
                yield (
                    key,
                    f"{path!r} is in the folder that the results of the study {results[parent]} are written to, so that this run "
                    "could overwrite it. Copy the file to another folder and give its path there.",
                )


def _variant_problems(study: Study, built_in: BuiltIn, folder: Path) -> Iterator[Problem]:
    for name, settings in study.variants.items():
        own = settings.file
        if own is not None and name in built_in:
            yield f"variants.{name}.file", f"{name} is a built-in variant. Give your own variant another name."
        elif own is not None and not (folder / own).is_file():
            yield f"variants.{name}.file", f"no file {own!r}. Give its path relative to the folder in which you run snakemake."
        elif own is None and name not in built_in:
            hint = messages.suggestion(name, built_in)
            yield (
                f"variants.{name}",
                f"unknown variant.{hint} Built in: {', '.join(built_in)}; for a variant of your own set its file.",
            )
        else:
            yield from _settings_problems(study, name, folder / own if own is not None else Path(built_in[name]))


def _matrices_problems(study: Study, built_in: BuiltIn, folder: Path) -> Iterator[Problem]:
    """Matrices of effects that no variant has."""
    if not study.matrices or study.screen is None:
        return
    for name, settings in study.variants.items():
        try:
            path = folder / settings.file if settings.file is not None else built_in[name]
            if declaration.declare(path).structure is not None:
                return
        except (UserError, KeyError):
            return  # reported by the checks of the variant
    yield "matrices", "no variant of this study has effects by gene and cell line. Add gene_classes, or remove this key."


def _until_problems(study: Study, built_in: BuiltIn, folder: Path) -> Iterator[Problem]:
    """A variable that no variant of the study has."""
    if study.until is None:
        return
    known: dict[str, None] = {}
    for name, settings in study.variants.items():
        try:
            known |= dict.fromkeys(declaration.declare(folder / settings.file if settings.file else built_in[name]).priors)
        except (UserError, KeyError):
            return  # reported by the checks of the variant
    if (variable := study.until.variable) not in known:
        hint = messages.suggestion(variable, known)
        yield "until.variable", f"no variant of this study has {variable!r}.{hint} Their variables are: {', '.join(known)}."


def _settings_problems(study: Study, name: str, path: Path) -> Iterator[Problem]:
    try:
        declared = declaration.declare(path)
    except UserError as error:
        own = study.variants[name].file
        message = str(error) if own is None else str(error).replace(str(path), own)
        yield from ((f"variants.{name}", text) for text in message.splitlines())
        return
    if study.screen is not None and not study.screen.has_copy_numbers and declared.needs_copy_numbers:
        yield (
            f"variants.{name}",
            "the variant has a slope on copy number, and the screen has no copy numbers. Use gene_classes (engine: gibbs), "
            "gene_by_line or sgrna_intercepts, one_line for a single cell line, one_line_contrast for two of its arms, or add "
            "screen.copy_number.",
        )
    found = list(_prior_problems(study.variants[name], declared))
    yield from ((f"variants.{name}.priors.{prior}", text) for prior, text in found)
    if found:
        return
    engine = study.sampling_of(name)["engine"]
    if declared.one_line is not None and engine != "gibbs":
        yield f"variants.{name}", f"a variant of one cell line is fitted by the engine gibbs, not by {engine}. Set engine: gibbs."
    elif engine == "gibbs":
        yield from _gibbs_problems(study, name, declared)
    if engine == "collapsed":
        try:
            from guidefit.models import structure  # it needs numpy and scipy, nothing else here does
        except ModuleNotFoundError:  # a driver of conda environments may lack them; the fit makes this check first of all
            return
        try:
            structure.make(declared.gaussian, declared.priors | study.variants[name].priors, "")
        except UserError as error:
            yield f"variants.{name}", str(error).removeprefix(": ")


def _gibbs_problems(study: Study, name: str, declared: declaration.Declaration) -> Iterator[Problem]:
    """Why the engine gibbs cannot fit this variant in this study."""
    try:
        if declared.one_line is not None:
            one_line.read_one_line(declared.one_line, declared.priors | study.variants[name].priors, "")
            return
        structure = line_structure.read_structure(declared.structure, "")
        line_structure.prior_parameters(structure, declared.priors | study.variants[name].priors, "")
    except UserError as error:
        yield f"variants.{name}", str(error).removeprefix(": ")
    if study.simulate is not None and study.simulate.truth == "posterior":
        yield (
            "simulate.truth",
            f"a truth is drawn from draws of all parameters, which engine gibbs does not keep (variants.{name}). Use truth: prior.",
        )


def _prior_problems(settings: Variant, declared: declaration.Declaration) -> Iterator[Problem]:
    """Priors that the variant does not have, or that do not suit the role of their variable in it."""
    scales = priors.scales_of(declared.gaussian)
    for name, prior in settings.priors.items():
        if name not in declared.priors:
            known = ", ".join(messages.nearest(name, declared.priors)) or "none"
            yield name, f"the variant has no such prior.{messages.suggestion(name, declared.priors)} Its priors are: {known}."
            continue
        own = declared.priors[name]
        problems = list(priors.find_misplaced(name, prior, own))
        # Without GAUSSIAN the role of a variable is known only for the built-in variants: what is positive in them has to be.
        is_scale = name in scales or (settings.file is None and not priors.can_be_negative(own))
        if is_scale and not problems:
            problems = list(priors.find_negative_scale(prior))
        yield from ((f"{name}.{parameter}" if parameter else name, text) for parameter, text in problems)


def _layout_problems(name: str, studies: Studies, built_in: BuiltIn, folder: Path) -> Iterator[Problem]:
    simulate = studies[name].simulate
    layout = simulate.layout if simulate is not None else None
    if simulate is None or layout is None:
        return
    real = ", ".join(other for other, study in studies.items() if study.screen is not None) or "none"
    if layout not in studies:
        yield "simulate.layout", f"{layout!r} is not a study of this config. Studies with a real screen: {real}."
    elif (screen := studies[layout].screen) is None:
        whose = "this study" if layout == name else layout
        yield "simulate.layout", f"{whose} is simulated, but a layout must be that of a real screen. Studies with one: {real}."
    elif not screen.has_copy_numbers:
        yield "simulate.layout", f"the screen of {layout} has no copy numbers, and a simulated screen needs them. Add them there."
    elif simulate.truth == "posterior":
        yield from _posterior_problems(studies[name], layout, studies[layout], built_in, folder)


def _posterior_problems(study: Study, layout: str, real: Study, built_in: BuiltIn, folder: Path) -> Iterator[Problem]:
    """What differs from the study whose posterior the truth is drawn from."""
    for key in ("covariate", "winsor_quantiles", "diploid"):
        ours, theirs = getattr(study, key), getattr(real, key)
        if key == "diploid":
            theirs = 1.0 if theirs is None else theirs
            ours = theirs if ours is None else ours
        if ours != theirs:
            yield key, f"{ours}, but {theirs} in {layout}, whose posterior the truth is drawn from. Use the same value in both."
    for variant, settings in study.variants.items():
        fitted = real.variants.get(variant)
        if fitted is None:
            yield f"variants.{variant}", f"{layout} does not fit it, so there is no posterior to draw the truth from. Add it there."
            continue
        if settings.file != fitted.file:
            yield f"variants.{variant}.file", f"{layout} has another file. Use the same file in both."
            continue
        try:
            declared = declaration.declare(folder / settings.file if settings.file else built_in[variant]).priors
        except (UserError, KeyError):
            continue  # reported by the checks of the variant
        ours, others = (declared | each.priors for each in (settings, fitted))
        for prior in declared:
            if ours[prior] != others[prior]:
                yield f"variants.{variant}.priors.{prior}", f"{layout} has another prior of it. Use the same prior in both."
