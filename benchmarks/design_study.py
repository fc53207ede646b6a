"""How much computing time does the design study of config/studies/design.yaml take?

python benchmarks/design_study.py [--quick]        writes benchmarks/design_study.md

About a minute. A few seeds of each point are simulated, fitted and diagnosed in one process; the whole study is extrapolated.
"""

import time

import numpy as np
import yaml
from measuring import CORES, ROOT, Bench, Raw, answer, paragraph, table

from guidefit.assess import diagnostics, estimates, fits
from guidefit.config import load_config
from guidefit.engines import interface, registry
from guidefit.models import declaration
from guidefit.screens import arrays
from guidefit.screens.covariates import Covariate
from guidefit.simulation import simulated_screen

CONFIG = ROOT / "config/studies/design.yaml"
SEEDS = 3


def measure(bench: Bench) -> Raw:
    """CPU seconds of the simulation, the fit and the diagnosis of a screen at each point, without start-up."""
    built_in = {name: declaration.VARIANTS / f"{name}.py" for name in declaration.BUILT_IN}
    loaded = load_config(yaml.safe_load(CONFIG.read_text()), files=[], built_in=built_in, folder=ROOT)
    points = list(loaded.studies)[:2] if bench.quick else list(loaded.studies)
    ((design, values),) = loaded.grids.items()
    found = []
    for point in points:
        found.append(dict(values[point]) | measure_point(point, loaded.studies[point]))
        print(f"{point}: {found[-1]['fit']:.2f} CPU s a fit", flush=True)
    return {"design": design, "seeds": len(loaded.seeds[points[0]]), "points": found}


def measure_point(name: str, study: Raw) -> Raw:
    """CPU seconds of a seed, by step; the first seed is not counted."""
    (settings,) = (own["sampling"] for own in study["variants"].values())
    declared = declaration.declare(declaration.VARIANTS / "varying_effects.py")
    engine = registry.make_engine(declared, declared.priors, interface.Settings(**settings), 1, 1, name)
    covariate, seconds = Covariate(**study["covariate"]), np.zeros(3)
    for seed in range(SEEDS + 1):
        started = time.process_time()
        ((rows, _),) = simulated_screen.simulate_in_blocks(name, study["simulate"], covariate, seed)
        data = arrays.model_data(rows)
        simulated = time.process_time()
        fit = fits.of_tree(engine.fit(data, seed), [seed])
        fitted = time.process_time()
        truth = np.full((1, len(fit.posterior.parameters.names)), np.nan)
        estimated = estimates.estimate(fit, truth, study["n_ranks"], [np.random.default_rng(seed)])
        diagnostics.diagnose(fit, estimated, study["thresholds"], declared.priors)
        if seed:
            seconds += np.diff([started, simulated, fitted, time.process_time()])
    return dict(zip(("simulate", "fit", "diagnose"), (seconds / SEEDS).tolist(), strict=True))


def page(raw: Raw) -> list[str]:
    """The page: CPU seconds by number of guides, and of the whole study."""
    points, steps = raw["points"], ("simulate", "fit", "diagnose")
    rows = []
    for guides in sorted({point["sgrnas_per_gene"] for point in points}):
        mine = [point for point in points if point["sgrnas_per_gene"] == guides]
        means = [float(np.mean([point[step] for point in mine])) for step in steps]
        rows.append([str(guides), *(f"{1000 * mean:.0f}" for mean in means), f"{1000 * sum(means):.0f}"])
    total = raw["seeds"] * sum(point[step] for point in points for step in steps)
    return [
        *paragraph(
            f"The study `{raw['design']}`: {len(points)} points x {raw['seeds']} seeds, screens of 200 genes fitted by "
            f"`collapsed`. Means over {SEEDS} seeds of each point."
        ),
        *table(["guides per gene", "simulate (CPU ms)", "fit", "diagnose", "sum"], rows),
        *paragraph(
            f"The whole study: {total:,.0f} CPU seconds, which {CORES} cores that do nothing else would do in "
            f"{total / CORES / 60:.0f} minutes, without the starts of its jobs and its figures."
        ),
    ]


if __name__ == "__main__":
    answer(__file__, measure, page)
