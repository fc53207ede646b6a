import re

import pytest

from guidefit.base.errors import UserError
from guidefit.config import load_config
from guidefit.models import declaration

BUILT_IN = {name: declaration.VARIANTS / f"{name}.py" for name in declaration.BUILT_IN}
UNTIL = {"variable": "gamma_g", "mcse": 0.01}


def study(until=(), **changes):
    own = {
        "simulate": {"genes": 10},
        "variants": ["varying_effects"],
        "seeds": "5-9",
        "batch_size": 50,
        "until": UNTIL | dict(until),
    }
    return {"studies": {"s": own | changes}}


def load(config, tmp_path):
    return load_config(config, files=[], built_in=BUILT_IN, folder=tmp_path)


def test_seeds_continue_after_those_that_are_given(tmp_path):
    loaded = load(study({"at_most": 400}), tmp_path)
    assert loaded.seeds["s"] == list(range(5, 405))
    assert list(loaded.batches["s"])[:2] == ["0-49", "50-99"]
    resolved = loaded.studies["s"]
    assert resolved["until"] == {"quantity": "coverage_95", "variable": "gamma_g", "mcse": 0.01, "at_most": 400}
    assert resolved["first_look"] == 3  # 45 + 50 + 50 seeds
    assert load(study({"at_most": 400}, seeds="0-199"), tmp_path).studies["s"]["first_look"] == 4
    assert load(study({"at_most": 60, "mcse": 0.1}), tmp_path).studies["s"]["first_look"] == 2


def test_a_study_without_until_has_its_seeds(tmp_path):
    loaded = load(study() | {"studies": {"s": {"simulate": {}, "variants": ["pooled"], "seeds": "5-9"}}}, tmp_path)
    assert loaded.seeds["s"] == [5, 6, 7, 8, 9]
    assert loaded.studies["s"]["until"] is None


BAD = {
    "unknown variable": (
        study({"variable": "gama_g"}),
        "until.variable: no variant of this study has 'gama_g'. Did you mean gamma_g",
    ),
    "power of no gene": (study({"variable": "sigma", "quantity": "power"}), "until.variable: only gamma_g and delta_g have power"),
    "unknown quantity": (study({"quantity": "rmse"}), "until.quantity: 'rmse' is not one of power, fdr"),
    "unreachable": (
        study({"variable": "sigma", "mcse": 0.002, "at_most": 1000}),
        "until.mcse: 0.002 cannot be reached: 1,000 seeds .at_most. reach 0.0069 at best. Use a larger error, or at_most: 11875",
    ),
    "fewer seeds than given": (study({"at_most": 4, "mcse": 0.5}), "until.at_most: 4 is less than the number of seeds, 5"),
    "no larger seeds": (study(seeds=[2**32 - 1]), "until.at_most: seeds above the largest one, 4294967295, would be needed"),
    "unreachable power": (
        study({"quantity": "power", "mcse": 1e-5, "at_most": 500}),
        "until.mcse: 1e-05 cannot be reached: 500 seeds .at_most. reach 2e-05 at best",
    ),
    "no real effect": (
        study({"quantity": "power"}, simulate={"genes": 10, "effect_on": "x", "mu_gamma": 0.1, "sigma_gamma": 0}),
        "until.quantity: no gene has a real effect: all are within 0.2 of 0",
    ),
    "no truth of a mixture": (
        study({"variable": "mu_gamma"}, simulate={"genes": 10, "effect_on": "x", "effect_share": 0.1, "effect_size": -1}),
        "until.variable: with effect_share the genes follow no normal distribution",
    ),
    "no truth of hyper-parameters by gene": (
        study({"variable": "sigma_alpha"}),
        "until.variable: each gene has a scale of its own on the covariate zscore_within_gene",
    ),
    "no truth on a curve": (
        study(covariate="log2"),
        "until.variable: effects on the copy number have no counterpart on the covariate log2. Set simulate.effect_on: x",
    ),
    "not positive": (study({"mcse": 0}), "until.mcse: 0 is not greater than 0"),
}


@pytest.mark.parametrize(("config", "message"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_done_is_reported_before_anything_runs(config, message, tmp_path):
    with pytest.raises(UserError) as error:
        load(config, tmp_path)
    (line,) = str(error.value).splitlines()[1:]
    assert re.search(f"studies.s.{message}", line), line


def test_the_error_of_many_genes_is_smaller(tmp_path):
    config = study({"mcse": 0.002, "at_most": 1200})  # sqrt(0.95 * 0.05 / 12,000) = 0.00199
    assert load(config, tmp_path).studies["s"]["until"]["mcse"] == 0.002


def test_a_real_screen_has_no_further_seeds(tmp_path):
    (tmp_path / "screen.csv").touch()
    columns = {"sgrna": "a", "gene": "b", "cell_line": "c", "cna": "d", "logfc": "e"}
    real = {"screen": {"path": "screen.csv", "columns": columns}, "variants": ["pooled"], "until": UNTIL | {"variable": "sigma"}}
    with pytest.raises(UserError, match="only a simulated screen"):
        load({"studies": {"s": real}}, tmp_path)
