"""A design study, through the real Snakefile: its points are studies, and one table and one set of figures gather them."""

import os
import signal
import subprocess

import numpy as np
import pytest

from helpers.running import Workflow, assert_same_tables

pytestmark = pytest.mark.slow

STUDY = {
    "simulate": {
        "grid": {"cell_lines": [4, 12], "sgrnas_per_gene": [2, 4]},
        "genes": 20,
        "effect_on": "x",
        "mu_gamma": 0,
        "sigma_gamma": 0.05,
        "effect_share": 0.25,
        "effect_size": -0.5,
        "mu_delta": -0.2,
        "sigma_delta": 0.1,
        "sigma_alpha": 0.1,
        "sigma_beta": 0.1,
        "sigma": 0.6,
    },
    "covariate": "log2_diploid",
    "sampling": {"engine": "collapsed", "draws": 50},
    "variants": ["varying_effects"],
    "seeds": "0-11",
    "batch_size": 12,
    "checks": False,
    "keep_draws": False,
    "figure_seeds": 0,
}


def test_power_over_a_grid(workflow):
    workflow.configure(power=STUDY)
    run = workflow.run()
    assert run.jobs.count("measure_point") == 4
    assert run.jobs.count("plot_design") == 1
    assert not any(job.startswith("plot_") and job != "plot_design" for job in run.jobs)  # figures of points: on request
    results = workflow / "results"
    for name in ("power", "errors", "heat"):
        assert (results / f"power/figures/design-{name}.svg").stat().st_size > 10_000

    assert "Which design reaches 80% power?" in (results / "power/design.html").read_text()

    table = workflow.table("power/design.csv")
    power = table[(table["quantity"] == "power") & (table["variable"] == "gamma_g")]
    power = power.set_index(["cell_lines", "sgrnas_per_gene"])
    assert (power["seeds"] == 12).all()
    assert power.loc[(12, 4), "value"] > 0.7
    more, less = power.loc[(12, 4)], power.loc[(4, 2)]
    assert more["value"] - less["value"] > 3 * np.hypot(more["mcse"], less["mcse"])
    recovery = workflow.table("power_lines12_guides4/recovery.csv").query("fits == 'all'").set_index("variable")
    at_point = table[(table["point"] == "power_lines12_guides4") & (table["quantity"] == "coverage_95")].set_index("variable")
    assert at_point.loc["gamma_g", "value"] == recovery.loc["gamma_g", "coverage_95"]

    larger = STUDY["simulate"] | {"grid": {"cell_lines": [4, 12, 16], "sgrnas_per_gene": [2, 4]}}
    workflow.configure(power=STUDY | {"simulate": larger})
    more = workflow.run("--dry-run")
    assert {message.split(":")[0] for message in more.messages if ": fit " in message} == {
        "power_lines16_guides2",
        "power_lines16_guides4",
    }


UNTIL = STUDY | {
    "simulate": {"genes": 3, "sgrnas_per_gene": 2, "cell_lines": 6, "effect_on": "x"},
    "until": {"quantity": "coverage_50", "variable": "sigma", "mcse": 0.04, "at_most": 1000},
    "seeds": "0-9",
    "batch_size": 100,
}


def test_seeds_are_added_until_a_quantity_is_known(workflow):
    study = UNTIL | {"until": dict(UNTIL["until"])}
    workflow.configure(s=study)
    run = workflow.run()
    looks = workflow.table("s/stopping.csv")
    assert looks["decision"].tolist() == ["more seeds", "precise enough"]
    assert looks["seeds"].tolist() == [100, 200]  # 0.05 at 100 seeds, 0.035 at 200
    assert run.jobs.count("take_look") == 2
    assert run.jobs.count("fit_temporary") == 2
    recovery = workflow.table("s/recovery.csv").query("fits == 'all'").set_index("variable")
    assert recovery.loc["sigma", "seeds"] == 200
    assert recovery.loc["sigma", "coverage_50"] == looks["value"].iloc[-1]
    assert workflow.table("s/diagnostics.csv")["seed"].nunique() == 200

    assert "Nothing to be done" in workflow.run("--dry-run").output
    study["until"]["mcse"] = 0.025
    workflow.configure(s=study)
    assert not [message for message in workflow.run("--dry-run").messages if ": fit " in message]  # known after the first look


# Python imports this at every start. The fit that follows the first look kills the job and Snakemake, as one group of processes.
KILLER = """import os
import sys


def kill(event, arguments):
    if event == "os.mkdir" and str(arguments[0]).endswith("seeds_100-199/saved"):
        os.killpg(0, 9)


sys.addaudithook(kill)
"""


@pytest.mark.long
def test_a_run_that_is_killed_between_two_looks_ends_with_the_same_numbers(tmp_path):
    killed, whole = (tmp_path / name for name in ("killed", "whole"))
    for folder in (killed, whole):
        folder.mkdir()
        Workflow(folder).configure(s=UNTIL)
    hook = tmp_path / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(KILLER)
    found = subprocess.run(
        Workflow(killed).command(),
        cwd=killed,
        env=os.environ | {"PYTHONPATH": str(hook)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        timeout=600,
    )
    assert found.returncode == -signal.SIGKILL
    assert (killed / "results/s/looks/1.json").exists()
    assert not (killed / "results/s/looks/2.json").exists()
    Workflow(killed).run("--unlock")
    again = Workflow(killed).run()
    assert again.jobs.count("fit_temporary") == 1  # the fits before the first look are not made again
    assert Workflow(killed).table("s/stopping.csv")["seeds"].tolist() == [100, 200]
    Workflow(whole).run()
    assert_same_tables(killed / "results", whole / "results")


@pytest.mark.long
def test_power_to_call_gene_by_line_effects(workflow):
    """Effects of genes in single lines, fitted by gibbs: larger ones are called more often."""
    simulate = {
        "grid": {"line_effect_size": [-0.5, -2.0]},
        "line_effect_share": 0.1,
        "genes": 12,
        "sgrnas_per_gene": 3,
        "cell_lines": 6,
        "effect_on": "x",
        "mu_gamma": 0,
        "sigma_gamma": 0.3,
        "mu_delta": -0.1,
        "sigma_delta": 0.05,
        "sigma_alpha": 0.2,
        "sigma_beta": 0.05,
        "sigma": 0.3,
    }
    sampling = {"engine": "gibbs", "draws": 300, "tune": 200, "chains": 2}
    lines = STUDY | {"simulate": simulate, "variants": ["gene_by_line"], "sampling": sampling, "seeds": "0-5", "batch_size": 3}
    workflow.configure(lines=lines)
    workflow.run()
    table = workflow.table("lines/design.csv")
    effects = table[table["variable"] == "e_gl"].set_index(["line_effect_size", "quantity"])
    assert (effects["seeds"] == 6).all()
    assert effects.loc[(-2.0, "power"), "value"] > effects.loc[(-0.5, "power"), "value"] + 0.3
    assert effects.loc[(-2.0, "power"), "value"] > 0.7
    assert effects.loc[(-2.0, "coverage_95"), "value"] > 0.8
    assert "gene x line effects" in (workflow / "results/lines/design.html").read_text()
