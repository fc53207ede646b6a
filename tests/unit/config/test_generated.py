"""The files that are generated from the config's models."""

import copy

import jsonschema
import pytest
import yaml

from guidefit.base.errors import UserError
from guidefit.config import __main__ as commands
from guidefit.config import schema, tables
from helpers import ROOT

SCHEMA = schema.make()
CONFIGS = [ROOT / "config/config.yaml", *sorted((ROOT / "config/studies").glob("*.yaml"))]


def test_the_schema_is_the_one_that_the_models_generate():
    assert commands.SCHEMA.read_text() == schema.as_yaml(), "run PYTHONPATH=scripts python -m guidefit.config schema"


def test_the_tables_of_the_readme_are_those_that_the_models_generate():
    readme = commands.README.read_text()
    assert all(f"<!-- table: {name} -->" in readme for name in tables.tables())
    assert readme == tables.updated(readme), "run PYTHONPATH=scripts python -m guidefit.config tables"


def test_a_marker_of_no_section_is_refused():
    with pytest.raises(UserError, match="no section 'nothing'"):
        tables.updated("<!-- table: nothing -->\n<!-- end of table -->\n")


def shown_by_the_catalog(node, path=()):
    """(path, description, type) of every key that Snakemake's workflow catalog shows: it walks `properties` alone."""
    for name, details in node.get("properties", {}).items():
        yield ".".join((*path, name)), details.get("description"), details.get("type")
        yield from shown_by_the_catalog(details, (*path, name))


def test_the_workflow_catalog_shows_every_key_with_description_and_type():
    shown = list(shown_by_the_catalog(SCHEMA))
    assert all(kind for _, _, kind in shown)
    assert [path for path, description, _ in shown if not description] == []
    study = "studies.NAME"
    expected = {
        f"{study}.simulate.copy_number.mean.shape",
        f"{study}.screen.columns.gene",
        f"{study}.variants.NAME.priors",
        f"{study}.variants.NAME.draws",
        f"{study}.sampling.draws",
        f"{study}.thresholds.elpd_se_min",
        f"{study}.seeds",
    }
    assert expected <= {path for path, _, _ in shown}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.name)
def test_the_schema_accepts_the_configs_that_come_along(path):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(yaml.safe_load(path.read_text()), SCHEMA)


WRONG = {
    "unknown key": (("covariat",), 1),
    "unknown key of a variant": (("variants", "varying_effects", "drws"), 1),
    "type": (("batch_size",), "many"),
    "bound": (("sampling", "target_accept"), 1.5),
    "choice": (("covariate",), "cube"),
    "item": (("simulate", "sgrnas_per_gene"), [0]),
    "seed": (("seeds",), [-1]),
}


@pytest.mark.parametrize(("path", "value"), WRONG.values(), ids=WRONG.keys())
def test_the_schema_refuses_what_the_models_refuse(path, value):
    config = copy.deepcopy(yaml.safe_load(CONFIGS[0].read_text()))
    node = config["studies"]["notebook"]
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(config, SCHEMA)


def test_the_command_checks_a_config(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert commands.main([str(CONFIGS[0])]) == 0
    (tmp_path / "bad.yaml").write_text("studies: {s: {simulate: {}, variants: [poled]}}\n")
    assert commands.main(["bad.yaml"]) == 1
    assert "studies.s.variants.poled: unknown variant. Did you mean pooled?" in capsys.readouterr().err
    (tmp_path / "bad.yaml").write_text("studies: {s\n")
    assert commands.main(["bad.yaml"]) == 1
    assert "bad.yaml, line 2, column 1: not valid YAML" in capsys.readouterr().err


def test_make_run_checks_the_config_first():
    lines = (ROOT / "Makefile").read_text().split("run: env\n")[1].splitlines()
    assert "PYTHONPATH=scripts .venv/bin/python -m guidefit.base.startup" in lines[0]
    assert "PYTHONPATH=scripts .venv/bin/python -m guidefit.config $(CONFIG)" in lines[1]
    assert "snakemake" in lines[2]
