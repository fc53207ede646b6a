"""Every rule in its own conda environment, which is really created, driven from an environment without PyMC."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from helpers import ROOT, count_tables
from helpers.release import made_up, save
from helpers.running import Workflow

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.conda]

LOCK = (ROOT / "requirements.lock").read_text()
ESSENTIAL = pd.DataFrame({"Gene": ["GENE0 (100)", "GENE1 (101)"]})
# Together these need a job of every rule.
TARGETS = (
    *("results/design/index.html", "results/design/figures/diagnostics.svg", "results/design/figures/comparison.svg"),
    *("results/design/figures/recovery-bias.svg", "results/design/figures/pooled-model.svg"),
    "results/design/figures/pooled-posterior_predictive-seed_0.svg",
    *("results/design/figures/gene_effects-trace-seed_0.png", "results/design/figures/data-design-logfc_by_x-seed_0.png"),
    *("results/prior/figures/gene_effects-calibration_ecdf.svg", "results/real/data/screen/screen.parquet"),
    *("results/release/index.html", "results/release/figures/gene_effects-genes.png", "results/release/figures/correction.svg"),
    *("results/layout/recovery.csv", "results/counted/data/screen/screen.parquet", "results/counted/figures/samples.svg"),
)
# Installed in each environment: when a job of the workflow ends, it writes the file of every module that it imported.
WITNESS = """
import atexit, json, os, sys
from pathlib import Path

def write():
    job = getattr(sys.modules["__main__"], "snakemake", None)
    if job is not None:
        files = {name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}
        seen = {"rule": job.rule, "prefix": sys.prefix, "files": {name: file for name, file in files.items() if file}}
        Path(os.environ["WITNESS"], f"{os.getpid()}.json").write_text(json.dumps(seen))

atexit.register(write)
"""


def driver_environment(folder):
    """A Python with Snakemake and without the packages that models need."""
    python = folder / "bin/python"
    versions = [f"{name}=={version}" for name, version in re.findall(r"^([a-z0-9._-]+)==([^\s;]+)", LOCK, flags=re.MULTILINE)]
    (folder.parent / "constraints.txt").write_text("\n".join(versions))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    uv = shutil.which("uv") or ROOT / ".venv-tools/bin/uv"
    install = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python]
    wanted = ["snakemake", "snakemake-executor-plugin-slurm", "--constraint", folder.parent / "constraints.txt"]
    subprocess.run([*install, *wanted], check=True)
    return python


@pytest.fixture(scope="module")
def environments(conda, tmp_path_factory):
    """The workflow, driven from an environment without PyMC, after it created every rule's environment and ran small studies."""
    folder = tmp_path_factory.mktemp("conda")
    python = driver_environment(folder / "driver")
    assert subprocess.run([python, "-c", "import pymc"], capture_output=True).returncode
    seen = folder / "seen"
    seen.mkdir()
    # Without this, every job would compile all sources of its environment again.
    workflow = Workflow(folder, conda | {"WITNESS": str(seen), "PYTHONDONTWRITEBYTECODE": ""}, python=python)
    sampling = {"draws": 60, "tune": 60, "chains": 2, "sampler": "pymc"}
    small = {"genes": 2, "sgrnas_per_gene": 2, "cell_lines": 6}
    quick = {"seeds": [0, 1], "batch_size": 2, "sampling": sampling | {"engine": "collapsed"}}
    table = pd.DataFrame([(f"s{s}", f"g{s // 2}", f"l{c}", (c + 1) / 3, c * s % 5 - 2) for s in range(4) for c in range(6)])
    table.to_csv(folder / "screen.csv", header=["s", "g", "l", "c", "y"], index=False)
    columns = {"sgrna": "s", "gene": "g", "cell_line": "l", "cna": "c", "logfc": "y"}
    unchecked = quick | {"checks": False, "figure_seeds": 0, "variants": ["gene_effects"]}
    workflow.configure(
        design=quick | {"simulate": small, "predictive_draws": 100, "variants": {"pooled": {"engine": "nuts"}, "gene_effects": {}}},
        prior=unchecked | {"simulate": small | {"truth": "prior"}},
        release=unchecked | {"screen": save(folder, made_up() | {"essential": ESSENTIAL}), "seeds": [1]},
        layout=unchecked | {"simulate": {"layout": "release", "truth": "posterior"}},
        counted=unchecked
        | {
            "screen": count_tables.save(folder, *count_tables.made_up()[:2])
            | {"control_guides": "NTC_*", "of": {"condition": "dmso"}},
            "variants": ["sgrna_intercepts"],
            "seeds": [1],
        },
        real=unchecked | {"screen": {"path": "screen.csv", "columns": columns}, "seeds": [1]},
    )
    in_conda = ("--sdm", "conda", "--conda-prefix", folder / "environments")
    for tries in range(3):  # a conda client or the network may fail; environments that exist by then are kept
        made = workflow.run(*in_conda, "--conda-create-envs-only", ok=tries == 2)
        if made.code == 0:
            break
    for packages in (folder / "environments").glob("*/lib/python3*/site-packages"):
        (packages / "sitecustomize.py").write_text(WITNESS)
    workflow.run(*in_conda, *TARGETS)
    return workflow, in_conda, seen


def test_every_script_imports_from_its_own_environment(environments):
    workflow, _, seen = environments
    jobs = [json.loads(path.read_text()) for path in seen.iterdir()]
    rules = set(re.findall(r"^rule (\w+):", "".join(p.read_text() for p in (ROOT / "workflow/rules").glob("*.smk")), re.MULTILINE))
    assert {job["rule"] for job in jobs} == rules
    prefixes = {job["rule"]: Path(job["prefix"]) for job in jobs}
    assert len(set(prefixes.values())) == len(list((ROOT / "envs").glob("*.yaml")))
    dependencies = [yaml.safe_load(path.read_text())["dependencies"] for path in (ROOT / "envs").glob("*.yaml")]
    ours = {entry.split(" =")[0].replace("-", "_") for each in dependencies for entry in each}
    for job in jobs:
        for module, file in job["files"].items():
            if module == "__main__" or not Path(file).is_relative_to(Path(workflow.python).parents[1]):
                continue
            # Snakemake's own modules come from the driver's environment, for example to read the job's inputs. Nothing else may.
            top = module.split(".")[0]
            elsewhere = f"{job['rule']} imports {module} from {file}"
            assert top.lower() not in ours, elsewhere
            assert not list(Path(job["prefix"]).glob(f"lib/python3*/site-packages/{top}")), elsewhere
    imported = {rule: {module.split(".")[0] for job in jobs if job["rule"] == rule for module in job["files"]} for rule in rules}
    assert "pymc" in imported["fit"]
    assert not {"pymc", "scipy", "matplotlib"} & imported["collect_tables"]
    versions = workflow.table("design/diagnostics.csv")["versions"].iloc[0]
    pinned = yaml.safe_load((ROOT / "envs/fit.yaml").read_text())["dependencies"]
    assert "pymc =" + re.search(r"pymc ([\d.]+)", versions)[1] in pinned


def test_a_container_is_described_as_the_environments_are(environments, tmp_path):
    workflow, *_ = environments
    command = [workflow.python, "-m", "snakemake", "--cores", "1", "--containerize"]
    variables = os.environ | workflow.environment
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=True)
    copies = dict(re.findall(r"^COPY (\S+) (/conda-envs/\w+)/environment.yaml$", done.stdout, re.MULTILINE))
    assert set(copies) == {f"envs/{path.name}" for path in (ROOT / "envs").glob("*.yaml")}
    assert done.stdout.startswith("FROM condaforge/miniforge3")
    # There is no container engine here: run one of its build steps, with only the folder changed.
    place = copies["envs/data.yaml"]
    step = re.search(rf"conda env create --prefix {place} --file {place}/environment.yaml", done.stdout)[0]
    (tmp_path / place.lstrip("/")).mkdir(parents=True)
    shutil.copy(ROOT / "envs/data.yaml", tmp_path / place.lstrip("/") / "environment.yaml")
    subprocess.run(step.replace("/conda-envs", f"{tmp_path}/conda-envs"), shell=True, env=variables, capture_output=True)
    subprocess.run([tmp_path / place.lstrip("/") / "bin/python", "-c", "import pandas, pyarrow, jinja2"], check=True)


@pytest.mark.slurm
def test_on_slurm(environments, cluster, slurm_profile):
    """Each rule runs in its environment, on a node of the cluster."""
    workflow, in_conda, seen = environments
    for path in seen.iterdir():
        path.unlink()
    config = yaml.safe_load((workflow / "config.yaml").read_text())["studies"]
    workflow.configure(there=config["prior"] | {"seeds": [5]})
    there = Workflow(workflow.folder, workflow.environment, slurm_profile, workflow.python)
    run = there.run(*in_conda, "results/there/diagnostics.csv")
    assert run.jobs.count("fit") == 1
    assert "environments/" in next(file for job in seen.iterdir() for file in [json.loads(job.read_text())["prefix"]])
    nodes = {job["comment"]: job["node"] for job in cluster.jobs()}
    assert list(workflow.table("there/diagnostics.csv")["node"]) == [nodes["rule_fit_wildcards_there_gene_effects_4-5"]]
