"""The library's settings are the config's keys, and have no defaults of their own."""

import dataclasses
from pathlib import Path

import pytest

from guidefit.base.digests import Code, Library
from guidefit.config.load import covariate
from guidefit.config.sampling import Sampling
from guidefit.config.screen import FILES, STEPS
from guidefit.config.simulate import Simulate
from guidefit.config.study import Study
from guidefit.engines.interface import Settings
from guidefit.screens.covariates import NAMES, Covariate
from guidefit.screens.depmap import Files, Steps
from guidefit.simulation.designs import Design
from helpers import ROOT

SCRIPTS = ROOT / "scripts"


def fields(settings, but=()):
    return {field.name for field in dataclasses.fields(settings) if field.name not in but}


def test_settings_have_the_names_of_the_configs_keys():
    assert fields(Settings, but=["prior_draws"]) == set(Sampling.model_fields)
    assert fields(Design) == set(Simulate().design_values())
    assert fields(Steps) == set(STEPS)
    study = Study.model_validate({"simulate": {}, "variants": ["pooled"]})
    assert fields(Covariate) == set(covariate("s", {"s": study}))
    assert fields(Files, but=["map_columns", "control_list"]) <= set(FILES)
    assert set(Study.model_fields["covariate"].annotation.__args__) == set(NAMES)


# Only what no key of the config sets, and files that a screen may lack, have a default.
WITH_DEFAULT = {
    Settings: ["prior_draws"],
    Files: [*("guide_map", "copy_number", "ploidy", "counts", "logfc", "sequence_map", "nonessential", "control_list")],
}


@pytest.mark.parametrize("settings", [Settings, Design, Steps, Covariate, Files])
def test_settings_have_no_defaults_of_their_own(settings):
    nothing = dataclasses.MISSING
    found = [
        each.name for each in dataclasses.fields(settings) if each.default is not nothing or each.default_factory is not nothing
    ]
    assert found == WITH_DEFAULT.get(settings, [])


def text_of(path):
    return (SCRIPTS / path).read_text() if (SCRIPTS / path).is_file() else None


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.py")), ids=lambda path: path.name)
def test_no_job_depends_on_the_configs_models(script):
    """Rewording a key's description must not run anything again."""
    reached = Library(text_of).reached(Code(script.read_text()))
    assert [path for path in reached if path.startswith("guidefit/config/")] == []


def test_only_the_config_needs_pydantic():
    others = [path for path in SCRIPTS.rglob("*.py") if Path(SCRIPTS / "guidefit/config") not in path.parents]
    assert [path for path in others if "pydantic" in path.read_text()] == []
