"""For any small simulated study that a config accepts, simulation, fits and diagnoses end, or name a key."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from snakemake.iocontainers import Namedlist

from guidefit.base import parquet, startup
from guidefit.base.errors import UserError
from guidefit.config import load_config
from guidefit.models import declaration
from helpers import ROOT

pytestmark = pytest.mark.slow

BUILT_IN = {name: declaration.VARIANTS / f"{name}.py" for name in declaration.BUILT_IN}
SD = st.sampled_from([0, 1e-6, 0.3, 1, 50])
MEAN = st.sampled_from([-100, -1, 0, 0.5, 30])
SCALE_PRIORS = st.sampled_from(["Exponential(1)", "Exponential(1e3)", "HalfNormal(1e-3)", "Uniform(0, 100)", "HalfCauchy(5)"])
SIMULATE = st.fixed_dictionaries(
    {"genes": st.integers(1, 3), "sgrnas_per_gene": st.integers(1, 3), "cell_lines": st.integers(2, 9)},
    optional={
        **dict.fromkeys(["mu_gamma", "mu_delta"], MEAN),
        **dict.fromkeys(["sigma_gamma", "sigma_alpha", "sigma_delta", "sigma_beta", "sigma_line"], SD),
        "sigma": st.sampled_from([1e-6, 0.3, 50]),
        **dict.fromkeys(["rho", "rho_gene"], st.sampled_from([-1, 0, 0.5, 1])),
        **dict.fromkeys(["kappa", "outlier_nu"], st.sampled_from([0.5, 3])),
        "effect_on": st.sampled_from(["cna", "x"]),
        "copy_number": st.fixed_dictionaries(
            {}, optional={"mean": st.sampled_from([1e-3, 2, 1e4]), "noise": st.sampled_from([0, 0.1, 5]), "shared": st.booleans()}
        ),
    },
)
VARIANT = st.fixed_dictionaries(
    {"engine": st.just("collapsed"), "draws": st.integers(10, 60), "chains": st.integers(2, 4)},
    optional={"priors": st.fixed_dictionaries({}, optional={"sigma": SCALE_PRIORS})},
)
STUDY = st.fixed_dictionaries(
    {
        "simulate": SIMULATE,
        "variants": st.dictionaries(
            st.sampled_from(["pooled", "gene_effects", "varying_intercepts", "varying_effects"]), VARIANT, min_size=1, max_size=1
        ),
    },
    optional={
        "covariate": st.sampled_from(["raw", "centred", "zscore_within_gene", "zscore", "log2", "saturating", "winsorised"]),
        "diploid": st.sampled_from([0.1, 2]),
        "seeds": st.sampled_from([0, "7-8", 2**32 - 1]),
        "n_ranks": st.sampled_from([2, 20]),
    },
)


class Job:
    """What Snakemake gives to a script."""

    threads, log, config = 1, ("job.log",), {}

    def __init__(self, wildcards, inputs, outputs, params):
        self.wildcards, self.input = Namedlist(fromdict=wildcards), Namedlist(fromdict=inputs)
        self.output, self.params = Namedlist(fromdict=outputs), Namedlist(fromdict=params | {"library": "", "variant": ""})


def run(script, *job):
    path = ROOT / f"scripts/{script}.py"
    exec(compile(path.read_text(), path, "exec"), {"snakemake": Job(*job)})


@pytest.fixture
def numbered(tmp_path, monkeypatch):
    """Folders, one for each example."""
    monkeypatch.setattr(startup, "start_job", lambda *_: None)
    return (tmp_path / str(number) for number in itertools.count())


@settings(max_examples=4, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STUDY)
def test_an_accepted_study_runs_or_names_a_key(numbered, study):
    folder = next(numbered)
    try:
        loaded = load_config({"studies": {"s": study | {"batch_size": 100}}}, files=[], built_in=BUILT_IN, folder=folder)
    except UserError as error:
        problem = str(error)
        assert "  - studies.s." in problem
        return
    resolved, seeds = loaded.studies["s"], loaded.seeds["s"]
    variant, own = next(iter(resolved["variants"].items()))
    data = {name: str(folder / f"{name}.parquet") for name in ("screen", "truth")}
    fit = {"posterior": str(folder / "posterior.nc"), "graph": str(folder / "model.json")}
    tables = {name: str(folder / f"{name}.parquet") for name in ("estimates", "diagnostics", "checks", "identifiability", "ranks")}
    folder.mkdir()
    wildcards = {"study": "s", "variant": variant, "seeds": "all"}
    try:
        run("simulate", wildcards, {}, data, {key: resolved[key] for key in ("simulate", "covariate")} | {"seeds": seeds})
    except UserError as error:  # such as copy numbers that do not vary, so that there is no slope
        problem = str(error)
        assert "studies.s.simulate, seed " in problem
        return
    settings = {"settings": own["sampling"], "priors": own["priors"]}
    run("fit", wildcards, data | {"variant": []}, fit, settings | {"seeds": seeds})
    judged = {
        "calibrate": False,
        "from_prior": resolved["from_own_prior"],
        "thresholds": resolved["thresholds"],
        "n_ranks": resolved["n_ranks"],
    }
    run("diagnose", wildcards, data | fit | {"variant": [], "loo": []}, tables, settings | judged)
    found = parquet.read(tables["diagnostics"])
    assert sorted(found["seed"]) == seeds
    assert set(found["verdict"]) <= {"pass", "unchecked", "warn", "fail", "error"}
