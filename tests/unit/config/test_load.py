from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from guidefit.base.errors import UserError
from guidefit.config import former_keys, load_config
from guidefit.config.load import name_batches
from guidefit.config.screen import FILES
from guidefit.models import declaration
from helpers import ROOT

BUILT_IN = {name: declaration.VARIANTS / f"{name}.py" for name in declaration.BUILT_IN}


def load(config):
    return load_config(config, files=[], built_in=BUILT_IN, folder=Path.cwd())


def check(config):
    return load(config).studies


def refused(config):
    """The lines of the error that a config raises."""
    with pytest.raises(UserError) as error:
        load(config)
    first, *lines = str(error.value).splitlines()
    assert first == "The config is not valid:"
    assert all(line.startswith("  - ") for line in lines)
    return [line.removeprefix("  - ") for line in lines]


IDS = ("sgrna", "gene", "cell_line", "cna", "logfc")


def study(**changes):
    return {"studies": {"s": {"simulate": {}, "variants": ["varying_effects"], "seeds": [1]} | changes}}


def variant(**settings):
    return study(variants={"varying_effects": settings})


SCREEN = {"path": str(ROOT / "README.md"), "columns": {name: name for name in IDS}}


def on_layout(changes=(), others=(), **simulate):
    """A study whose truth is from the posterior of another one."""
    real = {"screen": SCREEN, "covariate": "log2", "variants": ["varying_effects"]}
    mine = {"simulate": {"layout": "real", "truth": "posterior"} | simulate, "covariate": "log2", "variants": ["varying_effects"]}
    return {"studies": {"s": mine | dict(changes), "real": real} | dict(others)}


BAD_CONFIGS = {
    "no studies": ({}, "studies: this key is required and missing"),
    "unknown key at the top": ({"studies": {}, "sead": 1}, "sead: unknown key. Known keys: studies"),
    "unknown key": (study(covariat="raw"), "studies.s.covariat: unknown key. Did you mean covariate. Known keys: simulate"),
    "unknown key of a variant": (variant(drws=10), "studies.s.variants.varying_effects.drws: unknown key. Did you mean draws"),
    "wrong type": (study(batch_size="many"), "studies.s.batch_size: 'many' is not a whole number.*Seeds per job"),
    "out of range": (variant(target_accept=1.5), "studies.s.variants.varying_effects.target_accept: 1.5 is not less than 1"),
    "no plain name": ({"studies": {"../s": {"variants": ["pooled"]}}}, "studies: the name '../s' is not valid. Use letters"),
    "a long name": (
        {"studies": {"s" * 101: {"variants": ["pooled"]}}},
        "studies: the name .* at most 100 in total",
    ),
    "more rows than memory": (
        study(simulate={"genes": 10_000, "cell_lines": 100_000}),
        r"studies.s.simulate.cell_lines: 3,000,000,000 rows .sgRNAs x cell lines.. A simulated screen can have at most 1,000",
    ),
    "more draws than memory": (
        variant(draws=10**11),
        "studies.s.variants.varying_effects.draws: 1.* is greater than 1e.06",
    ),
    "matrices of a simulated screen": (study(matrices=True), "studies.s.matrices: only real screens"),
    "genes of figures that are not made": (study(show_genes=["A"]), "studies.s.show_genes: only real screens"),
    "unknown variant": (
        study(variants=["varying_effect"]),
        "studies.s.variants.varying_effect: unknown variant. Did you mean varying_effects. Built in: varying",
    ),
    "variant twice": (study(variants=["pooled", "pooled"]), "studies.s.variants: 'pooled' is listed twice. Remove one"),
    "no variants": (study(variants=[]), "studies.s.variants: 0 entries, at least 1 needed"),
    "empty seeds": (study(seeds=[]), "studies.s.seeds: no seeds"),
    "reversed range": (study(seeds="9-0"), "studies.s.seeds: the range '9-0' is reversed. Write 0-9"),
    "overlapping ranges": (study(seeds=["0-9", "9-12"]), "studies.s.seeds: seed 9 is given more than once"),
    "negative seed": (study(seeds=[-1]), "studies.s.seeds: -1 is not a valid seed"),
    "no data": ({"studies": {"s": {"variants": ["pooled"]}}}, "studies.s.simulate, screen: give exactly one"),
    "two sources of data": (study(screen=SCREEN), "studies.s.simulate, screen: give exactly one"),
    "notebook changed": (
        study(simulate={"design": "notebook", "genes": 9}),
        "studies.s.simulate.genes: the design notebook is fixed",
    ),
    "layout that is no study": (
        study(simulate={"layout": "real", "truth": "prior"}),
        "studies.s.simulate.layout: 'real' is not a study of this config. Studies with a real screen: none",
    ),
    "layout of itself": (on_layout(layout="s"), "studies.s.simulate.layout: this study is simulated.*Studies with one: real"),
    "layout of a simulated study": (
        on_layout(others={"other": {"simulate": {}, "variants": ["pooled"]}}, layout="other"),
        "studies.s.simulate.layout: other is simulated, but a layout must be that of a real screen. Studies with one: real",
    ),
    "layout with a fixed truth": (on_layout(truth="fixed"), "studies.s.simulate.truth: a study with a layout draws its truth"),
    "layout with another size": (on_layout(genes=3), "studies.s.simulate.genes: the screen has the layout of real"),
    "layout of the notebook": (
        on_layout(design="notebook"),
        "studies.s.simulate.design: the design notebook has a layout of its own",
    ),
    "layout on cna": (on_layout(effect_on="cna"), "studies.s.simulate.effect_on: with truth: posterior"),
    "posterior of no screen": (
        study(simulate={"truth": "posterior"}),
        "studies.s.simulate.truth: posterior means the posterior given a real",
    ),
    "posterior with hyper-parameters": (on_layout(sigma=1), "studies.s.simulate.sigma: the screen has the layout of real"),
    "posterior with data of one variant": (
        on_layout(variant="pooled"),
        "studies.s.simulate.variant: data come from a variant only with truth: prior",
    ),
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
        "studies.s.variants.varying_effects: the fit keeps 40 draws",
    ),
    "share without size": (
        study(simulate={"effect_share": 0.1}),
        "studies.s.simulate.effect_share: it needs effect_size, which is missing. Give both or none",
    ),
    "size without share": (study(simulate={"slope_size": -1}), "studies.s.simulate.slope_size: it needs slope_share"),
    "share of no gene": (
        study(simulate={"genes": 20, "effect_share": 0.01, "effect_size": -1}),
        "studies.s.simulate.effect_share: 0.01 of 20 genes is less than half a gene. Use more genes or a larger share",
    ),
    "three arms": (study(simulate={"arms": 3}), "studies.s.simulate.arms: 3 is greater than 2"),
    "replicates of a prior": (
        study(simulate={"truth": "prior", "replicates": 2}),
        "studies.s.simulate.replicates: with truth: prior",
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
        variant(priors={"tau": "Normal(0, 1)"}),
        "studies.s.variants.varying_effects.priors.tau: the variant has no such prior",
    ),
    "unknown distribution": (
        variant(priors={"sigma": {"distribution": "Norml"}}),
        "priors.sigma.distribution: 'Norml' is not a known distribution. Did you mean Normal",
    ),
    "no such variant file": (study(variants={"mine": {"file": "none.py"}}), "studies.s.variants.mine.file: no file 'none.py'"),
    "own name taken": (
        study(variants={"pooled": {"file": "README.md"}}),
        "studies.s.variants.pooled.file: pooled is a built-in variant",
    ),
    "reserved name": (study(variants={"design": {"file": "README.md"}}), "studies.s.variants.design: this name is reserved"),
    "no such screen": (
        {"studies": {"s": {"screen": SCREEN | {"path": "none.csv"}, "variants": ["pooled"]}}},
        "studies.s.screen.path: no file 'none.csv'",
    ),
    "column missing from the mapping": (
        {"studies": {"s": {"screen": {"path": "x.csv", "columns": {"gene": "g"}}, "variants": ["pooled"]}}},
        "studies.s.screen.columns.sgrna: this key is required and missing",
    ),
    "collapsed engine with a variant that is not Gaussian": (
        study(variants={"student_t": {"engine": "collapsed"}}),
        "studies.s.variants.student_t: engine collapsed needs a variant that is linear and Gaussian",
    ),
    "gibbs engine with a variant without effects by line": (
        study(variants={"pooled": {"engine": "gibbs"}}),
        "studies.s.variants.pooled: engine gibbs needs a variant that declares effects by gene and cell line",
    ),
    "gibbs engine with a prior it cannot sample": (
        study(variants={"gene_by_line": {"engine": "gibbs", "priors": {"t": "HalfNormal(1)"}}}),
        "studies.s.variants.gene_by_line: prior of t: engine gibbs needs LogNormal",
    ),
    "matrices that no variant has": (
        {"studies": {"s": {"screen": SCREEN, "variants": ["pooled", "student_t"], "matrices": True}}},
        "studies.s.matrices: no variant of this study has effects by gene and cell line",
    ),
    "collapsed engine with a prior it cannot integrate": (
        study(variants={"pooled": {"engine": "collapsed", "priors": {"alpha": "StudentT(4, 0, sigma=1)"}}}),
        "studies.s.variants.pooled: prior of alpha: the distribution is StudentT, but engine collapsed needs Normal for a mean",
    ),
    "collapsed engine with a scale that may be negative": (
        study(
            variants={"pooled": {"engine": "collapsed", "priors": {"sigma": {"distribution": "Uniform", "lower": -1, "upper": 1}}}}
        ),
        "studies.s.variants.pooled.priors.sigma: a scale cannot be negative",
    ),
    "collapsed engine with a scale's prior it does not know": (
        study(variants={"pooled": {"engine": "collapsed", "priors": {"sigma": "HalfStudentT(3, 1)"}}}),
        "prior of sigma: engine collapsed does not support HalfStudentT for a scale. Use one of Exponential, HalfNormal",
    ),
    "data from a variant that is not there": (
        study(simulate={"truth": "prior", "variant": "pooled"}),
        "studies.s.simulate.variant: 'pooled' is not a variant of this study. Its variants are: varying_effects",
    ),
    "data from a variant without its prior": (
        study(simulate={"variant": "varying_effects"}),
        "studies.s.simulate.variant: data come from a variant only with truth: prior",
    ),
    "more ranks than draws": (
        study(simulate={"truth": "prior"}, sampling={"draws": 20, "chains": 2}),
        r"studies.s.variants.varying_effects: the fit keeps 40 draws \(chains x draws\), and n_ranks: 100 needs at least 99",
    ),
    "prior that cannot be sampled": (
        study(variants={"pooled": {"priors": {"alpha": {"distribution": "Normal", "mu": 0, "sigma": -2}}}}),
        "studies.s.variants.pooled.priors.alpha.sigma: -2 is not positive",
    ),
    "calibration of a real screen": (
        {
            "studies": {
                "s": {
                    "screen": SCREEN,
                    "simulate": {"truth": "prior"},
                    "variants": ["pooled"],
                }
            }
        },
        "studies.s.simulate, screen: give exactly one of the two",
    ),
    "too few importance draws": (study(sampling={"importance_draws": 10}), "sampling.importance_draws: 10 is less than"),
    "quantiles reversed": (
        study(winsor_quantiles=[0.9, 0.1]),
        "studies.s.winsor_quantiles: the lower quantile 0.9 must be below the upper quantile 0.1",
    ),
}


@pytest.mark.parametrize(("config", "message"), BAD_CONFIGS.values(), ids=BAD_CONFIGS.keys())
def test_a_malformed_config_is_refused_with_the_keys_path(config, message):
    with pytest.raises(UserError, match=message):
        check(config)


FILE = SCREEN["path"]
DEPMAP = dict.fromkeys(("counts", "sequence_map", "guide_map", "copy_number", "nonessential"), FILE)


def without(key):
    return study_of({name: value for name, value in DEPMAP.items() if name != key})


def study_of(screen, **others):
    return {"studies": {"s": {"screen": screen, "variants": ["pooled"]} | others}}


COUNT_TABLE = {"count_table": FILE, "samples": FILE, "copy_number": FILE, "nonessential": FILE}

BAD_SCREENS = {
    "no source": (
        study_of({}),
        "studies.s.screen: give exactly one of count_table .as of MAGeCK., path .a long table., .*none of them",
    ),
    "two sources": (study_of(DEPMAP | {"logfc": FILE}), "it has counts and logfc"),
    "table without columns": (study_of({"path": FILE}), "studies.s.screen.columns: a long table needs the names"),
    "table with a guide map": (
        study_of(SCREEN | {"guide_map": FILE}),
        "studies.s.screen.guide_map: can be used only with counts or a count table",
    ),
    "counts without a map of sequences": (
        without("sequence_map"),
        "studies.s.screen.sequence_map: a screen from counts needs this file too",
    ),
    "slopes without copy numbers": (
        without("copy_number"),
        "s.variants.pooled: the variant has a slope .*Use gene_classes .* sgrna_intercepts",
    ),
    "a count table without samples": (study_of(COUNT_TABLE | {"samples": None}), "screen.samples: a screen from count_table needs"),
    "a count table with a guide map": (
        study_of(COUNT_TABLE | {"guide_map": FILE}),
        "screen.guide_map: cannot be combined with count_table",
    ),
    "a contrast of nothing": (study_of(COUNT_TABLE | {"against": {"day": 0}}), "screen.against: a contrast needs both arms"),
    "an empty choice": (study_of(COUNT_TABLE | {"of": {}}), "screen.of: it names no condition, day or cell line"),
    "a list that is not there": (study_of(COUNT_TABLE | {"control_guides": "none.csv"}), "control_guides: no file 'none.csv'"),
    "controls that are not named": (
        study_of(COUNT_TABLE | {"normalise": "control_guides"}),
        "screen.control_guides: normalise: control_guides needs the list or pattern",
    ),
    "samples of a long table": (study_of(SCREEN | {"of": {"day": 1}}), "screen.of: can be used only with read counts"),
    "counts without controls": (without("nonessential"), "studies.s.screen.nonessential: normalise: nonessential needs the list"),
    "matrix with columns": (
        study_of(DEPMAP | {"columns": SCREEN["columns"]}),
        "studies.s.screen.columns: can be used only with path",
    ),
    "file that is not there": (study_of(DEPMAP | {"guide_map": "none.csv"}), "studies.s.screen.guide_map: no file 'none.csv'"),
    "ploidies of relative numbers": (
        study_of(DEPMAP | {"ploidy": FILE, "copy_number_unit": "log2"}),
        "screen.ploidy: can be used only with absolute copy numbers, and copy_number_unit is log2",
    ),
    "ploidies of no copy numbers": (
        study_of(COUNT_TABLE | {"ploidy": FILE, "copy_number": None}),
        "screen.ploidy: needs copy numbers",
    ),
    "ploidies and diploid": (
        study_of(DEPMAP | {"ploidy": FILE}, diploid=2),
        "diploid: with screen.ploidy copy numbers are relative",
    ),
    "unit that is none": (study_of(DEPMAP | {"copy_number_unit": "ln"}), "screen.copy_number_unit: 'ln' is not one of"),
}


@pytest.mark.parametrize(("config", "message"), BAD_SCREENS.values(), ids=BAD_SCREENS.keys())
def test_a_screen_that_lacks_a_file_is_refused(config, message):
    with pytest.raises(UserError, match=message):
        check(config)


def test_a_count_table_is_enough():
    check(study_of(COUNT_TABLE | {"of": {"condition": "drug", "day": 14}, "against": {"condition": "dmso"}}))
    without_copies = {"count_table": FILE, "samples": FILE, "control_guides": "NTC*"}
    loaded = check({"studies": {"s": {"screen": without_copies, "variants": ["sgrna_intercepts", "gene_intercepts"]}}})
    screen = loaded["s"]["screen"]
    assert screen["normalise"] == "control_guides"
    assert screen["of"] == {}
    assert screen["against"] is None
    assert not loaded["s"]["is_judged"]
    assert loaded["s"]["has_samples"]


def test_a_layout_needs_copy_numbers():
    real = {"screen": {"count_table": FILE, "samples": FILE, "control_guides": "NTC*"}, "variants": ["sgrna_intercepts"]}
    simulated = {"simulate": {"layout": "real", "truth": "prior"}, "variants": ["pooled"]}
    with pytest.raises(UserError, match=r"sim.simulate.layout: the screen of real has no copy numbers"):
        check({"studies": {"real": real, "sim": simulated}})


def test_a_day_may_be_a_number_or_a_text():
    screens = [COUNT_TABLE | {"of": {"day": day}} for day in (14, 14.0, "14")]
    assert len({str(check(study_of(screen))["s"]["screen"]["of"]) for screen in screens}) == 1


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
        for path in (one["screen"][key] for key in FILES if key in one.get("screen", {})):  # the user's own
            Path(path).parent.mkdir(exist_ok=True)
            Path(path).touch()
    check(config)


def test_a_layout_is_accepted_and_priors_may_be_spelt_out():
    check(on_layout())
    check(on_layout(truth="prior", changes={"covariate": "raw", "variants": ["pooled", "gene_effects"]}))
    same = {"priors": {"sigma": {"distribution": "Exponential", "lam": 1}}}
    check(on_layout(changes={"variants": {"varying_effects": same}}))


def test_defaults_and_short_forms():
    variants = {"varying_effects": None, "pooled": {"draws": 50}}
    loaded = load(study(variants=variants, seeds=["3-5", 1], batch_size=4, sampling={"draws": 70}))
    assert loaded.seeds == {"s": [1, 3, 4, 5]}
    assert loaded.batches == {"s": {"0-3": [1, 3], "4-7": [4, 5]}}
    s = loaded.studies["s"]
    assert s["covariate"] == {"name": "zscore_within_gene", "winsor_quantiles": [0.01, 0.99], "diploid": 2.0}
    assert s["thresholds"]["r_hat_pass"] == 1.01
    assert (s["kind"], s["truth"], s["first_seed"], s["first_batch"]) == ("simulated", "fixed", 1, "0-3")
    assert s["variants"]["varying_effects"]["sampling"]["draws"] == 70
    assert s["variants"]["pooled"] == {
        "file": None,
        "priors": {},
        "sampling": {
            "engine": "nuts",
            "ess": 400,
            "dependent_below": -0.5,
            "scales": "importance",
            "importance_draws": 4000,
            "sampler": "nutpie",
            "adaptation": "diag",
            "draws": 50,
            "tune": 1000,
            "chains": 4,
            "target_accept": 0.95,
            "max_treedepth": 10,
        },
    }


def builtins_only(value):
    if isinstance(value, dict):
        return all(type(key) is str and builtins_only(each) for key, each in value.items())
    return all(map(builtins_only, value)) if type(value) is list else type(value) in (str, int, float, bool, type(None))


@pytest.mark.parametrize(
    "config", [study(), on_layout(), study(simulate={"design": "notebook"})], ids=["general", "layout", "notebook"]
)
def test_a_resolved_config_has_only_builtin_types_and_no_seed_lists(config):
    studies = check(config)
    assert builtins_only(studies)
    assert not any("seeds" in one for one in studies.values())


def test_a_simulation_is_resolved_for_its_design():
    general = check(study(simulate={"copy_number": {"mean": [1, 2]}, "genes": 2}))["s"]["simulate"]
    assert general["copy_number"] == {"mean": [1.0, 2.0], "noise": 0.1, "shared": True}
    assert (general["genes"], general["outlier_nu"], general["effect_on"]) == (2, None, "cna")
    assert check(study(simulate={"design": "notebook"}))["s"]["simulate"] == {
        "design": "notebook",
        "truth": "fixed",
        "effect_on": "cna",
    }
    assert check(on_layout())["s"]["simulate"] == {
        "design": "general",
        "truth": "posterior",
        "effect_on": "x",
        "layout": "real",
    }


def test_what_a_study_answers():
    studies = check(on_layout(changes={"checks": False, "sampling": {"engine": "collapsed"}}))
    assert [studies["s"][key] for key in ("is_calibrated", "is_compared", "is_judged")] == [True, False, False]
    assert [studies["real"][key] for key in ("is_calibrated", "is_compared", "is_judged")] == [False, True, False]
    assert studies["real"]["calibrated_on"] == ["s"]
    assert studies["s"]["covariate"]["diploid"] == studies["real"]["covariate"]["diploid"] == 1.0
    lists = {"essential": FILE, "nonessential": FILE}
    judged = check(study_of(SCREEN | lists))["s"]
    assert judged["is_judged"]
    assert judged["control_lists"] == lists
    assert not check(study(checks=False))["s"]["is_compared"]
    assert check(study(checks=False, variants={"pooled": {"engine": "collapsed"}}))["s"]["is_compared"]


def test_a_screen_is_resolved_for_its_kind():
    table = check(study_of(SCREEN))["s"]
    assert table["kind"] == "table"
    assert table["screen"]["copy_number_unit"] is None
    assert not {"normalise", "map_columns", "guide_map"} & set(table["screen"])
    matrices = check(study_of(DEPMAP))["s"]
    assert matrices["kind"] == "depmap"
    assert matrices["screen"]["copy_number_unit"] is None
    assert matrices["screen"]["map_columns"] == {}
    assert matrices["screen"]["min_pdna"] == 50.0


def test_all_problems_are_listed_at_once_each_with_its_path():
    config = {
        "studies": {
            "a": {"simulate": {"genes": 2.0, "sigma": "1e-3", "kappa": True}, "variants": ["pooled"], "seeds": "9-0"},
            "b": {"screen": SCREEN | {"path": "none.csv"}, "variants": {"no_such": {}}, "thresholds": {"r_hat_pass": 2.0}},
            "c": {"simulate": {}, "variants": {"pooled": {"priors": {"sigma": "HalfNormal(sd=1)"}}}},
            "d": {"screen": SCREEN | {"path": "none.csv"}, "variants": {"no_such": {}}},
        }
    }
    assert [line.split(": ")[0] for line in refused(config)] == [
        "studies.a.simulate.genes",
        "studies.a.simulate.sigma",
        "studies.a.simulate.kappa",
        "studies.a.seeds",
        "studies.b.thresholds.r_hat_pass",
        "studies.c.variants.pooled.priors.sigma.sd",
        "studies.d.screen.path",
        "studies.d.variants.no_such",
    ]


STRICT = {
    "a decimal for a whole number": (study(batch_size=60.0), "studies.s.batch_size: 60.0 is not a whole number. Write 60."),
    "true for a number": (study(diploid=True), "studies.s.diploid: true is not a number."),
    "true for a whole number": (study(threads=True), "studies.s.threads: true is not a whole number."),
    "1 for true": (study(checks=1), "studies.s.checks: 1 is not true or false."),
    "text for a number": (study(diploid="2"), "studies.s.diploid: '2' is text, not a number. Remove the quotes"),
    "NaN": (study(diploid=float("nan")), "studies.s.diploid: nan is not a finite number."),
    "infinite": (study(simulate={"sigma": float("inf")}), "studies.s.simulate.sigma: inf is not a finite number."),
    "1e3": (study(simulate={"sigma": "1e3"}), "studies.s.simulate.sigma: YAML reads 1e3 as text, .*Write 1000."),
    "1e-7": (study(simulate={"sigma": "1e-7"}), "studies.s.simulate.sigma: YAML reads 1e-7 as text, .*Write 1.0e-07."),
    "1e3 of whole numbers": (study(n_ranks="1e3"), "studies.s.n_ranks: YAML reads 1e3 as text, .*Write 1000."),
    "yes for a name": (study(show_genes=[True]), "studies.s.show_genes.0: true is not text. YAML reads unquoted yes"),
    "a list for a section": (study(sampling=[1]), "studies.s.sampling: \\[1\\] is not a mapping of keys"),
    "a mapping for a list": (study(show_genes={}), "studies.s.show_genes: a mapping is not a list"),
    "bad item of a union": (
        study(simulate={"sgrnas_per_gene": [1, 0, 1, 1, 1]}),
        "studies.s.simulate.sgrnas_per_gene.1: 0 is less than 1, the smallest possible value. .Number of sgRNAs",
    ),
    "bad key of a union": (
        study(simulate={"copy_number": {"mean": {"shape": 1.0, "scal": 1.0}}}),
        "studies.s.simulate.copy_number.mean.scal: unknown key. Did you mean scale. Known keys: shape, scale",
    ),
    "an unknown choice": (study(covariate="log_2"), "studies.s.covariate: 'log_2' is not one of raw, .*Did you mean log2"),
    "thresholds in the wrong order": (
        study(thresholds={"ess_per_chain_pass": 10}),
        "studies.s.thresholds.ess_per_chain_pass: 10 is below ess_per_chain_fail .25.: a fit would both pass and fail",
    ),
    "E-BFMI in the wrong order": (study(thresholds={"e_bfmi_fail": 0.5}), "studies.s.thresholds.e_bfmi_pass: 0.3 is below"),
    "contraction in the wrong order": (study(thresholds={"contraction_fail": 0.5}), "thresholds.contraction_pass: 0.3 is below"),
    "columns that are the same": (
        study_of({"path": FILE, "columns": dict.fromkeys(IDS[:4], "a") | {"logfc": "b"}}),
        "studies.s.screen.columns.gene: 'a' is also the column of sgrna",
    ),
    "a name that is a number": ({"studies": {1: study()["studies"]["s"]}}, "studies: the name 1 is not valid"),
    "a variant that is no name": (study(variants=[1]), "studies.s.variants: 1 is not the name of a variant"),
    "studies that are a list": ({"studies": []}, "studies: \\[\\] is not a mapping"),
    "too many seeds": (study(seeds="0-99999999"), "studies.s.seeds: 100,000,000 seeds. A study can have at most 100,000."),
    "not a bound": (study(figure_seeds=-1), "studies.s.figure_seeds: -1 is less than 0, the smallest possible value"),
    "a ratio of copy numbers": (
        study(covariate="raw", simulate={"effect_on": "x"}),
        "studies.s.simulate.effect_on: with covariate: raw, x is the copy number itself",
    ),
}


@pytest.mark.parametrize(("config", "message"), STRICT.values(), ids=STRICT.keys())
def test_values_of_another_type_or_order_are_refused(config, message):
    with pytest.raises(UserError, match=message):
        check(config)


PRIOR = "studies.s.variants.pooled.priors."
BAD_PRIORS = {
    "old name of a parameter": ({"alpha": "Normal(0, sd=1)"}, f"{PRIOR}alpha.sd: Normal has no such parameter. Did you mean sigma"),
    "missing parameter": ({"alpha": {"distribution": "Normal", "mu": 0}}, f"{PRIOR}alpha.sigma: this parameter is missing"),
    "1e3": ({"alpha": {"distribution": "Normal", "mu": 0, "sigma": "1e3"}}, f"{PRIOR}alpha.sigma: YAML reads 1e3 as text"),
    "infinite": ({"sigma": {"distribution": "HalfCauchy", "beta": float("inf")}}, f"{PRIOR}sigma.beta: inf is not a finite number"),
    "reversed bounds": ({"sigma": "Uniform(5, 1)"}, f"{PRIOR}sigma.lower: lower 5 must be below upper 1"),
    "negative scale": ({"sigma": "Normal(1, 1)"}, f"{PRIOR}sigma: a scale cannot be negative, and Normal.mu=1, sigma=1. allows"),
    "split by YAML": (
        {"alpha": "Normal(0", "5)": None},
        f'{PRIOR}alpha: YAML splits this prior at its commas. Use quotes: alpha: "Normal.0, 5.".',
    ),
    "no prior at all": ({"alpha": 3}, f"{PRIOR}alpha: 3 is not a prior"),
    "an effect's prior for a mean": ({"alpha": "Normal"}, f"{PRIOR}alpha: alpha is not an effect"),
    "LKJ for a mean": ({"alpha": "LKJ(2)"}, f"{PRIOR}alpha.distribution: alpha is not a correlation"),
    "not a mapping": ([1], f"{PRIOR[:-1]}: .* is not a mapping"),
}


@pytest.mark.parametrize(("priors", "message"), BAD_PRIORS.values(), ids=BAD_PRIORS.keys())
@pytest.mark.parametrize("engine", ["nuts", "collapsed"])
def test_priors_that_pymc_would_not_take_are_refused_for_every_engine(priors, message, engine):
    with pytest.raises(UserError, match=message):
        check(study(variants={"pooled": {"engine": engine, "priors": priors}}))


def test_roles_of_variables_are_respected():
    for name, prior, message in (
        ("gamma_g", "Normal(0, 1)", "gamma_g is an effect"),
        ("gamma_g", "StudentT", "gamma_g is an effect|is missing"),
        ("rho", "Normal(0, 1)", "rho is a correlation and takes LKJ"),
        ("sigma_alpha", "Uniform(-1, 1)", "a scale cannot be negative"),
    ):
        with pytest.raises(UserError, match=message):
            check(study(variants={"correlated_effects": {"priors": {name: prior}}}))
    with pytest.raises(UserError, match=r"priors\.nu: a scale cannot be negative"):  # a built-in variant without GAUSSIAN
        check(study(variants={"student_t": {"priors": {"nu": "Normal(5, 1)"}}}))


def test_both_forms_of_a_prior_mean_the_same():
    forms = ["Normal(0, 5)", "Normal(mu=0, sigma=5)", {"distribution": "Normal", "mu": 0, "sigma": 5}]
    found = [check(study(variants={"pooled": {"priors": {"alpha": form}}}))["s"]["variants"]["pooled"]["priors"] for form in forms]
    assert found[0] == found[1] == found[2] == {"alpha": forms[2]}


def test_priors_of_an_own_variant_are_checked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = 'PRIORS: dict = {{"mu": "{mu}", "noise": "{noise}"}}\nGAUSSIAN = {{"noise": "noise", "intercept": {{"mean": "mu"}}}}\n'
    build = "def build(data, priors): ...\n"
    config = study(variants={"mine": {"file": "mine.py"}})
    Path("mine.py").write_text(text.format(mu="Normal(0, 1)", noise="Exponential(1)") + build)
    check(config)
    for priors, message in (
        (
            {"mu": "Normal(0, sd=1)", "noise": "Exponential(1)"},
            "studies.s.variants.mine: mine.py: PRIORS.mu.sd: Normal has no such",
        ),
        (
            {"mu": "Normal(0, 1)", "noise": "Cauchy(0, 1)"},
            "studies.s.variants.mine: mine.py: PRIORS.noise: a scale cannot be negative",
        ),
    ):
        Path("mine.py").write_text(text.format(**priors) + build)
        assert message in refused(config)[0]


def test_a_key_of_an_earlier_version_names_its_successor(monkeypatch):
    monkeypatch.setattr(former_keys, "FORMER_KEYS", {"studies.*.sampling.warmup": "Use tune."})
    assert refused(study(sampling={"warmup": 10})) == ["studies.s.sampling.warmup: this key is no longer used. Use tune."]
    assert "unknown key" in refused(study(warmup=10))[0]


@given(seeds=st.sets(st.integers(0, 500), min_size=1, max_size=60), size=st.integers(1, 50))
def test_batches_hold_every_seed_once_and_keep_their_names(seeds, size):
    batches = name_batches(sorted(seeds), size)
    assert sorted(seed for batch in batches.values() for seed in batch) == sorted(seeds)
    more = name_batches(sorted(seeds | {501}), size)
    assert set(batches) <= set(more)
    if size == 1:
        assert list(batches) == [str(seed) for seed in sorted(seeds)]


@pytest.mark.parametrize("text", ["a</script><script>alert(1)</script>", "<!--x", "</b>"])
def test_text_that_would_end_a_script_of_the_report_is_refused(text):
    """The key's path and the reason are named, for values, items of lists and keys."""
    named = study(screen=SCREEN | {"columns": SCREEN["columns"] | {"gene": text}}, show_genes=["ok", text])
    lines = refused(named)
    for place in ("studies.s.screen.columns.gene", "studies.s.show_genes.1"):
        assert any(line.startswith(f"{place}: {text!r} contains </ or <!--. Snakemake's report") for line in lines), place
    keys = refused(study(show_genes=[{text: 1}]))
    assert any(line.startswith(f"studies.s.show_genes.0: the key {text!r} contains </ or <!--.") for line in keys)


def test_names_with_a_single_angle_bracket_are_accepted():
    screen = SCREEN | {"columns": SCREEN["columns"] | {"gene": "gene <symbol>", "cna": "x < y / z"}}
    assert load({"studies": {"s": {"screen": screen, "covariate": "log2", "variants": ["pooled"]}}})


def test_an_input_among_the_results_is_refused(tmp_path):
    """A study's own output, another study's, and a variant's file; spelled in any way."""
    for name in ("real", "other"):
        (tmp_path / "results" / name).mkdir(parents=True)
        (tmp_path / f"results/{name}/gene_effects.csv").touch()
    (tmp_path / "results/other/mine.py").write_text((declaration.VARIANTS / "pooled.py").read_text())
    screen = SCREEN | {"path": "results/real/../real/gene_effects.csv"}
    mine = {"mine": {"file": "results/other/mine.py"}}
    others = {"screen": SCREEN | {"path": "results/other/gene_effects.csv"}, "covariate": "log2", "variants": mine}
    config = {"studies": {"real": {"screen": screen, "covariate": "log2", "variants": ["pooled"]}, "other": others}}
    with pytest.raises(UserError) as error:
        load_config(config, files=[], built_in=BUILT_IN, folder=tmp_path)
    lines = str(error.value).splitlines()[1:]
    assert len(lines) == 3
    for place, owner in (("real.screen.path", "real"), ("other.screen.path", "other"), ("other.variants.mine.file", "other")):
        text = f"is in the folder that the results of the study {owner} are written to"
        assert any(line.startswith(f"  - studies.{place}: ") and text in line for line in lines)


def test_an_input_in_a_folder_of_results_of_no_study_is_accepted(tmp_path):
    (tmp_path / "results/elsewhere").mkdir(parents=True)
    (tmp_path / "results/elsewhere/screen.csv").touch()
    config = {
        "studies": {
            "real": {"screen": SCREEN | {"path": "results/elsewhere/screen.csv"}, "covariate": "log2", "variants": ["pooled"]}
        }
    }
    assert load_config(config, files=[], built_in=BUILT_IN, folder=tmp_path)


def test_a_config_that_contains_itself_is_refused():
    config = study()
    config["studies"]["s"]["simulate"] = {"copy_number": config["studies"]}
    assert refused(config) == [
        "studies.s.simulate.copy_number: contains itself (an alias of YAML, *name, inside the value that it stands for). "
        "Write the values out."
    ]
