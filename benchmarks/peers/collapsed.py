"""The project's engine `collapsed` on its own variant, as a script runs it that imports the library but not PyMC.

`compile` is reading the data and reducing them to sufficient statistics; `sample` is everything between these and the kept draws of
every parameter. Importance sampling is so fast that the first call mostly measures caches and page faults. Sampling is therefore
repeated after the clocks have stopped: cpu_seconds.sample is the median of the repeats, cpu_seconds_first the first call.
"""

import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import common

SCRIPTS = Path(__file__).parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))
REPEATS = 20
LONGEST = 10.0  # CPU seconds of all repeats together, about


def main() -> None:
    """Fit one screen."""
    run = common.Run("collapsed", {"--scales": {"choices": ("importance", "nuts"), "default": "importance"}})
    options = run.options
    with run.importing(common.NEEDS_PROJECT):
        import numpy as np

        import guidefit

        if options.scales == "nuts":
            from guidefit.engines import scale_nuts  # noqa: F401
        engine = make_engine(options)

    # One call of fit does everything: the clocks are read when its steps begin.
    find_modes, summarise = engine._find_modes, engine._summarise
    screens: list[Any] = []

    def begin_to_search(prepared: Any) -> Any:
        screens.extend(prepared)
        run.done("compile")
        return find_modes(prepared)

    def begin_to_summarise(*args: Any) -> Any:
        run.done("sample")
        return summarise(*args)

    engine._find_modes, engine._summarise = begin_to_search, begin_to_summarise
    data = model_data(run.data())
    fit = engine.fit(data, options.seed)
    summary = fit["summary"].to_dataset()
    mean, sd, error = (
        {str(name): np.atleast_1d(values.sel(statistic=statistic).values) for name, values in summary.items()}
        for statistic in ("mean", "sd", "mcse_mean")
    )
    run.stop()

    quality: dict[str, Any] = {"cpu_seconds_first": round(run.cpu_seconds["sample"], 5)}
    if options.scales == "importance":
        quality |= dict.fromkeys(("ess_bulk_median", "r_hat_max", "divergences"))
        quality |= {name: float(fit["importance"][name]) for name in ("k_hat", "weighted_draws", "importance_ess")}
        worth = {name: float(((sd[name] / error[name]) ** 2).min()) for name in sd}
        quality["ess_scale_mean"] = min(worth[name] for name in engine.structure.quantiles)
        quality["ess_effect_mean"] = min(worth[name] for name in worth.keys() - engine.structure.quantiles.keys())
        kept = options.chains * options.draws
        quality["ess_bulk_min"] = min(quality["importance_ess"], quality["ess_scale_mean"], quality["ess_effect_mean"], kept)
        quality |= repeat(run, engine, find_modes, screens[0], sd)
    else:
        draws = {str(n): v.values.reshape(options.chains, options.draws, -1) for n, v in fit["posterior"].to_dataset().items()}
        ess, r_hat = common.judge(draws)
        quality |= {"ess_bulk_min": ess.min(), "ess_bulk_median": np.median(ess), "r_hat_max": r_hat.max()}
        quality["divergences"] = int(fit["sample_stats"]["diverging"].sum())
    run.write(guidefit.__version__, {n: v.tolist() for n, v in mean.items()}, {n: v.tolist() for n, v in sd.items()}, quality)


def make_engine(options: Any) -> Any:
    """The engine for the variant, with the priors that its file declares."""
    from guidefit.config.sampling import Sampling
    from guidefit.engines import interface, registry
    from guidefit.models import declaration

    declared = declaration.declare(declaration.VARIANTS / f"{options.model}.py")
    sampling = Sampling(
        engine="collapsed",
        scales=options.scales,
        draws=options.draws,
        tune=options.tune,
        chains=options.chains,
        target_accept=common.TARGET_ACCEPT,
        max_treedepth=common.MAX_TREE_DEPTH,
    )
    settings = interface.Settings(**sampling.model_dump())
    return registry.make_engine(declared, declared.priors, settings, options.cores, options.seed, options.model)


def model_data(arrays: Any) -> Any:
    """The arrays as the library takes them; genes, sgRNAs and cell lines are named by their number."""
    import numpy as np

    from guidefit.screens.arrays import ModelData

    genes = [str(gene) for gene in range(arrays.gene_of_sgrna.max() + 1)]
    sgrnas = [str(sgrna) for sgrna in range(len(arrays.gene_of_sgrna))]
    lines = [str(line) for line in range(len(arrays.x) // len(sgrnas))]
    line_of_row = np.tile(np.arange(len(lines)), len(sgrnas))
    return ModelData(genes, sgrnas, arrays.gene_of_sgrna, arrays.sgrna_of_row, arrays.x, arrays.logfc, lines, line_of_row)


def repeat(run: common.Run, engine: Any, find_modes: Any, screen: Any, sd: dict[str, Any]) -> dict[str, Any]:
    """Sample and reduce again with other seeds: median CPU seconds of both, and the ESS that the spread of the means implies."""
    import numpy as np

    from guidefit.engines import conditional_locations
    from guidefit.engines.collapsed_posterior import CollapsedPosterior
    from guidefit.screens import sufficient

    begun = time.process_time()
    sample, reduce, means = [], [], []
    while len(sample) < REPEATS and time.process_time() - begun < LONGEST:
        seed = 1000 * run.options.seed + len(sample)
        rng = np.random.default_rng(seed)
        started = time.process_time()
        (found_modes,) = find_modes([replace(screen, seed=seed)])
        drawn = engine._draw_scales(screen.model, found_modes, rng, seed)
        kept, _ = engine.structure.values(drawn.z[drawn.chosen])
        posterior = kept | conditional_locations.draw(screen.model, kept, rng)
        sample.append(time.process_time() - started)
        means.append(np.concatenate([np.atleast_1d(posterior[name].mean(axis=0)) for name in sd]))
        started = time.process_time()
        CollapsedPosterior(engine.structure, sufficient.from_arrays(screen.data))
        reduce.append(time.process_time() - started)
    run.cpu_seconds["sample"] = statistics.median(sample)
    found: dict[str, Any] = {"repeats": len(sample), "cpu_seconds_reduce": statistics.median(reduce)}
    if len(sample) == REPEATS:
        errors = np.var(means, axis=0, ddof=1) / np.concatenate(list(sd.values())) ** 2
        found["ess_by_repeats"] = float(1 / errors.mean())
    return found


if __name__ == "__main__":
    main()
