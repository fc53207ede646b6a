"""Are the variants with effects by gene and cell line calibrated, with their classes, departures and calls?

python benchmarks/line_models.py [--quick]        writes benchmarks/line_models.md and line_models.png

About 45 minutes. For each of 500 seeds, all parameters are drawn from the prior of a variant, a screen is simulated from them (30
genes x 3 sgRNAs x 8 cell lines), and `gibbs` fits the variant to it (simulation-based calibration, Talts et al. 2018). Then ranks
of the truth among the draws are uniform, of the genes with P(common) = 0.3 three of ten are common, 95 % intervals hold 95 % of the
effects, and calls at 5 % FDR are wrong in 5 % of the cases. Fits are kept in .benchmarks/, and a run that was stopped goes on.
"""

import json
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any

import numpy as np
from measuring import CORES, Bench, Raw, answer, table
from scipy import stats

from guidefit.assess.calls import false_discovery_rate
from guidefit.config.sampling import Sampling
from guidefit.engines import interface, registry
from guidefit.models import declaration, line_prior, line_structure
from guidefit.screens.arrays import ModelData

VARIANTS = ("gene_classes", "gene_by_line")
GENES, SGRNAS, LINES = 30, 3, 8
CHAINS, TUNE, DRAWS = 2, 250, 500
KEPT = 40  # thinned draws that a truth is ranked among: no more than the effective ones of nearly all fits
BINS = np.array([0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0])


def layout(rng: np.random.Generator) -> ModelData:
    """A screen without logFC: a fifth of the cells is amplified or lost."""
    sgrnas = GENES * SGRNAS
    gene_of_sgrna = np.repeat(np.arange(GENES), SGRNAS)
    sgrna, line = np.repeat(np.arange(sgrnas), LINES), np.tile(np.arange(LINES), sgrnas)
    changed = rng.random((GENES, LINES)) < 0.2
    x = np.where(changed, rng.normal(0.8, 0.5, (GENES, LINES)), 0.15 * rng.standard_normal((GENES, LINES)))
    names = [[f"{kind}_{i}" for i in range(count)] for kind, count in (("gene", GENES), ("sgrna", sgrnas), ("line", LINES))]
    return ModelData(names[0], names[1], gene_of_sgrna, sgrna, x[gene_of_sgrna[sgrna], line], np.zeros(len(sgrna)), names[2], line)


def fit_one(variant: str, seed: int) -> dict[str, Any]:
    """One truth, screen and fit: ranks by hyper-parameter, and what is said of classes, departures and effects."""
    found = declaration.declare(declaration.VARIANTS / f"{variant}.py")
    structure = line_structure.read_structure(found.structure, variant)
    parameters = line_structure.prior_parameters(structure, found.priors, variant)
    rng = np.random.default_rng(np.random.SeedSequence([seed, VARIANTS.index(variant)]))
    data = layout(rng)
    values, of_genes = line_prior.draw_all(structure, parameters, data, rng)
    data = ModelData(
        data.genes, data.sgrnas, data.gene_of_sgrna, data.sgrna_of_row, data.x,
        line_prior.draw_logfc(structure, values, data, rng), data.cell_lines, data.cell_line_of_row,
    )  # fmt: skip
    changed = {"engine": "gibbs", "chains": CHAINS, "tune": TUNE, "draws": DRAWS, "ess": 10**6, "prior_draws": 50}
    settings = interface.Settings(**Sampling().model_dump() | changed)
    tree = registry.make_engine(found, found.priors, settings, 1, 1, variant).fit(data, int(rng.integers(2**31)))
    posterior, moments = tree["posterior"], tree["moments"]
    every = CHAINS * DRAWS // KEPT
    ranks = {name: int((posterior[name].values.ravel()[::every] < values[name]).sum()) for name in structure.roles}
    base, slope = ("mu_gamma_null", "mu_delta_null") if structure.classes else (None, "mu_delta")
    x = data.x.reshape(GENES, SGRNAS, LINES)[:, 0]
    truth = values["gamma_g"][:, None] - (values[base] if base else 0.0) + values["e_gl"]
    truth = truth + (values["delta_g"][:, None] - values[slope]) * x
    error = (moments["effect"].values - truth) / moments["effect_sd"].values
    halfway = 0.5 * (values["mu_gamma_common"] - values["mu_gamma_null"]) if base else settings.dependent_below
    called = false_discovery_rate(1 - moments["p_dependent"].values.ravel().astype(float)) <= 0.05
    result = {
        "ranks": ranks,
        "covered": float((abs(error) < 1.959964).mean()),
        "effects_called": int(called.sum()),
        "effects_called_wrongly": int((called & (truth.ravel() >= halfway)).sum()),
    }
    if structure.classes:
        result["p_common"] = moments["p_common"].values.tolist()
        result["common"] = of_genes.second_class.astype(int).tolist()
        result["p_departs"] = moments["p_departs"].values.tolist()
        result["departs"] = of_genes.departs.astype(int).tolist()
    return result


def try_one(variant: str, seed: int) -> dict[str, Any]:
    """fit_one, or the reason why the fit stopped."""
    try:
        return {"variant": variant, "seed": seed} | fit_one(variant, seed)
    except interface.FitError as error:
        return {"variant": variant, "seed": seed, "stopped": str(error)}


def measure(bench: Bench) -> Raw:
    """All fits, in as many processes as there are cores."""
    path = bench.results / "line_models.jsonl"
    done = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    there = {(fit["variant"], fit["seed"]) for fit in done}
    wanted = [(variant, seed) for seed in range(4 if bench.quick else 500) for variant in VARIANTS]
    with ProcessPoolExecutor(CORES) as pool, path.open("a") as file:
        jobs = [pool.submit(try_one, *each) for each in wanted if each not in there]
        for job in as_completed(jobs):
            done.append(job.result())
            file.write(json.dumps(done[-1]) + "\n")
            file.flush()
    return {"variants": {variant: summarise([fit for fit in done if fit["variant"] == variant]) for variant in VARIANTS}}


def summarise(fits: list[dict[str, Any]]) -> Raw:
    """Counts of ranks, shares by bin of a probability, coverage, and wrong calls of one variant."""
    complete = [fit for fit in fits if "stopped" not in fit]
    ranks = {name: np.bincount([fit["ranks"][name] for fit in complete], minlength=KEPT + 1) for name in complete[0]["ranks"]}
    covered = np.array([fit["covered"] for fit in complete])
    called, wrong = (np.array([fit[key] for fit in complete]) for key in ("effects_called", "effects_called_wrongly"))
    found: Raw = {
        "fits": len(complete),
        "stopped": [fit["stopped"] for fit in fits if "stopped" in fit],
        "ranks": {name: counts.tolist() for name, counts in ranks.items()},
        "coverage": (float(covered.mean()), float(covered.std() / np.sqrt(len(covered)))),
        "wrong_calls": share_with_error(wrong, called),
    }
    if "common" in complete[0]:
        for name in ("common", "departs"):
            stated = np.concatenate([fit[f"p_{name}"] for fit in complete])
            found[name] = reliability(stated, np.concatenate([fit[name] for fit in complete]))
    return found


def share_with_error(part: np.ndarray, whole: np.ndarray) -> tuple[float, float]:
    """A ratio of sums over fits, with its standard error (fits are independent, cells of one fit are not)."""
    share = part.sum() / whole.sum()
    return float(share), float(np.sqrt(((part - share * whole) ** 2).sum()) / whole.sum())


def reliability(stated: np.ndarray, true: np.ndarray) -> list[list[float]]:
    """By bin of the stated probability: its ends, the number, the mean stated, and the share that is true."""
    bin_of = np.digitize(stated, BINS[1:-1])
    groups = [(BINS[i], BINS[i + 1], bin_of == i) for i in range(len(BINS) - 1)]
    return [
        [float(a), float(b), int(own.sum()), float(stated[own].mean()), float(true[own].mean())]
        for a, b, own in groups
        if own.any()
    ]


def p_value(counts: list[int]) -> float:
    """p-value of uniform ranks: chi-square over eight groups of ranks of (nearly) the same size."""
    groups = np.array_split(np.arange(len(counts)), 8)
    observed = np.array([sum(counts[i] for i in group) for group in groups])
    expected = observed.sum() * np.array([len(group) for group in groups]) / len(counts)
    return float(stats.chisquare(observed, expected).pvalue)


def page(raw: Raw) -> list[str]:
    """By variant: ranks, coverage, calls, classes and departures."""
    lines = [
        f"Each fit has {CHAINS} chains of {TUNE} + {DRAWS} iterations. p-values are those of uniform ranks (chi-square, eight "
        f"groups of ranks among {KEPT} thinned draws); with this many parameters the smallest of right ones is often below 0.05.",
    ]
    for variant, found in raw["variants"].items():
        values = {name: p_value(counts) for name, counts in found["ranks"].items()}
        lowest = sorted(values.items(), key=lambda each: each[1])
        lines += ["", f"## {variant}: {found['fits']} fits, {len(found['stopped'])} stopped", ""]
        named = ", ".join(f"{name} {value:.3f}" for name, value in lowest[:4])
        lines += [f"{len(values)} hyper-parameters, {sum(v < 0.01 for v in values.values())} with p < 0.01. Smallest: {named}."]
        coverage, wrong = (f"{100 * a:.1f} % ({100 * b:.1f})" for a, b in (found["coverage"], found["wrong_calls"]))
        lines += [
            "",
            f"95 % intervals of the effects by gene and cell line hold {coverage} of them; {wrong} of the calls are wrong.",
        ]
        for name, title in (("common", "P(common) of genes"), ("departs", "P(departs) of sgRNAs")):
            if name in found:
                rows = [
                    [f"{a:g} to {b:g}", f"{n:,}", f"{p:.3f}", f"{share:.3f}", f"{error(p, n):.3f}"]
                    for a, b, n, p, share in found[name]
                ]
                lines += ["", *table([title, "number", "mean stated", "share that is", "error"], rows)]
    return lines


def error(share: float, number: float) -> float:
    """Binomial standard error of a share."""
    return float(np.sqrt(max(share * (1 - share), 1e-9) / number))


def draw(raw: Raw) -> Any:
    """Ranks of every hyper-parameter as differences of their ECDF from uniform, with a band of 95 % at each rank."""
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(1, len(VARIANTS), figsize=(10, 3.6), sharey=True, layout="constrained")
    for panel, (variant, found) in zip(panels, raw["variants"].items(), strict=True):
        uniform = np.arange(1, KEPT + 2) / (KEPT + 1)
        for counts in found["ranks"].values():
            panel.plot(uniform, np.cumsum(counts) / sum(counts) - uniform, color="tab:blue", alpha=0.4, lw=1)
        band = 1.96 * np.sqrt(uniform * (1 - uniform) / found["fits"])
        panel.fill_between(uniform, -band, band, color="0.85", zorder=0)
        panel.set_title(f"{variant}: {len(found['ranks'])} hyper-parameters, {found['fits']} fits", fontsize=10)
        panel.set_xlabel("rank of the truth (share of the draws)")
    panels[0].set_ylabel("ECDF of ranks - uniform")
    return figure


if __name__ == "__main__":
    answer(__file__, measure, page, draw)
