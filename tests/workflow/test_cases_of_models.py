"""Situations that users of comparable tools reported, each a folder with a config, run through the real Snakefile.

The folders lie next to the project, and the tests skip where they are absent. The file expect.md of each
folder explains what is wrong.
"""

import shutil

import pytest
import yaml

from helpers import ROOT
from helpers.running import Workflow

pytestmark = pytest.mark.slow

CASES = ROOT.parent / "shared/cases/models"


@pytest.fixture
def case(tmp_path):
    def copy(number):
        if not CASES.exists():
            pytest.skip(f"{CASES} is absent")
        (folder,) = CASES.glob(f"{number}_*")
        shutil.copytree(folder, tmp_path / folder.name)
        return Workflow(tmp_path / folder.name)

    return copy


REFUSED = {
    "sd": "sigma.sd: HalfNormal has no such parameter. Did you mean sigma?",
    "infinite": "sigma.beta: inf is not a finite number",
    "nan": "sigma.beta: nan is not a finite number",
    "normal_for_a_scale": "sigma: a scale cannot be negative",
    "scientific": "mu_gamma.sigma: YAML reads 1e3 as text",
    "uniform_reversed_collapsed": "sigma.lower: lower 5 must be below upper 1",
    "uniform_reversed_nuts": "sigma.lower: lower 5 must be below upper 1",
    "config_sd": "mu_gamma.sd: Normal has no such parameter. Did you mean sigma? It takes mu, sigma (or tau)",
}


def test_mistakes_of_priors_are_refused_in_the_dry_run(case):
    """All configs as the studies of one, since all errors are listed at once."""
    workflow = case("08")
    configs = {path.stem: path for path in [*workflow.folder.glob("*.yaml"), *CASES.glob("09_*/config_sd.yaml")]}
    studies = {name: next(iter(yaml.safe_load(path.read_text())["studies"].values())) for name, path in configs.items()}
    workflow.configure(**studies)
    done = workflow.run("-n", "--quiet", "rules", ok=False)
    assert done.code == 1
    for name, message in REFUSED.items():
        assert f"studies.{name}.variants.varying_intercepts.priors.{message}" in done.output
    assert "studies.scientific_simulate.simulate.sigma: YAML reads 1e-3 as text" in done.output


def test_a_batch_of_all_is_refused_and_names_the_rule_that_can_be_batched(case):
    done = case("01").run("-n", "--batch", "all=1/4", ok=False)
    assert done.code == 1
    assert "--batch collect_tables=1/4" in done.output


STOPPED = {
    ("02", "config_batch_4", "fits/level/seeds_0-3/posterior.nc", "level_4"): "level.py: build() takes logFC from data.logfc",
    ("02", "config_line", "fits/line/seeds_0-3/posterior.nc", "line_fixed"): "line.py: build() takes x from data.x",
    ("10", "config", "fits/gains_only/seeds_1/posterior.nc", "one"): "gains_only.py: GAUSSIAN does not declare the model",
}


@pytest.mark.parametrize(("number", "config", "product", "study"), STOPPED, ids=lambda part: part if part.isalnum() else "")
def test_broken_promises_stop_the_first_fit(case, number, config, product, study):
    workflow = case(number)
    done = workflow.run(f"results/{study}/{product}", config=f"{config}.yaml", ok=False)
    assert done.code == 1
    assert STOPPED[number, config, product, study] in done.output
    assert not (workflow / f"results/{study}/{product}").exists()


def test_fits_that_cannot_start_are_rows_of_the_comparison(case):
    workflow = case("03")
    workflow.run("results/one_stops/comparison.csv", "results/one_stops/diagnostics.csv")
    stopped = workflow.table("one_stops/comparison.csv").set_index("variant").loc["positive"]
    assert stopped[["rank", "elpd"]].isna().all()
    assert stopped["note"] == "not ranked: the fit's verdict is error"
    (reason,) = workflow.table("one_stops/diagnostics.csv").query("variant == 'positive'")["reasons"]
    assert reason.startswith("error: the sampler stopped: no sampler can start: the density of logfc is zero")


@pytest.mark.long
def test_few_seeds_cannot_tell(case):
    workflow = case("21")
    workflow.run("results/few/calibration.csv")
    table = workflow.table("few/calibration.csv")
    assert set(table["variant"]) == {"wide", "shifted", "halved"}
    assert table["verdict"].isna().all()
    assert (table["n_needed"] > 3).all()
