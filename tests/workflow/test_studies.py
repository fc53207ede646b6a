"""Small studies through the real Snakefile: what is run again and what is not, errors, real screens."""

import os
import re
import signal
import subprocess

import numpy as np
import pandas as pd
import pytest

from helpers.running import QUICK

pytestmark = pytest.mark.slow

OWN_VARIANT = '''"""One mean for all rows."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from guidefit.models.parts import prior, rows

PRIORS = {"alpha": {"distribution": "Normal", "mu": 0, "sigma": 5}, "sigma": {"distribution": "Exponential", "lam": 1}}
GAUSSIAN = {"noise": "sigma", "intercept": {"mean": "alpha"}}


def build(data, priors):
    with pm.Model(coords=data.coords) as model:
        x, logfc = rows(data)
        pm.Normal("logfc", prior("alpha", priors), prior("sigma", priors), observed=logfc, dims="row")
        FAULT
    return model
'''


COLLAPSED = {"engine": "collapsed"}  # nothing to compile


def own_variant(workflow, fault="pass", name="mine"):
    (workflow / f"{name}.py").write_text(OWN_VARIANT.replace("FAULT", fault))


def study(**settings):
    small = {"genes": 2, "sgrnas_per_gene": 2, "cell_lines": 5}
    return {"simulate": small, "sampling": QUICK, "checks": False, "figure_seeds": 0, "variants": {"pooled": COLLAPSED}} | settings


def test_only_what_changed_is_run_again(workflow):
    own_variant(workflow)
    variants = {"pooled": COLLAPSED, "mine": COLLAPSED | {"file": "mine.py"}}
    workflow.configure(first=study(variants=variants, seeds=[1]))
    assert workflow.run().jobs.count("fit") == 2
    assert "Nothing to be done" in workflow.run().output

    workflow.configure(first=study(variants=variants, seeds=[1, 2]))
    more = workflow.run()
    assert more.jobs.count("simulate") == 1
    assert sorted(m for m in more.messages if "fit " in m) == [
        "first: fit mine to seeds 2 (progress: logs/first/fit/mine_seeds_2.log)",
        "first: fit pooled to seeds 2 (progress: logs/first/fit/pooled_seeds_2.log)",
    ]

    own_variant(workflow, fault="pass  # a comment")
    assert "Nothing to be done" in workflow.run().output
    own_variant(workflow, fault="edited = True")
    edited = workflow.run()
    fits = [m for m in edited.messages if "fit " in m]
    assert len(fits) == 2
    assert all("fit mine" in m for m in fits)

    workflow.configure(first=study(variants=variants, seeds=[1, 2]), second=study(seeds=[1]))
    assert {m.split(":")[0] for m in workflow.run().messages if not m.startswith(("default", "list the studies"))} == {"second"}

    variants["pooled"] = COLLAPSED | {"draws": 70}
    workflow.configure(first=study(variants=variants, seeds=[1, 2]), second=study(seeds=[1]))
    fits = [m for m in workflow.run().messages if "fit " in m]
    assert len(fits) == 2
    assert all("first: fit pooled" in m for m in fits)
    assert workflow.table("first/diagnostics.csv").set_index("variant")["draws"].to_dict() == {"pooled": 70, "mine": 60}


def test_batches_and_cores_change_no_number(workflow):
    for size in (1, 2):
        variants = {"gene_effects": {}, "varying_effects": {"engine": "collapsed"}}
        workflow.configure(same=study(variants=variants, seeds="3-4", batch_size=size))
        workflow.run("--cores", str(size))
        (workflow / "results/same").rename(workflow / f"size_{size}")
    one, two = (pd.read_csv(workflow / f"size_{size}/estimates.csv") for size in (1, 2))
    assert len(one) == 2 * (9 + 19)
    numbers = one.select_dtypes("number").columns
    np.testing.assert_allclose(one[numbers], two[numbers], rtol=1e-9)
    assert one.drop(columns=numbers).equals(two.drop(columns=numbers))
    assert {p.name for p in (workflow / "size_2/fits/varying_effects").iterdir()} == {"seeds_2-3", "seeds_4-5"}


def test_a_fit_that_throws_is_a_row_and_not_the_end(workflow):
    # the density is zero everywhere for data whose first row is below the median of all first rows
    own_variant(workflow, fault='pm.Potential("fault", pt.switch(logfc[0] < -1.5, -np.inf, 0.0))')
    workflow.configure(s=study(variants={"mine": {"file": "mine.py"}, "pooled": COLLAPSED}, seeds="0-7", batch_size=8))
    run = workflow.run()
    table = workflow.table("s/diagnostics.csv")
    wrong = table[table["verdict"] == "error"]
    assert set(wrong["variant"]) == {"mine"}
    assert 0 < len(wrong) < 8
    assert wrong["reasons"].str.startswith("error: ").all()
    assert len(table) == 16
    assert re.search(r"seed \d: the fit failed", run.output)
    assert "error" in (workflow / "results/s/index.html").read_text()
    seeds = set(workflow.table("s/estimates.csv").query("variant == 'mine'")["seed"])
    assert seeds == set(range(8)) - set(wrong["seed"])
    workflow.run(f"results/s/figures/mine-trace-seed_{wrong['seed'].iloc[0]}.png")  # it states that there are no draws


def test_a_variant_that_cannot_be_built_stops_the_run(workflow):
    own_variant(workflow, fault='raise RuntimeError("no such thing")')
    workflow.configure(s=study(variants={"mine": {"file": "mine.py"}}, seeds="0-3", batch_size=4))
    run = workflow.run(ok=False)
    assert run.code != 0
    assert "guidefit: RuntimeError: no such thing" in run.output
    assert not (workflow / "results/s/diagnostics.csv").exists()


# Python imports this at every start. The fourth fit that a job saves kills the job and Snakemake, as one group of processes.
KILLER = """import os
import sys


def kill(event, arguments):
    if event == "os.rename" and str(arguments[1]).endswith("saved/3.nc"):
        os.killpg(0, 9)


sys.addaudithook(kill)
"""


def test_a_killed_batch_goes_on_where_it_was(workflow):
    (workflow / "hook").mkdir()
    (workflow / "hook/sitecustomize.py").write_text(KILLER)
    sampling = {"engine": "collapsed", "importance_draws": 200_000, "draws": 60}  # long enough for each fit to be saved
    workflow.configure(s=study(variants=["varying_effects"], seeds="0-7", batch_size=8, sampling=sampling))
    saved = workflow / "results/s/fits/varying_effects/seeds_0-7/saved"
    killed = subprocess.run(
        workflow.command(),
        cwd=workflow.folder,
        env=os.environ | {"PYTHONPATH": str(workflow / "hook")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        timeout=300,
    )
    assert killed.returncode == -signal.SIGKILL
    assert {path.name for path in saved.glob("[0-9]*.nc")} == {"0.nc", "1.nc", "2.nc"}
    workflow.run("--unlock")
    workflow.run()
    log = (workflow / "logs/s/fit/varying_effects_seeds_0-7.log").read_text()
    assert log.count("already fitted") == 3
    assert log.count(": fitting ") == 5
    assert len(workflow.table("s/diagnostics.csv")) == 8
    assert not saved.exists()


def test_truth_from_each_variants_prior(workflow):
    simulate = {"truth": "prior", "genes": 3, "sgrnas_per_gene": 2, "cell_lines": 6}
    workflow.configure(s=study(simulate=simulate, variants={"pooled": COLLAPSED, "student_t": {}}, seeds="0-1", batch_size=2))
    workflow.run()
    table = workflow.table("s/estimates.csv")
    assert table["truth"].notna().all()
    assert table["rank"].between(0, 99).all()
    truths = table.pivot_table(index=["variant", "variable"], columns="seed", values="truth", aggfunc="first")
    assert (truths[0] != truths[1]).all()


def make_screen(seed=5):
    rng = np.random.default_rng(seed)
    rows = [(f"s{g}{i}", f"G{g}", f"L{c}") for g in range(3) for i in range(2) for c in range(8)]
    table = pd.DataFrame(rows, columns=["guide", "symbol", "line"])
    table["copies"] = rng.poisson(2, len(table)) + rng.uniform(0, 0.2, len(table))
    table["lfc"] = rng.normal(-0.5, 0.3, len(table))
    return table


COLUMNS = {"sgrna": "guide", "gene": "symbol", "cell_line": "line", "cna": "copies", "logfc": "lfc"}


def screen_study(path, **settings):
    screen = {"path": path, "columns": COLUMNS} | settings
    return {
        "screen": screen,
        "covariate": "log2",
        "sampling": QUICK,
        "variants": {"pooled": COLLAPSED, "student_t": {}},
        "predictive_draws": 100,
    }


def test_a_real_screen_goes_through_the_same_rules(workflow):
    table = make_screen()
    table.loc[3, "copies"] = np.nan
    table["symbol"] = table["symbol"].replace("G1", "<script>alert(1)</script>")
    table.to_csv(workflow / "screen.tsv.gz", sep="\t", index=False)
    workflow.configure(real=screen_study("screen.tsv.gz", missing="drop"))
    run = workflow.run()
    assert run.jobs.count("import_table") == 1
    diagnostics = workflow.table("real/diagnostics.csv")
    assert diagnostics["rows"].tolist() == [47, 47]
    assert workflow.table("real/data/screen/dropped.csv").query("action == 'dropped'")["rows"].tolist() == [1]
    assert workflow.table("real/estimates.csv")["truth"].isna().all()
    assert len(workflow.table("real/comparison.csv")) == 2
    page = (workflow / "results/real/index.html").read_text()
    assert "missing copies" in page
    assert "<script>alert" not in page


def test_a_malformed_table_is_refused_before_any_fit(workflow):
    """All kinds of problems: tests/unit/screens/test_long_table.py."""
    table = make_screen().astype({"lfc": object})
    table.loc[2, "lfc"] = "low"
    table.loc[5, "copies"] = -1.0
    table.to_csv(workflow / "screen.csv", index=False)
    workflow.configure(real=screen_study("screen.csv"))
    run = workflow.run(ok=False)
    assert run.code != 0
    assert re.search(r"^guidefit: .*screen\.csv", run.output, flags=re.MULTILINE)
    assert "column 'lfc': not a number ('low') in 1 row(s), line(s) 4" in run.output
    assert "column 'copies': negative copy number in 1 row(s), line(s) 7" in run.output
    assert "Traceback" not in run.output
    assert run.jobs == []


def test_a_malformed_config_is_refused_before_anything_runs(workflow):
    """All kinds of problems: tests/unit/config."""
    workflow.configure(s=study(covariat="raw", seeds="9-0"), t=screen_study("none.csv"))
    run = workflow.run(ok=False)
    assert run.code != 0
    for message in (
        "  - studies.s.covariat: unknown key. Did you mean covariate?",
        "  - studies.s.seeds: the range '9-0' is reversed. Write 0-9.",
        "  - studies.t.screen.path: no file 'none.csv'.",
    ):
        assert message in run.output
    assert "Traceback" not in run.output
    assert not (workflow / "results").exists()


@pytest.mark.long
def test_a_small_real_screen(workflow, shared_data):
    columns = {"sgrna": "sgrna", "gene": "hugo_symbol", "cell_line": "depmap_id", "cna": "copy_number", "logfc": "lfc"}
    screen = {"path": str(shared_data / "avana_small.csv"), "columns": columns}
    sampling = {"draws": 500, "tune": 1000}
    priors = {"priors": {"beta_s": {"distribution": "NoncentredNormal"}}}
    variants = {"varying_effects": priors, "student_t": priors}
    workflow.configure(avana={"screen": screen, "covariate": "log2", "sampling": sampling, "variants": variants, "figure_seeds": 0})
    workflow.run()
    diagnostics = workflow.table("avana/diagnostics.csv")
    assert diagnostics["rows"].tolist() == [260, 260]
    assert (diagnostics["verdict"] != "error").all()
    estimates = workflow.table("avana/estimates.csv").query("variable == 'gamma_g'")
    assert set(estimates["gene"]) == {"EGFR", "KRAS", "CDK4", "POTEH", "KRT26"}
    assert np.isfinite(estimates[["mean", "sd", "r_hat"]]).all(axis=None)
