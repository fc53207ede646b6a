"""Rows predicted from all other rows of their gene, against dense covariances and enumeration."""

from itertools import product

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from guidefit.assess import closed_checks, line_states, row_kernels
from guidefit.models import line_prior
from guidefit.models.line_structure import LineStructure
from helpers.line_screens import declared, layout, screen


def predict(rows, state, seed=1):
    found = np.empty((5, len(rows.y)))
    row_kernels.leave_rows_out(rows, 0, len(rows.guide_start) - 1, state, *found, np.random.default_rng(seed))
    return found


def some_state(data, rng, share=0.0, multiplier=True, slope=True, correlated=False, lines=True):
    """A state without a model behind it."""
    genes, guides, count = len(data.genes), len(data.sgrnas), len(data.cell_lines)
    gene_root, guide_root = rng.uniform(0.1, 0.9, (genes, 3)), rng.uniform(0.05, 0.5, (guides, 3))
    for root in (gene_root, guide_root):
        root[:, 1] *= correlated
        root[:, 1:] *= slope
    guide_root[::4, 0] = 2.0
    return row_kernels.RowState(
        mean=rng.normal(-0.5, 0.5, (genes, 2)) * [1, slope],
        gene_root=gene_root,
        guide_root=guide_root,
        tau2=rng.uniform(0.01, 0.3, genes) * lines,
        alpha=rng.normal(-0.5, 0.5, guides),
        beta=rng.normal(0, 0.3, guides) * slope,
        noise=rng.uniform(0.02, 0.3, guides),
        k=rng.uniform(0.2, 2, count) if multiplier else np.ones(count),
        line_noise=rng.uniform(0.5, 2, count),
        share=share,
        factor=100.0,
    )


def dense(rows, state, flagged):
    """(mean, covariance without own noise, own noise) of all rows; flagged: (row,)."""
    gene = np.repeat(np.arange(len(rows.guide_start) - 1), np.diff(rows.row_start[rows.cell_start]))
    cell = np.repeat(np.arange(len(rows.line)), np.diff(rows.row_start))
    line = rows.line[cell]
    design = state.k[line] * np.stack([np.ones(len(rows.x)), rows.x])
    mean = (design.T * state.mean[gene]).sum(axis=1)

    def covariance(root):
        lower = np.array([[root[0], 0], [root[1], root[2]]])
        return lower @ lower.T

    size = len(rows.y)
    latent = np.zeros((size, size))
    for i, j in product(range(size), repeat=2):
        if gene[i] != gene[j]:
            continue
        both = covariance(state.gene_root[gene[i]])
        if rows.guide[i] == rows.guide[j]:
            both = both + covariance(state.guide_root[rows.guide[i]])
        latent[i, j] = design[:, i] @ both @ design[:, j]
        if cell[i] == cell[j]:
            latent[i, j] += state.tau2[gene[i]] * state.k[line[i]] ** 2
    return mean, latent, state.noise[rows.guide] * state.line_noise[line]


def expected(rows, state, flagged):
    """log density and probability below each row given the others, and log density of a new value at its place given all rows."""
    mean, latent, noise = dense(rows, state, flagged)
    found = np.empty((3, len(rows.y)))
    weights = {1.0: 1 - state.share} | ({state.factor: state.share} if state.share else {})
    for i, y in enumerate(rows.y):
        others = np.arange(len(rows.y)) != i
        known = latent[others][:, others] + np.diag((noise * np.where(flagged, state.factor, 1))[others])
        gain = np.linalg.solve(known, latent[others, i])
        centre = mean[i] + gain @ (rows.y - mean)[others]
        variance = latent[i, i] - gain @ latent[others, i]
        logs, below, own = [], [], []
        for factor, weight in weights.items():
            sd = np.sqrt(variance + factor * noise[i])
            logs.append(np.log(weight) + stats.norm.logpdf(y, centre, sd))
            below.append(weight * stats.norm.cdf(y, centre, sd))
            shrunk = variance / (variance + factor * noise[i])
            for other, its_weight in weights.items():
                sd = np.sqrt(shrunk * factor * noise[i] + other * noise[i])
                own.append(logs[-1] + np.log(its_weight) + stats.norm.logpdf(y, centre + shrunk * (y - centre), sd))
        found[:, i] = logsumexp(logs), sum(below), logsumexp(own) - logsumexp(logs)
    return found


CASES = [
    {},
    {"slope": False},
    {"multiplier": False},
    {"correlated": True, "lines": False, "multiplier": False},
    {"correlated": True},
    {"share": 0.001},
    {"share": 0.001, "slope": False, "multiplier": False},
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(case) or "plain")
def test_a_row_is_predicted_from_all_others_of_its_gene(case):
    rng = np.random.default_rng(3)
    data = layout(rng, genes=5, lines=6, x_by_row=0.2)
    data.x[:] *= case.get("slope", True)
    data.logfc[:] = rng.normal(-0.5, 0.7, len(data.x))
    rows, _, _ = closed_checks.sort_rows(data)
    state = some_state(data, rng, **case)
    flagged = np.zeros(len(rows.y), bool)
    if case.get("share"):
        k = state.k[np.repeat(rows.line, np.diff(rows.row_start))]
        mean = k * (state.alpha[rows.guide] + state.beta[rows.guide] * rows.x)
        rows.y[:] = mean + 0.05 * rng.standard_normal(len(mean))  # so that there is no doubt about the flags
        rows.y[::9] += 60.0
        flagged[::9] = True
    found = predict(rows, state)
    np.testing.assert_allclose(found[:3], expected(rows, state, flagged), rtol=1e-8, atol=1e-10)


def test_flags_of_rows_by_enumeration():
    rng = np.random.default_rng(5)
    data = layout(rng, genes=1, lines=2, most_guides=4, keep=1.0)
    while len(data.sgrnas) != 3:
        data = layout(rng, genes=1, lines=2, most_guides=4, keep=1.0)
    rows, _, _ = closed_checks.sort_rows(data)
    state = some_state(data, rng, share=0.05)
    rows.y[:3] = state.k[0] * (state.alpha + state.beta * rows.x[:3]) + [0.2, 1.6, -0.1]
    noise, T = state.noise * state.line_noise[0], state.tau2[0] * state.k[0] ** 2
    rest = rows.y[:3] - state.k[0] * (state.alpha + state.beta * rows.x[:3])
    terms = {}
    for flags in product([0, 1], repeat=3):
        covariance = np.diag(noise * np.where(flags, 100, 1)) + T
        prior = np.prod(np.where(flags, 0.05, 0.95))
        terms[flags] = prior * stats.multivariate_normal.pdf(rest, cov=covariance)
    total, draws, flagged = sum(terms.values()), 20_000, np.empty(3, bool)
    counts = dict.fromkeys(terms, 0)
    for _ in range(draws):
        row_kernels.draw_flags(0, 3, T, state.k[0], state.line_noise[0], rows, state, flagged, rng)
        counts[tuple(flagged.astype(int).tolist())] += 1
    for flags, term in terms.items():
        p = term / total
        assert counts[flags] / draws == pytest.approx(p, abs=5 * np.sqrt(p * (1 - p) / draws) + 1e-4), flags
    assert 0.02 < terms[0, 0, 0] / total < 0.98


def test_classes_and_departing_guides_by_enumeration():
    rng = np.random.default_rng(2)
    structure = declared("gene_classes")[1]
    data = layout(rng, genes=3, most_guides=3)
    both = {"mu_gamma": (0.0, -0.4), "mu_delta": (0.0, 0.1), "sigma_gamma": (0.3, 0.5), "sigma_delta": (0.2, 0.3), "t": (0.1, 0.2)}
    both |= {"sigma_alpha": (0.4, 0.5), "sigma_beta": (0.2, 0.25), "p": (0.2, 0.1)}
    values = {f"{name}_{each}": np.array(pair[c]) for name, pair in both.items() for c, each in enumerate(("null", "common"))}
    guides = len(data.sgrnas)
    values |= {"w_common": np.array(0.4), "gamma_g": rng.normal(-0.2, 0.4, 3), "delta_g": rng.normal(0, 0.2, 3)}
    values |= {"tau_g": rng.uniform(0.05, 0.3, 3), "alpha_s": rng.normal(-0.2, 1.2, guides), "beta_s": rng.normal(0, 0.3, guides)}
    classes = line_prior.class_matrix(structure, values)
    draws = [line_states.draw_labels(structure, values, classes, data.gene_of_sgrna, rng) for _ in range(2000)]
    share_common, share_departs = (np.mean([each[i] for each in draws], axis=0) for i in (0, 1))
    for gene in range(3):
        guides = np.flatnonzero(data.gene_of_sgrna == gene)
        terms = {}
        for c, flags in product([0, 1], product([0, 1], repeat=len(guides))):
            w, mu, nu, sg, sd, sa, sb, t, p = classes[c]
            term = w * stats.norm.pdf(values["gamma_g"][gene], mu, sg) * stats.norm.pdf(values["delta_g"][gene], nu, sd)
            term *= stats.t.pdf(values["tau_g"][gene], 3, scale=t)
            for guide, flag in zip(guides, flags, strict=True):
                term *= p if flag else 1 - p
                term *= stats.norm.pdf(values["alpha_s"][guide], values["gamma_g"][gene], np.sqrt(sa**2 + 4 * flag))
                term *= stats.norm.pdf(values["beta_s"][guide], values["delta_g"][gene], sb)
            terms[c, flags] = term
        total = sum(terms.values())
        p = sum(term for (c, _), term in terms.items() if c) / total
        assert share_common[gene] == pytest.approx(p, abs=0.05)
        assert 0.02 < p < 0.98
        for place, guide in enumerate(guides):
            p = sum(term for (_, flags), term in terms.items() if flags[place]) / total
            assert share_departs[guide] == pytest.approx(p, abs=0.05)


def structure_of(variant, copies) -> LineStructure:
    structure = declared(variant)[1]
    return structure if copies else structure.without_slope()


@pytest.mark.parametrize("variant", ["gene_classes", "gene_by_line"])
@pytest.mark.parametrize("copies", [True, False])
def test_predictions_from_the_truth_are_calibrated(variant, copies):
    """Screens from the prior, with all parameters but locations known: the rows' probabilities are uniform."""
    moments = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        data, values, _ = screen(variant, rng, copies=copies, genes=10, lines=5)
        draws = {name: np.asarray(value, float)[None] for name, value in values.items()}
        (state,) = line_states.read_states(structure_of(variant, copies), draws, data.gene_of_sgrna, rng)
        rows, _, order = closed_checks.sort_rows(data)
        _, lower, *_ = predict(rows, closed_checks.by_gene(state, order), seed)
        moments.append([lower.mean() - 0.5, (lower**2).mean() - 1 / 3, (lower < 0.02).mean() - 0.02, (lower > 0.98).mean() - 0.02])
    mean, error = np.mean(moments, axis=0), np.std(moments, axis=0) / np.sqrt(len(moments))
    assert (abs(mean) < 4 * error).all()
    assert (error < 0.01).all()
