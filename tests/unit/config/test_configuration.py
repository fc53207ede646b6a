from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from snakemake.utils import validate

from guidefit.base.errors import UserError
from guidefit.config import configuration
from guidefit.models import declaration
from helpers import ROOT

SCHEMA = ROOT / "workflow/schemas/config.schema.yaml"
FILES = {name: ROOT / f"scripts/guidefit/models/variants/{name}.py" for name in declaration.BUILT_IN}


def check(config):
    config = configuration.spell_out(config)
    configuration.check_schema(config, yaml.safe_load(SCHEMA.read_text()))
    validate(config, str(SCHEMA))
    configuration.check_meaning(config, FILES)
    return config


IDS = ("sgrna", "gene", "cell_line", "cna", "logfc")


def study(**changes):
    return {"studies": {"s": {"simulate": {}, "variants": ["varying_effects"], "seeds": [1]} | changes}}


def variant(**settings):
    return study(variants={"varying_effects": settings})


SCREEN = {"path": str(ROOT / "README.md"), "columns": dict.fromkeys(["sgrna", "gene", "cell_line", "cna"], "a") | {"logfc": "b"}}


def on_layout(changes=(), others=(), **simulate):
    """A study whose truth is from the posterior of another one."""
    screen = {"path": str(ROOT / "README.md"), "columns": {name: name for name in IDS}}
    real = {"screen": screen, "covariate": "log2", "variants": ["varying_effects"]}
    mine = {"simulate": {"layout": "real", "truth": "posterior"} | simulate, "covariate": "log2", "variants": ["varying_effects"]}
    return {"studies": {"s": mine | dict(changes), "real": real} | dict(others)}


BAD_CONFIGS = {
    "no studies": ({}, r"\(top level\): 'studies' is a required"),
    "unknown key at the top": ({"studies": {}, "sead": 1}, "unknown key sead. Known keys: studies"),
    "unknown key": (study(covariat="raw"), "studies.s: unknown key covariat. Known keys: simulate"),
    "unknown key of a variant": (variant(drws=10), "studies.s.variants.varying_effects: unknown key drws"),
    "wrong type": (study(batch_size="many"), "studies.s.batch_size: 'many' is not of type 'integer'.*Seeds per job"),
    "out of range": (variant(target_accept=1.5), "studies.s.variants.varying_effects.target_accept: 1.5"),
    "no plain name": ({"studies": {"../s": {"variants": ["pooled"]}}}, "the name '../s' is no plain identifier"),
    "unknown variant": (
        study(variants=["varying_effect"]),
        "studies.s.variants.varying_effect: unknown variant. Built in: varying",
    ),
    "variant twice": (study(variants=["pooled", "pooled"]), "studies.s.variants: 'pooled' stands there twice"),
    "no variants": (study(variants=[]), "studies.s.variants"),
    "empty seeds": (study(seeds=[]), "studies.s.seeds: no seeds"),
    "reversed range": (study(seeds="9-0"), "studies.s.seeds: the range '9-0' is reversed. Write 0-9"),
    "overlapping ranges": (study(seeds=["0-9", "9-12"]), "studies.s.seeds: seed 9 is given more than once"),
    "negative seed": (study(seeds=[-1]), "studies.s.seeds: -1 is no seed"),
    "no data": ({"studies": {"s": {"variants": ["pooled"]}}}, "studies.s.simulate, screen: give exactly one"),
    "two sources of data": (study(screen=SCREEN), "studies.s.simulate, screen: give exactly one"),
    "notebook changed": (
        study(simulate={"design": "notebook", "genes": 9}),
        "studies.s.simulate.genes: the design notebook is fixed",
    ),
    "layout that is no study": (
        study(simulate={"layout": "real", "truth": "prior"}),
        "studies.s.simulate.layout: 'real' is no study of this config. Studies with a real screen: none",
    ),
    "layout of itself": (on_layout(layout="s"), "studies.s.simulate.layout: this study is simulated.*Studies with one: real"),
    "layout of a simulated study": (
        on_layout(others={"other": {"simulate": {}, "variants": ["pooled"]}}, layout="other"),
        "studies.s.simulate.layout: other is simulated, a layout is that of a real screen. Studies with one: real",
    ),
    "layout with a fixed truth": (on_layout(truth="fixed"), "studies.s.simulate.truth: on a layout truths are drawn"),
    "layout with another size": (on_layout(genes=3), "studies.s.simulate.genes: the layout is that of real"),
    "layout of the notebook": (on_layout(design="notebook"), "studies.s.simulate.design: notebook has a layout of its own"),
    "layout on cna": (on_layout(effect_on="cna"), "studies.s.simulate.effect_on: with truth: posterior"),
    "posterior of no screen": (study(simulate={"truth": "posterior"}), "studies.s.simulate.truth: posterior is that given a real"),
    "posterior with hyper-parameters": (on_layout(sigma=1), "studies.s.simulate.sigma: the layout is that of real"),
    "posterior with data of one variant": (on_layout(variant="pooled"), "studies.s.simulate.variant: only with truth: prior"),
    "posterior of another covariate": (
        on_layout(changes={"covariate": "raw"}),
        "studies.s.covariate: raw, but log2 in real, whose posterior",
    ),
    "posterior of other quantiles": (
        on_layout(changes={"winsor_quantiles": [0.1, 0.9]}),
        r"studies.s.winsor_quantiles: \[0.1, 0.9\], but \[0.01, 0.99\] in real",
    ),
    "posterior of a variant that is not fitted": (
        on_layout(changes={"variants": ["pooled"]}),
        "studies.s.variants.pooled: real does not fit it",
    ),
    "posterior under other priors": (
        on_layout(changes={"variants": {"varying_effects": {"priors": {"sigma": {"distribution": "Exponential", "lam": 2}}}}}),
        "studies.s.variants.varying_effects.priors.sigma: real has another prior of it",
    ),
    "more ranks than draws of a posterior": (
        on_layout(changes={"sampling": {"draws": 20, "chains": 2}}),
        "studies.s.variants.varying_effects: keeps 40 draws",
    ),
    "two curves": (study(simulate={"kappa": 1, "ratio": 0.5, "effect_on": "x"}), "studies.s.simulate.kappa, ratio: the response"),
    "all rows gains": (study(simulate={"ratio": 0.5}), "studies.s.simulate.ratio: copy numbers are never below 0"),
    "prior truth on cna": (
        study(simulate={"truth": "prior", "effect_on": "cna"}),
        "studies.s.simulate.effect_on: with truth: prior",
    ),
    "prior truth with hyper-parameters": (
        study(simulate={"truth": "prior", "sigma": 1}),
        "studies.s.simulate.sigma: with truth: prior",
    ),
    "list of another length": (study(simulate={"genes": 3, "sgrnas_per_gene": [1, 2]}), "sgrnas_per_gene: 2 entries for 3 genes"),
    "no such prior": (
        variant(priors={"tau": {"distribution": "Normal", "mu": 0}}),
        "priors.tau: varying_effects has no such prior",
    ),
    "unknown distribution": (
        variant(priors={"sigma": {"distribution": "Norml"}}),
        "priors.sigma.distribution: 'Norml' is not one of",
    ),
    "no such variant file": (study(variants={"mine": {"file": "none.py"}}), "studies.s.variants.mine.file: no file 'none.py'"),
    "own name taken": (study(variants={"pooled": {"file": "README.md"}}), "variants.pooled.file: pooled is a built-in variant"),
    "reserved name": (study(variants={"design": {"file": "README.md"}}), "variants.design: this name is taken"),
    "no such screen": (
        {"studies": {"s": {"screen": SCREEN | {"path": "none.csv"}, "variants": ["pooled"]}}},
        "screen.columns: two of our columns|screen.path: no file",
    ),
    "column missing from the mapping": (
        {"studies": {"s": {"screen": {"path": "x.csv", "columns": {"gene": "g"}}, "variants": ["pooled"]}}},
        "studies.s.screen.columns: 'sgrna' is a required",
    ),
    "collapsed engine with a variant that is not Gaussian": (
        study(variants={"student_t": {"engine": "collapsed"}}),
        "studies.s.variants.student_t: engine collapsed needs a variant that is linear and Gaussian",
    ),
    "collapsed engine with a prior it cannot integrate": (
        study(variants={"pooled": {"engine": "collapsed", "priors": {"alpha": {"distribution": "StudentT", "nu": 4}}}}),
        "studies.s.variants.pooled: prior of alpha: the distribution is StudentT, but engine collapsed needs Normal for a mean",
    ),
    "collapsed engine with a scale that may be negative": (
        study(
            variants={"pooled": {"engine": "collapsed", "priors": {"sigma": {"distribution": "Uniform", "lower": -1, "upper": 1}}}}
        ),
        "prior of sigma: the prior starts at -1, but a scale cannot be negative",
    ),
    "collapsed engine with a scale's prior it does not know": (
        study(variants={"pooled": {"engine": "collapsed", "priors": {"sigma": {"distribution": "Laplace", "mu": 0, "b": 1}}}}),
        "prior of sigma: engine collapsed does not support Laplace for a scale. Use one of Exponential, HalfNormal",
    ),
    "data from a variant that is not there": (
        study(simulate={"truth": "prior", "variant": "pooled"}),
        "studies.s.simulate.variant: 'pooled' is no variant of this study. It has: varying_effects",
    ),
    "data from a variant without its prior": (
        study(simulate={"variant": "varying_effects"}),
        "studies.s.simulate.variant: only with truth: prior",
    ),
    "more ranks than draws": (
        study(simulate={"truth": "prior"}, sampling={"draws": 20, "chains": 2}),
        r"studies.s.variants.varying_effects: keeps 40 draws \(chains x draws\), and n_ranks: 100 ranks need 99",
    ),
    "prior that cannot be sampled": (
        study(variants={"pooled": {"priors": {"alpha": {"distribution": "Normal", "mu": 0, "sigma": -2}}}}),
        "studies.s.variants.pooled.priors.alpha.sigma: -2 is not positive",
    ),
    "calibration of a real screen": (
        {
            "studies": {
                "s": {
                    "screen": {"path": "x.csv", "columns": dict.fromkeys(IDS, "x")},
                    "simulate": {"truth": "prior"},
                    "variants": ["pooled"],
                }
            }
        },
        "studies.s.simulate, screen: give exactly one of the two",
    ),
    "too few importance draws": (study(sampling={"importance_draws": 10}), "sampling.importance_draws: 10 is less than"),
    "quantiles reversed": (study(winsor_quantiles=[0.9, 0.1]), "studies.s.winsor_quantiles: the lower quantile 0.9"),
}


@pytest.mark.parametrize(("config", "message"), BAD_CONFIGS.values(), ids=BAD_CONFIGS.keys())
def test_a_malformed_config_is_refused_with_the_keys_path(config, message):
    with pytest.raises(UserError, match=message):
        check(config)


FILE = SCREEN["path"]
DEPMAP = dict.fromkeys(("counts", "sequence_map", "guide_map", "copy_number", "nonessential"), FILE)


def without(key):
    return study_of({name: value for name, value in DEPMAP.items() if name != key})


def study_of(screen):
    return {"studies": {"s": {"screen": screen, "variants": ["pooled"]}}}


BAD_SCREENS = {
    "no source": (study_of({}), "studies.s.screen: give exactly one of path .a long table., counts and logfc .*none of them"),
    "two sources": (study_of(DEPMAP | {"logfc": FILE}), "it has counts and logfc"),
    "table without columns": (study_of({"path": FILE}), "studies.s.screen.columns: a long table needs the names"),
    "table with a guide map": (study_of(SCREEN | {"guide_map": FILE}), "studies.s.screen.guide_map: goes with counts or logfc"),
    "counts without a map of sequences": (without("sequence_map"), "studies.s.screen.sequence_map: counts need this file too"),
    "matrix without copy numbers": (without("copy_number"), "studies.s.screen.copy_number: counts need this file too"),
    "counts without controls": (without("nonessential"), "studies.s.screen.nonessential: normalise: nonessential needs the list"),
    "matrix with columns": (study_of(DEPMAP | {"columns": SCREEN["columns"]}), "studies.s.screen.columns: goes with path"),
    "file that is not there": (study_of(DEPMAP | {"guide_map": "none.csv"}), "studies.s.screen.guide_map: no file 'none.csv'"),
    "unit that is none": (study_of(DEPMAP | {"copy_number_unit": "ln"}), "screen.copy_number_unit: 'ln' is not one of"),
}


@pytest.mark.parametrize(("config", "message"), BAD_SCREENS.values(), ids=BAD_SCREENS.keys())
def test_a_screen_that_lacks_a_file_is_refused(config, message):
    with pytest.raises(UserError, match=message):
        check(config)


def test_depmaps_files_are_enough():
    check(study_of(DEPMAP))
    check(study_of({name: path for name, path in DEPMAP.items() if name != "nonessential"} | {"normalise": "all"}))


@pytest.mark.parametrize(
    "path", [ROOT / "config/config.yaml", *sorted((ROOT / "config/studies").glob("*.yaml"))], ids=lambda p: p.name
)
def test_the_configs_that_come_along_are_valid(path, tmp_path, monkeypatch):
    config = yaml.safe_load(path.read_text())
    monkeypatch.chdir(tmp_path)
    for one in config["studies"].values():
        for path in (one["screen"][key] for key in configuration.FILES if key in one.get("screen", {})):  # the user's own
            Path(path).parent.mkdir(exist_ok=True)
            Path(path).touch()
    check(config)


def test_a_layout_is_accepted_and_priors_may_be_spelt_out():
    check(on_layout())
    check(on_layout(truth="prior", changes={"covariate": "raw", "variants": ["pooled", "gene_effects"]}))
    same = {"priors": {"sigma": {"distribution": "Exponential", "lam": 1}}}
    check(on_layout(changes={"variants": {"varying_effects": same}}))


def test_defaults_and_short_forms():
    s = check(study(variants={"varying_effects": None, "pooled": {"draws": 50}}, seeds=["3-5", 1], sampling={"draws": 70}))[
        "studies"
    ]["s"]
    assert s["seeds"] == [1, 3, 4, 5]
    assert s["covariate"] == "zscore_within_gene"
    assert s["thresholds"]["r_hat_pass"] == 1.01
    assert configuration.sampling(s, "varying_effects")["draws"] == 70
    assert configuration.sampling(s, "pooled") == {
        "engine": "nuts",
        "scales": "importance",
        "importance_draws": 4000,
        "sampler": "nutpie",
        "adaptation": "diag",
        "draws": 50,
        "tune": 1000,
        "chains": 4,
        "target_accept": 0.95,
        "max_treedepth": 10,
    }


def test_every_key_of_the_schema_is_described_there_and_in_the_readme():
    readme = (ROOT / "config/README.md").read_text()

    def walk(node, path):
        for key, value in node.get("properties", {}).items():
            described = value.get("description") or value.get("$ref")
            assert described or path[-1] in ("mean", "additionalProperties"), [*path, key]
            assert f"`{key}`" in readme, f"config/README.md does not explain {'.'.join([*path, key])}"
            walk(value, [*path, key])

    schema = yaml.safe_load(SCHEMA.read_text())
    walk(schema, ["config"])
    for name, part in schema["$defs"].items():
        walk(part, [name])


@given(seeds=st.sets(st.integers(0, 500), min_size=1, max_size=60), size=st.integers(1, 50))
def test_batches_hold_every_seed_once_and_keep_their_names(seeds, size):
    batches = configuration.batches(sorted(seeds), size)
    assert sorted(seed for batch in batches.values() for seed in batch) == sorted(seeds)
    more = configuration.batches(sorted(seeds | {501}), size)
    assert set(batches) <= set(more)
    if size == 1:
        assert list(batches) == [str(seed) for seed in sorted(seeds)]
