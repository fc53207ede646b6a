"""Whatever a config contains, it is either accepted or refused with the paths of its keys, at once."""

import copy

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from guidefit.base.errors import UserError
from guidefit.config import load_config
from guidefit.config.screen import FILES
from guidefit.models import declaration
from helpers import ROOT

BUILT_IN = {name: declaration.VARIANTS / f"{name}.py" for name in declaration.BUILT_IN}
VALID = {
    name: study
    for path in [ROOT / "config/config.yaml", *sorted((ROOT / "config/studies").glob("*.yaml"))]
    for name, study in yaml.safe_load(path.read_text())["studies"].items()
}
VALID["depmap"]["variants"] = {"gene_classes": {}, "varying_effects": {"engine": "collapsed"}}  # whose posterior a truth is from
VALID["on_layout"] = {
    "simulate": {"layout": "depmap", "truth": "posterior"},
    "variants": ["varying_effects"],
    "covariate": "log2_diploid",
}
VALID["notebook"]["variants"]["varying_effects"] = {"priors": {"mu_gamma": "Normal(0, 5)", "gamma_g": "NoncentredNormal"}}


def paths_of(node, path=()):
    """The paths of all values in nested mappings and lists."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield (*path, key)
        yield from paths_of(value, (*path, key))


PATHS = sorted(paths_of(VALID), key=str)
KEYS = sorted({key for path in PATHS for key in path if isinstance(key, str)})
SCALARS = (
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.text(max_size=8)
    | st.dates()
    | st.binary(max_size=3)
    | st.sampled_from(
        [*KEYS, "0-5", "1e3", "Normal(0, 5)", "Normal(0", "0-99999999", "prior", "posterior", "collapsed", 10**400, -1]
    )
)
MAPPING_KEYS = st.sampled_from(KEYS) | SCALARS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MAPPING_KEYS, inner, max_size=3), max_leaves=6
)


@st.composite
def mutated(draw):
    """A valid config in which some values are replaced, removed or added."""
    config = copy.deepcopy(VALID)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(PATHS))
        node = config
        for key in path[:-1]:
            node = node[key] if isinstance(node, dict) and key in node else {}
        if not isinstance(node, dict):
            continue
        match draw(st.sampled_from(["replace", "remove", "add"])):
            case "replace":
                node[path[-1]] = draw(VALUES)
            case "remove":
                node.pop(path[-1], None)
            case "add":
                node[draw(st.sampled_from(KEYS) | SCALARS)] = draw(VALUES)
    return {"studies": config}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with all files that the configs name."""
    path = tmp_path_factory.mktemp("files")
    for study in VALID.values():
        for file in (study["screen"][key] for key in FILES if key in study.get("screen", {})):
            (path / file).parent.mkdir(exist_ok=True)
            (path / file).touch()
    return path


@settings(max_examples=150, deadline=None)
@given(mutated() | VALUES.map(lambda value: {"studies": value}) | st.dictionaries(st.text(max_size=5), VALUES, max_size=3))
@example({"studies": {"s": {"simulate": {}, "variants": {"pooled": {"priors": {"a.b\n": 1}}}}}})
@example({"studies": {"s": {"simulate": {}, "variants": [["pooled"], {}]}}})
@example({})
def test_a_config_is_accepted_or_refused_with_paths(folder, config):
    try:
        load_config(config, files=[], built_in=BUILT_IN, folder=folder)
    except UserError as error:
        first, *lines = str(error).splitlines()
        assert first == "The config is not valid:"
        assert lines
        assert all(line.startswith("  - ") and ": " in line for line in lines)


def test_the_unchanged_config_is_accepted(folder):
    loaded = load_config({"studies": VALID}, files=[], built_in=BUILT_IN, folder=folder)
    points = {point for points in loaded.grids.values() for point in points}
    assert set(loaded.studies) - points | set(loaded.grids) == set(VALID)
    assert len(points) == 24
