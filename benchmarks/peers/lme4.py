"""lme4's point estimate (restricted maximum likelihood) of the same models in R: no priors, no draws. Runs lme4.R.

`mean` holds the estimates of the fixed effects, the standard deviations and the correlation; `sd` the standard errors of the fixed
effects. `sample` is the call of lmer alone, `import` the start of Python and of R with lme4, `compile` everything between them.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

import common

NEEDS = "R and its package lme4 (Debian: r-base-core, r-cran-lme4)"


def main() -> None:
    """Fit one screen."""
    run = common.Run("lme4")
    with run.importing(common.NEEDS_PROJECT):
        import numpy as np
    if shutil.which("Rscript") is None:
        run.missing(NEEDS)

    arrays = run.data()
    genes, sgrnas, rows = int(arrays.gene_of_sgrna.max()) + 1, len(arrays.gene_of_sgrna), len(arrays.x)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (arrays.gene_of_sgrna[arrays.sgrna_of_row] + 1).astype(np.int32).tofile(folder / "gene.bin")
        (arrays.sgrna_of_row + 1).astype(np.int32).tofile(folder / "sgrna.bin")
        arrays.x.astype(float).tofile(folder / "x.bin")
        arrays.logfc.astype(float).tofile(folder / "logfc.bin")
        script = Path(__file__).with_suffix(".R")
        ended = subprocess.run(["Rscript", "--vanilla", script, folder, run.options.model, *map(str, (genes, sgrnas, rows))])
        if ended.returncode == 3:
            run.missing(NEEDS)
        if ended.returncode:
            raise SystemExit(f"lme4.R ended with exit code {ended.returncode}")
        lines = [line.split("\t") for line in (folder / "result.txt").read_text().splitlines()]
    run.done("R")
    run.stop()

    found: dict[str, dict[str, str]] = {}
    for kind, variable, value in lines:
        found.setdefault(kind, {})[variable] = value
    load, sample, cpu = (float(found["seconds"][key]) for key in ("load", "sample", "cpu"))
    run.seconds |= {"import": run.seconds["import"] + load, "compile": run.seconds["R"] - load - sample, "sample": sample}
    run.cpu_seconds["sample"] = cpu
    mean, sd = ({variable: [float(value)] for variable, value in found[kind].items()} for kind in ("mean", "sd"))
    messages = [value for kind, _, value in lines if kind == "message"]
    none = dict.fromkeys(("ess_bulk_min", "ess_bulk_median", "r_hat_max", "divergences"))
    run.write(found["version"]["lme4"], mean, sd, {**none, "messages": messages})


if __name__ == "__main__":
    main()
