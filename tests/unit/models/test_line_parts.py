"""The PyMC model of variants with effects by gene and cell line, against sums over all classes and flags."""

from itertools import product

import numpy as np
import pytensor.tensor as pt
import pytest
from scipy import stats
from scipy.special import logsumexp

from guidefit.models import declaration, line_prior
from guidefit.models.parts import QUICK
from helpers.line_screens import declared, screen

norm = stats.norm.logpdf


def by_hand(structure, values, data, parameters):
    """log density of all parameters and logFC, with classes, flags of guides and flags of rows summed one by one."""
    families = {"Normal": stats.norm, "LogNormal": None, "HalfNormal": stats.halfnorm, "Beta": stats.beta}
    total = 0.0
    for name, kind in structure.roles.items():
        a = parameters[name]
        family = (
            stats.lognorm(a[1], scale=np.exp(a[0])) if kind == "LogNormal" else families[kind](*((0, *a)[-2:] if len(a) < 2 else a))
        )
        total += family.logpdf(values[name])
    omega = structure.departing_sgrnas[1] if structure.departing_sgrnas else 0.0
    for g in range(len(data.genes)):
        mine = np.flatnonzero(data.gene_of_sgrna == g)
        terms = []
        for weight, mu_gamma, mu_delta, s_gamma, s_delta, s_alpha, s_beta, t, p in line_prior.class_matrix(structure, values):
            own = np.log(weight) + norm(values["gamma_g"][g], mu_gamma, s_gamma)
            own += np.log(2) + stats.t(3, scale=t).logpdf(values["tau_g"][g]) + np.log(values["tau_g"][g])
            if structure.has_slope:
                own += norm(values["delta_g"][g], mu_delta, s_delta)
                own += norm(values["beta_s"][mine], values["delta_g"][g], s_beta).sum()
            for flags in product([0, 1], repeat=len(mine)) if omega else [(0,) * len(mine)]:
                o = np.array(flags)
                prior = (o * np.log(p) + (1 - o) * np.log1p(-p)).sum() if omega else 0.0
                sd = np.sqrt(s_alpha**2 + omega**2 * o)
                terms.append(own + prior + norm(values["alpha_s"][mine], values["gamma_g"][g], sd).sum())
        total += logsumexp(terms)
    s, line = data.sgrna_of_row, data.cell_line_of_row
    effect = values["alpha_s"][s] + values["e_gl"][data.gene_of_row, line]
    mean = values["k_l"][line] * (effect + (values["beta_s"][s] * data.x if structure.has_slope else 0))
    sd = values["sigma"] * np.sqrt(values["u_s"][s] * values["v_l"][line])
    p_row = values["p_row"]
    rows = np.logaddexp(np.log1p(-p_row) + norm(data.logfc, mean, sd), np.log(p_row) + norm(data.logfc, mean, 10 * sd))
    for name, scale in (("u_s", "s_u"), ("v_l", "s_v")):
        total += stats.lognorm(values[scale]).logpdf(values[name]).sum()
    log_k = np.log(values["k_l"])
    deviation = log_k - log_k.mean()
    total += -(len(log_k) - 1) * (np.log(values["s_k"]) + 0.5 * np.log(2 * np.pi)) - 0.5 * (deviation**2).sum() / values["s_k"] ** 2
    return total + norm(log_k.mean(), 0, 0.01) + rows.sum() + norm(values["e_gl"] / values["tau_g"][:, None]).sum()


@pytest.mark.slow
@pytest.mark.parametrize(("variant", "copies"), [("gene_classes", True), ("gene_by_line", True), ("gene_classes", False)])
def test_log_density_by_hand(variant, copies):
    found, structure, parameters = declared(variant)
    data, values, _ = screen(variant, np.random.default_rng(4), copies, genes=3, lines=3, most_guides=3)
    structure = structure if copies else structure.without_slope()
    model = declaration.load(found.path)(data, found.priors)
    assert {variable.name for variable in model.free_RVs} >= set(structure.roles)
    for name in ("delta_g", "beta_s", *declared(variant)[1].by_class("mu_delta")):
        assert (name in model.named_vars) == copies
    inner = {
        "_genes": np.concatenate(
            [
                *(values["gamma_g"], np.log(values["tau_g"]), values["alpha_s"]),
                *((values["delta_g"], values["beta_s"]) if copies else ()),
            ]
        ),
        "_e_gl": values["e_gl"] / values["tau_g"][:, None],
        "_log_k_l": np.log(values["k_l"]) - np.log(values["k_l"]).mean(),
        "_mean_log_k_l": np.log(values["k_l"]).mean(),
    }
    at = {}
    for variable in model.free_RVs:
        transform, value = model.rvs_to_transforms[variable], pt.as_tensor(np.asarray((values | inner)[variable.name], float))
        unbounded = transform.forward(value, *variable.owner.inputs) if transform else value
        at[model.rvs_to_values[variable].name] = unbounded.eval(**QUICK)
    found = float(model.compile_logp(jacobian=False, **QUICK)(at))
    assert found == pytest.approx(by_hand(structure, values, data, parameters), rel=1e-9)
