"""Stan's NUTS through PyStan 3, a process for each chain.

PyStan compiles a model's program with the system's C++ compiler and keeps it in the user's cache (XDG_CACHE_HOME): `--build` does
only that, so that the timed run finds it compiled.
"""

import concurrent.futures
import contextlib
import multiprocessing
import shutil
import tempfile
from typing import Any

import common

PROGRAM = """
data {
  int<lower=1> genes;
  int<lower=1> sgrnas;
  int<lower=1> rows;
  array[sgrnas] int<lower=1, upper=genes> gene_of_sgrna;
  array[rows] int<lower=1, upper=sgrnas> sgrna_of_row;
  vector[rows] x;
  vector[rows] logfc;
}
parameters {
  real mu_gamma;
  real<lower=0> sigma_gamma;
  vector[genes] gamma_g;
  real mu_delta;
  real<lower=0> sigma_delta;
  vector[genes] delta_g;
  real<lower=0> sigma_alpha;
  vector[sgrnas] alpha_s;
  real<lower=0> sigma_beta;
  vector[sgrnas] beta_s;
  PARAMETERS
  real<lower=0> sigma;
}
model {
  mu_gamma ~ normal(-1, 5);
  mu_delta ~ normal(-1, 5);
  sigma_gamma ~ exponential(1);
  sigma_delta ~ exponential(1);
  sigma ~ exponential(1);
  gamma_g ~ normal(mu_gamma, sigma_gamma);
  delta_g ~ normal(mu_delta, sigma_delta);
  alpha_s ~ normal(gamma_g[gene_of_sgrna], sigma_alpha);
  MODEL
  logfc ~ normal(alpha_s[sgrna_of_row] + beta_s[sgrna_of_row] .* x, sigma);
}
"""
PARTS = {
    "varying_effects": (
        "",
        """sigma_alpha ~ exponential(1);
  sigma_beta ~ exponential(1);
  beta_s ~ normal(delta_g[gene_of_sgrna], sigma_beta);""",
    ),
    "correlated_effects": (
        "real<lower=-1, upper=1> rho;",
        """sigma_alpha ~ exponential(0.5);
  sigma_beta ~ exponential(0.5);
  (rho + 1) / 2 ~ beta(2, 2);
  beta_s ~ normal(delta_g[gene_of_sgrna] + rho * sigma_beta / sigma_alpha * (alpha_s - gamma_g[gene_of_sgrna]),
                  sigma_beta * sqrt(1 - rho^2));""",
    ),
}


def main() -> None:
    """Fit one screen, or only build the model."""
    run = common.Run("pystan_nuts", {"--build": {"action": "store_true", "help": "build and cache the model, then stop"}})
    with run.importing(f"{common.NEEDS_PEERS}, and a C++ compiler"):
        import stan
        from httpstan import services_stub
        from httpstan.cache import model_directory

    options = run.options
    arrays = run.data()
    data = {
        "genes": int(arrays.gene_of_sgrna.max()) + 1,
        "sgrnas": len(arrays.gene_of_sgrna),
        "rows": len(arrays.x),
        "gene_of_sgrna": arrays.gene_of_sgrna + 1,
        "sgrna_of_row": arrays.sgrna_of_row + 1,
        "x": arrays.x,
        "logfc": arrays.logfc,
    }
    parameters, statements = PARTS[options.model]
    program = PROGRAM.replace("PARAMETERS", parameters).replace("MODEL", statements)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):  # the compiler leaves its files where it runs
        posterior = stan.build(program, data=data, random_seed=options.seed)
    if options.build:
        return
    # PyStan keeps finished fits as well: one of the same data and seed would be read instead of sampled.
    fits = model_directory(posterior.model_name) / "fits"
    shutil.rmtree(fits, ignore_errors=True)
    run.done("compile")
    # PyStan has no setting for this: its default is as many chains at a time as the machine has cores.
    context = multiprocessing.get_context("fork")
    services_stub.executor = concurrent.futures.ProcessPoolExecutor(options.cores, context, services_stub.init_worker)
    fit = posterior.sample(
        num_chains=options.chains,
        num_samples=options.draws,
        num_warmup=options.tune,
        delta=common.TARGET_ACCEPT,
        max_depth=common.MAX_TREE_DEPTH,
    )
    draws = {name: by_chain(fit[name], options.chains) for name in fit.param_names}
    run.done("sample")
    divergences = int(fit["divergent__"].sum())
    run.finish(stan.__version__, draws, divergences)
    shutil.rmtree(fits, ignore_errors=True)


def by_chain(values: Any, chains: int) -> Any:
    """PyStan's (parameter, draw * chain), draw after draw with all chains of each -> (chain, draw, parameter)."""
    return values.T.reshape(-1, chains, values.shape[0]).swapaxes(0, 1)


if __name__ == "__main__":
    main()
