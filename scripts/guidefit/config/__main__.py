"""`python -m guidefit.config FILE` checks a config; `schema` and `tables` in place of FILE write what the models generate."""

import argparse
import sys
from pathlib import Path
from typing import Any

import yaml

from guidefit.base.errors import UserError
from guidefit.config import load_config, schema, tables, yaml_files
from guidefit.models import declaration

ROOT = Path(__file__).parents[3]
SCHEMA = ROOT / "workflow/schemas/config.schema.yaml"
README = ROOT / "config/README.md"


def check(path: str) -> None:
    """Raise UserError if a config file is not valid: its syntax first, then all that the workflow checks."""
    if error := yaml_files.syntax_error(path):
        raise UserError(error)
    config: dict[str, Any] = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    if "__use_yte__" in config:
        return  # a template, which Snakemake evaluates
    built_in = {name: declaration.VARIANTS / f"{name}.py" for name in declaration.BUILT_IN}
    try:
        load_config(config, files=[path], built_in=built_in, folder=Path.cwd())
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the exit status is 1 if the config is not valid."""
    parser = argparse.ArgumentParser(prog="python -m guidefit.config", description=__doc__)
    parser.add_argument("what", metavar="FILE|schema|tables", help="a config file to check, or what to write")
    what = parser.parse_args(arguments).what
    if what == "schema":
        SCHEMA.write_text(schema.as_yaml())
    elif what == "tables":
        README.write_text(tables.updated(README.read_text()))
    else:
        try:
            check(what)
        except UserError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
