"""Products and ratios of unknowns, against posteriors that are Gaussian in logarithms and so known exactly."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from guidefit.assess import checks, curved_ridges, fits, identifiability, wording
from guidefit.assess.draws import of_dataset
from guidefit.config.thresholds import Thresholds
from guidefit.engines import registry
from guidefit.models import declaration, structure
from helpers import calibration_faults
from helpers.defaults import Settings
from helpers.fits import diagnose

GENES = 3
PRIOR_SD = np.array([0.5, 1.0, 1.0, 1.0])  # of log k and of log |gamma_g|


def dataset(logs, signs):
    """Draws (chain, draw, 1 + GENES) of log k and log |gamma_g|, with the signs of gamma_g."""
    values = np.exp(logs)
    dims = ("chain", "draw")
    gamma = ((*dims, "gene"), signs * values[..., 1:])
    return xr.Dataset({"k": (dims, values[..., 0]), "gamma_g": gamma}, coords={"gene": ["a", "b", "c"]})


def make(of_k, noise=0.05, more=None):
    """Prior and posterior draws given log |gamma_g| + of_k log k with `noise`; more: sd of a further observation of log k."""
    rng = np.random.default_rng(1)
    design = np.hstack([np.full((GENES, 1), of_k), np.eye(GENES)]) / noise
    precision = np.diag(PRIOR_SD**-2.0) + design.T @ design
    if more:
        precision[0, 0] += 1 / more**2
    logs = rng.multivariate_normal(np.array([0.0, 0.3, -0.2, 0.5]), np.linalg.inv(precision), (4, 1000))
    posterior = dataset(logs, np.array([-1, -1, 1]))
    return posterior, dataset(PRIOR_SD * rng.standard_normal((1, 2000, 1 + GENES)), rng.choice([-1, 1], (1, 2000, GENES)))


def find(posterior, prior):
    (found,) = curved_ridges.find_curved_ridges(of_dataset(posterior), of_dataset(prior))
    return found


def test_a_product_is_named_where_no_straight_direction_is():
    posterior, prior = make(of_k=1)
    after, before = of_dataset(posterior), of_dataset(prior)
    ((_, straight),) = identifiability.find_unidentified_directions(after, before, Thresholds().contraction_pass)
    assert not straight
    (ridge,) = find(posterior, prior)
    assert ridge.known == "k x gamma_g"
    assert ridge.name == "log k - log gamma_g"
    assert ridge.contraction == pytest.approx(0, abs=4 * ridge.mcse)
    assert ridge.sd == pytest.approx((PRIOR_SD**-2.0).sum() ** -0.5, rel=0.05)
    assert ridge.loadings["gamma_g[b]"] == pytest.approx(-1, abs=0.05)
    assert not ridge.of_scales


def test_a_ratio_is_named():
    assert [ridge.known for ridge in find(*make(of_k=-1))] == ["k / gamma_g"]


@pytest.mark.parametrize(("noise", "more"), [(0.05, 0.05), (3.0, None)])
def test_nothing_is_named_where_a_factor_or_no_product_is_known(noise, more):
    assert not find(*make(of_k=1, noise=noise, more=more))


def test_effects_that_change_their_sign_are_left_out():
    posterior, prior = make(of_k=1)
    posterior["gamma_g"].values[:, :10] *= -1
    assert not find(posterior, prior)


def test_the_check_fails_and_names_the_product():
    posterior, prior = make(of_k=1)
    found = diagnose(xr.DataTree.from_dict({"posterior": posterior, "prior": prior}))
    (row,) = [row for row in found.checks.rows if row["check"] == checks.CURVED_CONTRACTION]
    assert row["level"] == found.checks.verdict == "fail"
    assert "information about k x gamma_g (or a similar combination), but not about the single factors" in wording.sentence(row)
    assert [each.name for each in found.directions] == ["log k - log gamma_g"]
    assert found.figures["unlearnt_directions"] == 1


def fit_right_models(gene_of_sgrna, seeds):
    """Fits of varying_effects to screens whose truths are drawn from its prior."""
    declared = declaration.declare(calibration_faults.VARIANT)
    engine = registry.make_engine(declared, declared.priors, Settings(engine="collapsed", draws=200), 1, 1, "ridges")
    model, screen = structure.make(declared.gaussian, declared.priors, "ridges"), calibration_faults.layout()
    screen = replace(screen, gene_of_sgrna=gene_of_sgrna, genes=screen.sgrnas[: gene_of_sgrna.max() + 1])
    for seed in seeds:
        rng = np.random.default_rng([seed, 11])
        true = {name: each[0] for name, each in model.prior_draws(gene_of_sgrna, 1, rng).items()}
        line = true["alpha_s"][screen.sgrna_of_row] + true["beta_s"][screen.sgrna_of_row] * screen.x
        data = replace(screen, logfc=line + true["sigma"] * rng.standard_normal(len(line)))
        found = fits.of_tree(engine.fit(data, seed), [seed])
        (ridges,) = curved_ridges.find_curved_ridges(found.posterior, found.prior)
        yield ridges


def test_fits_of_right_models_have_none():
    assert not any(fit_right_models(calibration_faults.layout().gene_of_sgrna, range(12)))


def test_two_scales_of_which_the_sum_of_squares_is_known_are_named():
    """With one sgRNA per gene, sigma_gamma and sigma_alpha cannot be distinguished."""
    found = [ridge for ridges in fit_right_models(np.arange(13), range(5)) for ridge in ridges]
    assert "sigma_gamma x sigma_alpha" in {ridge.known for ridge in found}
    assert all(ridge.of_scales for ridge in found)
