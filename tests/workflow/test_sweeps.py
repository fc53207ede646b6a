"""Large screens and many seeds, with engine collapsed, through the real Snakefile."""

import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
import yaml

from helpers import ROOT

pytestmark = pytest.mark.slow

ONE_FIT = """
import sys
from guidefit.engines import interface, registry
from guidefit.models import declaration
from guidefit.screens import arrays
from guidefit.simulation import blueprints, simulated_screen
from helpers.defaults import Covariate, Settings
table, _ = simulated_screen.simulate(blueprints.draw_notebook(103), Covariate("zscore_within_gene"), "cna")
declared = declaration.declare(declaration.file_of("varying_effects"))
engine = registry.make_engine(declared, declared.priors, Settings(engine="collapsed"), 1, 1, "here")
engine.fit(arrays.model_data(table), 1).to_netcdf(sys.argv[1])
print(*sorted({name.split(".")[0] for name in sys.modules}))
"""


def test_a_fit_imports_no_sampler_and_no_pictures(tmp_path):
    command = [sys.executable, "-c", ONE_FIT, tmp_path / "fit.nc"]
    done = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": "scripts:tests"}, capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert "scipy" in imported
    assert not imported & {"pymc", "pytensor", "numba", "nutpie", "arviz", "arviz_stats", "matplotlib", "plotnine"}


@pytest.mark.long
def test_a_large_screen_in_small(workflow):
    """config/studies/large.yaml with fewer genes: still enough rows to be simulated in blocks and read as a stream."""
    config = yaml.safe_load((ROOT / "config/studies/large.yaml").read_text())
    config["studies"]["large"]["simulate"] |= {"genes": 160, "cell_lines": 3600}
    (workflow / "config.yaml").write_text(yaml.safe_dump(config))
    workflow.run("--report", "results/report.html", "--report-after-run")

    diagnostics = workflow.table("large/diagnostics.csv").set_index("variant")
    assert (diagnostics["rows"] == 160 * 4 * 3600).all()
    assert (diagnostics["cell_lines"] == 3600).all()
    assert (diagnostics["verdict"] == "unchecked").all()
    assert (diagnostics["method"] == "importance sampling").all()
    estimates = workflow.table("large/estimates.csv", dtype={"gene": str, "sgrna": str}, low_memory=False)
    assert estimates["sgrna"].nunique() == 640
    true_model = estimates[estimates["variant"] == "correlated_effects"]
    for variable in ("alpha_s", "beta_s", "gamma_g", "delta_g"):
        mine = true_model[true_model["variable"] == variable]
        covered = ((mine["q025"] < mine["truth"]) & (mine["truth"] < mine["q975"])).mean()
        assert abs(covered - 0.95) < 5 * np.sqrt(0.95 * 0.05 / len(mine)), variable
    bayes = workflow.table("large/comparison.csv").set_index("variant")["log_bayes_factor"]
    assert bayes["correlated_effects"] == 0
    assert bayes["varying_effects"] < -5  # the data were simulated with correlation
    with xr.open_datatree(workflow / "results/large/fits/varying_effects/seeds_1/posterior.nc") as fit:
        assert "observed_data" not in fit.children
        assert fit["posterior"].sizes["sgrna"] == 640
    excerpt = workflow.table("large/estimates_excerpt.csv")
    assert len(excerpt) == len(estimates) < 5000
    assert (workflow / "results/report.html").stat().st_size < 20e6


def test_an_odd_screen_stops_with_a_message(workflow):
    table = "sgrna,gene,line,copies,lfc\n" + "".join(
        f"s{i},g{i // 2},c{j},{0.25 * (j + 2)},{0.5 * (j + 1) - 2}\n" for i in range(4) for j in range(5)
    )
    (workflow / "screen.csv").write_text(table)
    columns = {"sgrna": "sgrna", "gene": "gene", "cell_line": "line", "cna": "copies", "logfc": "lfc"}
    real = {"path": "screen.csv", "columns": columns}
    workflow.configure(
        real={"screen": real, "covariate": "raw", "sampling": {"engine": "collapsed"}, "variants": ["varying_effects"]}
    )
    run = workflow.run(ok=False)
    assert run.code != 0
    assert "column logfc: no noise: the values of every sgRNA lie exactly on a line in x" in run.output
    assert "Traceback" not in run.output.split("guidefit:")[1].split("\n\n")[0]


def test_recovery_and_calibration_over_seeds(workflow):
    """Small versions of the two sweeps that come along: tables, pictures, answers; draws go; more seeds fit the new ones alone."""
    config = {"studies": {}}
    for name in ("sweep", "calibration"):
        config["studies"] |= yaml.safe_load((ROOT / f"config/studies/{name}.yaml").read_text())["studies"]
        config["studies"][name] |= {"seeds": "0-29", "batch_size": 30}
    (workflow / "config.yaml").write_text(yaml.safe_dump(config))
    first = workflow.run()
    assert first.jobs.count("fit_temporary") == 4

    recovery = workflow.table("sweep/recovery.csv").query("fits == 'all'").set_index(["variant", "variable"])
    assert (recovery["seeds"] == 30).all()
    right = recovery.loc["correlated_effects"]
    assert (right["verdict"] == "pass").all()
    assert (abs(right["coverage_95"] - 0.95) < 5 * np.sqrt(0.95 * 0.05 / 30)).all()
    calibration = workflow.table("calibration/calibration.csv")
    assert set(calibration["variant"]) == {"varying_effects", "correlated_effects"}
    assert "log_likelihood" in set(calibration["variable"])
    assert (calibration["verdict"] == "pass").all()
    assert (calibration.query("fits == 'all'")["n"] == 30).all()
    assert not (workflow / "results/calibration/comparison.csv").exists()  # its variants have data of their own
    page = (workflow / "results/calibration/index.html").read_text()
    assert "Is it calibrated?" in page
    assert page.count(">yes<") == 4
    for picture in ("sweep/figures/recovery-coverage.svg", "calibration/figures/varying_effects-calibration_ecdf.svg"):
        assert (workflow / "results" / picture).stat().st_size > 10_000
    assert not list((workflow / "results").rglob("posterior.nc"))

    before = workflow.table("sweep/estimates.csv").query("seed < 20")
    config["studies"]["sweep"]["seeds"] = "0-44"
    (workflow / "config.yaml").write_text(yaml.safe_dump(config))
    more = workflow.run()
    assert more.jobs.count("fit_temporary") == 2
    assert more.jobs.count("diagnose") == 2
    after = workflow.table("sweep/estimates.csv")
    assert after["seed"].nunique() == 45
    keys = ["study", "variant", "seed", "variable", "gene", "sgrna", "cell_line"]
    numbers = before.select_dtypes("number").columns.drop("seed")
    again = before[keys].merge(after, how="left", on=keys, validate="1:1")
    np.testing.assert_allclose(again[numbers], before[numbers], rtol=1e-9)


def test_data_of_one_variant_fitted_with_another(workflow):
    """gene_effects has no sgRNA level: on data that have one it is too sure, which calibration and evidence find."""
    simulate = {"truth": "prior", "variant": "varying_effects", "genes": 4, "sgrnas_per_gene": 4, "cell_lines": 10}
    workflow.configure(
        wrong={
            "simulate": simulate,
            "sampling": {"engine": "collapsed", "draws": 50},
            "variants": ["varying_effects", "gene_effects"],
            "seeds": "0-39",
            "batch_size": 40,
            "checks": False,
            "keep_draws": False,
            "figure_seeds": 0,
        }
    )
    run = workflow.run()
    assert run.jobs.count("simulate_prior") == 1
    calibration = workflow.table("wrong/calibration.csv").query("fits == 'all'").set_index("variant")["verdict"]
    assert (calibration["varying_effects"] == "pass").all()
    assert (calibration["gene_effects"] == "fail").any()
    bayes = workflow.table("wrong/comparison.csv").query("variant == 'gene_effects'")["log_bayes_factor"]
    assert (bayes < -5).mean() > 0.8


def test_a_forecast_runs_one_batch_of_each_variant(workflow):
    """The run that follows uses these batches."""
    study = {"checks": False, "figure_seeds": 0, "sampling": {"engine": "collapsed", "draws": 25}, "batch_size": 2, "seeds": "0-5"}
    workflow.configure(
        sweep=study | {"simulate": {"genes": 3, "cell_lines": 4}, "variants": ["pooled", "gene_effects"]},
    )
    run = workflow.run("forecast", "--notemp")
    assert sorted(run.jobs) == ["diagnose", "diagnose", "fit", "fit", "forecast", "simulate"]
    table = workflow.table("forecast.csv").set_index("variant")
    assert table["fits"].to_dict() == {"pooled": 6, "gene_effects": 6}
    assert (table["measured_fits"] == 2).all()
    assert (table["cpu_hours"] > 0).all()
    assert "In all 12 fits" in (workflow / "results/forecast.txt").read_text()
    rest = workflow.run("--dry-run")
    assert "fit 4" in " ".join(rest.output.split())
