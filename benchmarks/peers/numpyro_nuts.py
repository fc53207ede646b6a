"""NumPyro's NUTS, compiled by JAX for the CPU, in double precision like the others.

XLA's compiled code is kept in JAX_COMPILATION_CACHE_DIR, or in a folder of the temporary directory if that is not set: the
second run of a model and size finds a warm cache, the first one an empty cache.
"""

import os
import tempfile
from pathlib import Path
from typing import Any

import common


def main() -> None:
    """Fit one screen."""
    run = common.Run("numpyro_nuts")
    options = run.options
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(tempfile.gettempdir()) / f"guidefit-peers-jax-{os.getuid()}"))
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["JAX_ENABLE_X64"] = "1"
    os.environ["JAX_NUM_CPU_DEVICES"] = str(options.chains)  # a device for each chain
    with run.importing(common.NEEDS_PEERS):
        import jax
        import numpyro
        from numpyro.infer import MCMC, NUTS

    arrays = run.data()
    genes = int(arrays.gene_of_sgrna.max()) + 1
    data = (arrays.gene_of_sgrna, arrays.sgrna_of_row, arrays.x, arrays.logfc)

    def chain(key: Any, *data: Any) -> Any:
        kernel = NUTS(model, target_accept_prob=common.TARGET_ACCEPT, max_tree_depth=common.MAX_TREE_DEPTH)
        mcmc = MCMC(kernel, num_warmup=options.tune, num_samples=options.draws, progress_bar=False)
        mcmc.run(key, options.model, genes, *data, extra_fields=("diverging",))
        return mcmc.get_samples(), mcmc.get_extra_fields()["diverging"]

    # One program for a whole chain, compiled ahead of time so that compiling and sampling are timed separately. The data are
    # arguments: constants would be compiled in, and the cache would serve no other screen.
    keys = jax.random.split(jax.random.PRNGKey(options.seed), options.chains)
    in_axes = (0, *(None for _ in data))
    compiled = jax.pmap(chain, in_axes=in_axes).lower(keys, *data).compile()
    run.done("compile")
    draws, diverging = jax.device_get(compiled(keys, *data))
    run.done("sample")
    run.finish(f"{numpyro.__version__} (jax {jax.__version__})", draws, int(diverging.sum()))


def model(name: str, genes: int, gene_of_sgrna: Any, sgrna_of_row: Any, x: Any, logfc: Any) -> None:
    """The two variants, centred, with the priors of the project's files."""
    import jax.numpy as jnp
    from numpyro import plate, sample
    from numpyro.distributions import Beta, Exponential, Normal, TransformedDistribution, constraints
    from numpyro.distributions.transforms import AffineTransform

    correlated = name == "correlated_effects"
    mu_gamma, sigma_gamma = sample("mu_gamma", Normal(-1, 5)), sample("sigma_gamma", Exponential(1))
    mu_delta, sigma_delta = sample("mu_delta", Normal(-1, 5)), sample("sigma_delta", Exponential(1))
    rate = 0.5 if correlated else 1
    sigma_alpha, sigma_beta = sample("sigma_alpha", Exponential(rate)), sample("sigma_beta", Exponential(rate))
    with plate("gene", genes):
        gamma_g, delta_g = sample("gamma_g", Normal(mu_gamma, sigma_gamma)), sample("delta_g", Normal(mu_delta, sigma_delta))
    if correlated:
        to_rho = AffineTransform(-1, 2, domain=constraints.unit_interval)
        rho = sample("rho", TransformedDistribution(Beta(2, 2), to_rho))
    with plate("sgrna", len(gene_of_sgrna)):
        mean, sd = delta_g[gene_of_sgrna], sigma_beta
        alpha_s = sample("alpha_s", Normal(gamma_g[gene_of_sgrna], sigma_alpha))
        if correlated:  # beta_s given alpha_s
            mean += rho * sigma_beta / sigma_alpha * (alpha_s - gamma_g[gene_of_sgrna])
            sd *= jnp.sqrt(1 - rho**2)
        beta_s = sample("beta_s", Normal(mean, sd))
    sigma = sample("sigma", Exponential(1))
    sample("logfc", Normal(alpha_s[sgrna_of_row] + beta_s[sgrna_of_row] * x, sigma), obs=logfc)


if __name__ == "__main__":
    main()
