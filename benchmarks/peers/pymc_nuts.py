"""PyMC's own NUTS on the project's variant: Python between the gradients, a process for each chain."""

from typing import Any

import common


def main() -> None:
    """Fit one screen."""
    run = common.Run("pymc_nuts")
    with run.importing(common.NEEDS_PROJECT):
        import pymc as pm
        import pymc_models
        from pymc.sampling import mcmc

    options = run.options
    make_traces = mcmc.init_traces

    def last_to_compile(*args: Any, **kwargs: Any) -> Any:
        """pm.sample compiles the model; its last step before the first draw is to allocate the traces."""
        traces = make_traces(*args, **kwargs)
        run.done("compile")
        return traces

    mcmc.init_traces = last_to_compile
    with pymc_models.build(options.model, run.data()):
        trace = pm.sample(
            options.draws,
            tune=options.tune,
            chains=options.chains,
            cores=options.cores,
            random_seed=options.seed,
            nuts_sampler="pymc",
            nuts={"target_accept": common.TARGET_ACCEPT, "max_treedepth": common.MAX_TREE_DEPTH},
            compute_convergence_checks=False,
            progressbar=False,
        )
    draws = pymc_models.draws(trace)
    run.done("sample")
    run.finish(pm.__version__, draws, int(trace["sample_stats"]["diverging"].sum()))


if __name__ == "__main__":
    main()
