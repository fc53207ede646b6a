"""nutpie's NUTS on the project's variant, with nutpie's defaults: what the workflow samples with."""

import common


def main() -> None:
    """Fit one screen."""
    run = common.Run("nutpie_nuts")
    with run.importing(common.NEEDS_PROJECT):
        import nutpie
        import pymc_models

    options = run.options
    compiled = nutpie.compile_pymc_model(pymc_models.build(options.model, run.data()))
    run.done("compile")
    trace = nutpie.sample(
        compiled,
        draws=options.draws,
        tune=options.tune,
        chains=options.chains,
        cores=options.cores,
        seed=options.seed,
        target_accept=common.TARGET_ACCEPT,
        maxdepth=common.MAX_TREE_DEPTH,
        save_warmup=False,
        progress_bar=False,
    )
    draws = pymc_models.draws(trace)
    run.done("sample")
    run.finish(nutpie.__version__, draws, int(trace["sample_stats"]["diverging"].sum()))


if __name__ == "__main__":
    main()
