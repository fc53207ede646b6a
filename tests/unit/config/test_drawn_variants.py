"""Variants that are drawn by prior probabilities: what the config refuses."""

import re

import pytest

from guidefit.base.errors import UserError
from guidefit.config import load_config
from guidefit.models import declaration

BUILT_IN = {name: declaration.VARIANTS / f"{name}.py" for name in declaration.BUILT_IN}
PROBABILITIES = {"pooled": 0.5, "gene_effects": 0.5}


def study(probabilities=PROBABILITIES, engine="collapsed", **simulate):
    return {
        "simulate": {"truth": "prior", "variant_probabilities": probabilities} | simulate,
        "variants": ["pooled", "gene_effects", "varying_effects"],
        "sampling": {"engine": engine},
    }


def load(given, tmp_path):
    return load_config({"studies": {"s": given}}, files=[], built_in=BUILT_IN, folder=tmp_path)


def test_a_study_with_drawn_variants_shares_its_data(tmp_path):
    resolved = load(study(), tmp_path).studies["s"]
    assert resolved["is_drawn"]
    assert resolved["is_compared"]
    assert resolved["simulate"]["variant_probabilities"] == PROBABILITIES


BAD = {
    "sum": (study({"pooled": 0.5, "gene_effects": 0.4}), "variant_probabilities: their sum is 0.9, and must be 1"),
    "one variant": (study({"pooled": 1.0}), "variant_probabilities: 1 entries, at least 2 needed"),
    "zero": (study({"pooled": 1.0, "gene_effects": 0.0}), "variant_probabilities.gene_effects: 0.0 is not greater than 0"),
    "unknown": (study({"pooled": 0.5, "poled": 0.5}), "variant_probabilities.poled: 'poled' is not a variant of this study"),
    "no evidence": (study(engine="nuts"), "variant_probabilities.pooled: the engine nuts gives no evidence"),
    "fixed truth": (study(truth="fixed"), "variant_probabilities: variants are drawn only with truth: prior, and truth is fixed"),
    "one variant as well": (study(variant="pooled"), "variant: with variant_probabilities the variant is drawn for each seed"),
}


@pytest.mark.parametrize(("given", "message"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_done_is_reported(given, message, tmp_path):
    with pytest.raises(UserError) as error:
        load(given, tmp_path)
    lines = str(error.value).splitlines()[1:]
    assert any(re.search(f"studies.s.simulate.{message}", line) for line in lines), lines
