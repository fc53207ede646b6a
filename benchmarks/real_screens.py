"""How do gene effects by cell line compare with those of Chronos, MAGeCK and the mean logFC on real screens?

python benchmarks/real_screens.py [--quick]        writes benchmarks/real_screens.md

About 25 minutes. Two control-enriched samples of real screens, of the libraries Avana (44 cell lines) and KY (23), are expected in
../shared/data/raw next to the checkout. Chronos and MAGeCK need an environment of their own
(benchmarks/peers/requirements-screens.txt) and are left out where it is not there. Genes go by their symbols.
"""

import json
import os
import subprocess
import time
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from measuring import CORES, PEERS, ROOT, THREADS, Bench, Raw, answer, snakemake, table

DATA = ROOT.parent / "shared/data/raw"
SCREENS_ENV = Path(os.environ.get("SCREENS_ENV", ROOT / ".venv-screens"))
LIBRARIES = ("Avana", "KY")
VARIANTS = {"gene_classes": "gibbs", "gene_by_line": "gibbs", "varying_effects": "collapsed"}
ONCOGENES = ("MYCN", "CDK4", "CCND1", "PIK3CA", "KRAS", "MDM2", "ERBB2", "EGFR")
AMPLIFIED = 2.0  # x = log2(copies + 1) - log2(diploid + 1): 11 copies or more


def files(library: str) -> dict[str, str]:
    """The files of one library by config key."""
    names = {
        "counts": f"{library}Readcounts.hdf5",
        "sequence_map": f"{library}SequenceMap.csv",
        "guide_map": f"{library}GuideMap.csv",
        "copy_number": "OmicsCNGene.hdf5",
        "nonessential": "AchillesNonessentialControls.csv",
        "essential": "AchillesCommonEssentialControls.csv",
    }
    return {key: str(DATA / name) for key, name in names.items()}


def read_matrix(path: str) -> pd.DataFrame:
    """A matrix of the release's HDF5 form."""
    with h5py.File(path) as file:
        rows, columns = (file[name].asstr()[:] for name in ("dim_0", "dim_1"))
        return pd.DataFrame(file["data"][:], rows, columns)


def symbols(labels: pd.Series) -> pd.Series:
    """The symbol of each label 'SYMBOL (ID)'."""
    return labels.str.split(" ").str[0]


def measure(bench: Bench) -> Raw:
    """Both libraries."""
    if not DATA.is_dir():
        raise SystemExit(f"There is no folder {DATA} with the raw samples of the screens. Put them there; nothing was measured.")
    libraries = LIBRARIES[1:] if bench.quick else LIBRARIES
    return {"libraries": {library: compare(bench.folder / library, library, bench.quick) for library in libraries}}


def compare(folder: Path, library: str, quick: bool) -> Raw:
    """All methods on one library: the figures by method."""
    folder.mkdir()
    costs = run_workflow(folder, library, quick)
    screen = pd.read_parquet(folder / "results/screen/data/screen/screen.parquet", columns=["gene", "cell_line", "x", "logfc"])
    cells = screen.groupby(["gene", "cell_line"], observed=True).mean().reset_index()
    controls = {kind: set(symbols(pd.read_csv(files(library)[kind])["Gene"])) for kind in ("nonessential", "essential")}
    values = {"mean logFC": cells.set_index(["cell_line", "gene"])["logfc"]} | read_variants(folder)
    calls = read_calls(folder)
    if (SCREENS_ENV / "bin/python").exists():
        write_inputs(folder, library, controls)
        chronos, cost = run_chronos(folder)
        values |= chronos
        costs |= cost
        values["MAGeCK RRA"], calls["MAGeCK RRA"], costs["MAGeCK RRA"] = run_mageck(folder, 3 if quick else None)
    else:
        print(f"Chronos and MAGeCK are left out: there is no environment {SCREENS_ENV}", flush=True)
    x = cells.set_index(["cell_line", "gene"])["x"]
    shared = x.index
    for name in values:
        shared = shared.intersection(values[name].dropna().index) if not quick or "MAGeCK" not in name else shared
    found = {name: judge(each, x, controls, shared) | costs.get(name, {}) for name, each in values.items()}
    for name, of_method in calls.items():
        found[name]["false_calls"] = false_share(of_method, controls["nonessential"])
        found[name]["true_calls"] = false_share(of_method, controls["essential"])
    correction = pd.read_csv(folder / "results/screen/correction.csv")
    genes = pd.read_csv(folder / "results/screen/gene_effects.csv")
    return {
        "cells": len(shared),
        "lines": int(shared.get_level_values("cell_line").nunique()),
        "methods": found,
        "amplified": list_amplified(values, x, controls, shared),
        "unseen": correction.to_dict("records"),
        "genes_called": count_gene_calls(genes, controls["nonessential"]),
    }


def run_workflow(folder: Path, library: str, quick: bool) -> dict[str, Raw]:
    """Fit the variants by the workflow, one job at a time; wall, CPU seconds and peak memory of each variant's fit."""
    variants = {name: {"engine": engine} | ({"draws": 250} if engine == "collapsed" else {}) for name, engine in VARIANTS.items()}
    sampling = {"engine": "gibbs", "chains": 2 if quick else 3, "tune": 100 if quick else 500, "draws": 60 if quick else 1000}
    study = {"screen": files(library) | {"constant_covariate": "drop"}, "covariate": "log2_diploid", "seeds": [1]}
    study |= {"sampling": sampling, "variants": variants, "checks": False}
    (folder / "config.json").write_text(json.dumps({"studies": {"screen": study}}))
    targets = [f"results/screen/{name}" for name in ("gene_line_effects.parquet", "gene_effects.csv", "correction.csv")]
    targets.append("results/screen/corrected_logfc.parquet")
    subprocess.run(snakemake(*targets), cwd=folder, check=True)
    found = {}
    for name in VARIANTS:
        record = pd.read_csv(folder / f"results/screen/fits/{name}/seeds_1/benchmark.tsv", sep="\t").iloc[0]
        found[name] = {
            "seconds": float(record["s"]),
            "memory_mb": float(record["max_rss"]),
            "cpu_seconds": float(record["cpu_time"]),
        }
    return found


def read_variants(folder: Path) -> dict[str, pd.Series]:
    """Effects by (cell_line, gene): of gene x line variants, or mean corrected logFC."""
    effects = pd.read_parquet(folder / "results/screen/gene_line_effects.parquet")
    found: dict[str, pd.Series] = {
        name: part.set_index(["cell_line", "gene"])["effect"] for name, part in effects.groupby("variant", observed=True)
    }
    corrected = pd.read_parquet(folder / "results/screen/corrected_logfc.parquet")
    part = corrected[corrected["variant"] == "varying_effects"]
    found["varying_effects"] = part.groupby(["cell_line", "gene"], observed=True)["corrected_logfc"].mean()
    return {name: part.rename_axis(["cell_line", "gene"]) for name, part in found.items()}


def read_calls(folder: Path) -> dict[str, pd.Series]:
    """Whether each (cell_line, gene) is called at 5 % FDR, by variant."""
    effects = pd.read_parquet(folder / "results/screen/gene_line_effects.parquet")
    return {
        str(name): part.set_index(["cell_line", "gene"])["call"] == "dependent"
        for name, part in effects.groupby("variant", observed=True)
    }


def write_inputs(folder: Path, library: str, controls: dict[str, set[str]]) -> None:
    """What the peers read: the release's own files, in the forms that they take."""
    source = files(library)
    counts, copies = read_matrix(source["counts"]), 2 ** read_matrix(source["copy_number"]) - 1
    copies.columns = symbols(copies.columns.to_series())
    sequences, guides = pd.read_csv(source["sequence_map"]), pd.read_csv(source["guide_map"])
    sequences = sequences[sequences["sequence_ID"].isin(counts.index)]
    guides = guides[guides["sgrna"].isin(counts.columns)].assign(gene=symbols(guides["gene"]))
    counts.loc[sequences["sequence_ID"], guides["sgrna"]].to_parquet(folder / "counts.parquet")
    copies.to_parquet(folder / "copy_number.parquet")
    sequences.to_csv(folder / "sequence_map.csv", index=False)
    guides[["sgrna", "gene"]].to_csv(folder / "guide_map.csv", index=False)
    (folder / "controls.json").write_text(json.dumps({kind: sorted(genes) for kind, genes in controls.items()}))


def run_chronos(folder: Path) -> tuple[dict[str, pd.Series], dict[str, Raw]]:
    """Chronos without and with its correction for copy number."""
    subprocess.run(
        [SCREENS_ENV / "bin/python", str(PEERS / "chronos_effects.py"), str(folder)], check=True, stdout=subprocess.DEVNULL
    )
    record = json.loads((folder / "chronos.json").read_text())
    cost = {key: record[key] for key in ("seconds", "memory_mb", "cpu_seconds")}
    found = {}
    for name, file in {"Chronos": "chronos", "Chronos, corrected": "chronos_corrected"}.items():
        found[name] = pd.read_parquet(folder / f"{file}.parquet").rename_axis("cell_line").rename_axis("gene", axis=1).stack()
    return found, {"Chronos": cost, "Chronos, corrected": cost | {"seconds": record["seconds"] + record["seconds_correction"]}}


def run_mageck(folder: Path, most: int | None) -> tuple[pd.Series, pd.Series, Raw]:
    """MAGeCK's RRA, line by line against the plasmid of its batch: median logFC, and calls.

    Samples have equal medians of nonessential guides beforehand: MAGeCK would leave the genes of its control sgRNAs out.
    """
    counts, guides = pd.read_parquet(folder / "counts.parquet").T, pd.read_csv(folder / "guide_map.csv").set_index("sgrna")["gene"]
    sequences = pd.read_csv(folder / "sequence_map.csv")
    negative = set(json.loads((folder / "controls.json").read_text())["nonessential"])
    middle = counts[guides.reindex(counts.index).isin(negative)].median()
    counts = counts * (middle.median() / middle)
    plasmid = sequences[sequences["cell_line_name"] == "pDNA"].groupby("pDNA_batch")["sequence_ID"].agg(list)
    started, effects, calls = time.perf_counter(), {}, {}
    for line, part in list(sequences[sequences["cell_line_name"] != "pDNA"].groupby("cell_line_name"))[:most]:
        treated, control = part["sequence_ID"].tolist(), plasmid[part["pDNA_batch"].iloc[0]]
        of_line = counts[treated + control].dropna().round().astype(int)
        of_line.columns = [f"T{i}" for i in range(len(treated))] + [f"C{i}" for i in range(len(control))]
        of_line.insert(0, "Gene", guides.reindex(of_line.index))
        of_line.rename_axis("sgRNA").reset_index().to_csv(folder / "line.txt", sep="\t", index=False)
        samples = [",".join(name for name in of_line.columns[1:] if name[0] == kind) for kind in "TC"]
        command = [str(SCREENS_ENV / "bin/mageck2"), "test", "-k", "line.txt", "-t", samples[0], "-c", samples[1], "-n", "line"]
        command += ["--norm-method", "none"]
        environment = os.environ | dict.fromkeys(THREADS, "1") | {"PATH": f"{SCREENS_ENV / 'bin'}:{os.environ['PATH']}"}
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
        summary = pd.read_csv(folder / "line.gene_summary.txt", sep="\t")
        summary = summary.set_index("id")
        effects[line], calls[line] = summary["neg|lfc"], summary["neg|fdr"] <= 0.05
    cost = {"seconds": time.perf_counter() - started}
    names = ["cell_line", "gene"]
    return pd.concat(effects, names=names), pd.concat(calls, names=names), cost


def separation(nonessential: np.ndarray, essential: np.ndarray) -> float:
    """AUROC: the probability that an essential gene is lower than a nonessential one."""
    order = np.argsort(np.argsort(np.r_[essential, nonessential]))
    wins = order[len(essential) :].sum() - len(nonessential) * (len(nonessential) - 1) / 2
    return float(wins / (len(essential) * len(nonessential)))


def judge(values: pd.Series, x: pd.Series, controls: dict[str, set[str]], shared: pd.Index) -> Raw:
    """AUROC and NNMD by line and over lines, and the slope of nonessential genes on x, on the scale of essential genes."""
    wide = values.reindex(shared).unstack("gene")
    null, needed = (wide[wide.columns[wide.columns.isin(controls[kind])]] for kind in ("nonessential", "essential"))
    zero = float(np.nanmedian(null))
    scaled = (wide - zero) / (zero - float(np.nanmedian(needed)))
    null, needed = scaled[null.columns], scaled[needed.columns]
    auroc = [separation(null.loc[line].dropna().to_numpy(), needed.loc[line].dropna().to_numpy()) for line in wide.index]
    spread = 1.4826 * null.sub(null.median(axis=1), axis=0).abs().median(axis=1)
    nnmd = (needed.mean(axis=1) - null.mean(axis=1)) / spread
    mean = scaled.mean()
    copies = x.reindex(shared).unstack("gene")[null.columns]
    deviation = copies - copies.mean()
    response = null - null.mean()
    slope = float((deviation * response).sum().sum() / (deviation**2).sum().sum())
    return {
        "auroc": float(np.mean(auroc)),
        "auroc_worst": float(np.min(auroc)),
        "nnmd": float(nnmd.mean()),
        "nnmd_worst": float(nnmd.max()),
        "auroc_of_means": separation(mean[null.columns].to_numpy(), mean[needed.columns].to_numpy()),
        "slope": slope,
    }


def false_share(calls: pd.Series, genes: set[str]) -> float:
    """Share of the cells of these genes that are called."""
    return float(calls[calls.index.get_level_values("gene").isin(genes)].mean())


def count_gene_calls(genes: pd.DataFrame, nonessential: set[str]) -> dict[str, float]:
    """Share of nonessential genes that are called common at 5 % FDR, and without effect, by variant."""
    part = genes[genes["gene"].isin(nonessential)]
    return {
        str(name): {
            "common": float((each["class_call"] == "common").mean()) if each["class_call"].notna().any() else float("nan"),
            "no effect": float((each["verdict"] == "no effect").mean()) if "verdict" in each else float("nan"),
        }
        for name, each in part.groupby("variant")
    }


def list_amplified(values: dict[str, pd.Series], x: pd.Series, controls: dict[str, set[str]], shared: pd.Index) -> list[Raw]:
    """Oncogenes where they are amplified: the effect by each method, -1 the median essential and 0 the median nonessential gene."""
    gene = shared.get_level_values("gene").astype(str)
    places = shared[gene.isin(ONCOGENES) & (x.reindex(shared) > AMPLIFIED).to_numpy()]
    found = []
    scales = {}
    for name, each in values.items():
        of_gene = each.reindex(shared)
        kind = {key: of_gene[gene.isin(genes)].median() for key, genes in controls.items()}
        scales[name] = (kind["nonessential"], kind["nonessential"] - kind["essential"])
    for line, one in places:
        effects = {
            name: float((each.get((line, one), np.nan) - scales[name][0]) / scales[name][1]) for name, each in values.items()
        }
        found.append({"gene": one, "cell_line": line, "x": float(x[line, one]), **effects})
    return sorted(found, key=lambda each: each["mean logFC"])


def page(raw: Raw) -> list[str]:
    """Tables of both libraries."""
    lines = [
        "AUROC and NNMD (difference of the means of essential and nonessential genes in robust sds of the latter) are",
        "those of control genes, by cell line. Slope: of nonessential genes on x = log2(copies + 1) - log2(diploid + 1)",
        "within genes, where -1 is the median essential gene. Calls: share of gene x line cells called at 5 % FDR. Time and",
        f"memory are those of the fit, on {CORES} cores; variants share the workflow's import. All start from the same counts.",
    ]
    for library, found in raw["libraries"].items():
        lines += ["", f"## {library}: {found['lines']} lines, {found['cells']:,} genes x lines", ""]
        head = [
            "method",
            "AUROC",
            "worst line",
            "NNMD",
            "worst line",
            "AUROC of means",
            "slope",
            "calls: nonessential",
            "essential",
        ]
        rows = []
        for name, each in found["methods"].items():
            shares = [_percent(each[key]) if key in each else "" for key in ("false_calls", "true_calls")]
            figures = [each["auroc"], each["auroc_worst"], each["nnmd"], each["nnmd_worst"], each["auroc_of_means"], each["slope"]]
            cost = [
                f"{each['seconds']:.0f}" if "seconds" in each else "",
                f"{each['memory_mb']:.0f}" if "memory_mb" in each else "",
            ]
            rows.append([name, *(f"{value:.3f}" for value in figures), *shares, *cost])
        lines += table([*head, "wall (s)", "memory (MB)"], rows)
        lines += ["", "Amplified oncogenes, on the scale of essential genes (-1):", ""]
        methods = list(found["methods"])
        rows = [
            [each["gene"], each["cell_line"], f"{each['x']:.1f}", *(f"{each[name]:.2f}" for name in methods)]
            for each in found["amplified"]
        ]
        lines += table(["gene", "line", "x", *methods], rows)
        lines += ["", "The shared slope on cell lines, and on lines and genes, that it was not fitted to (`correction.csv`):", ""]
        keys = ("rows", "method", "slope", "slope_se", "auroc", "auroc_worst", "variance_explained")
        rows = [[_cell(each.get(key)) for key in keys] for each in found["unseen"]]
        lines += table(list(keys), rows)
        lines += ["", "Nonessential genes called at 5 % FDR (class `common`), and those with the verdict `no effect`:", ""]
        rows = [[name, *(_percent(each[key]) for key in ("common", "no effect"))] for name, each in found["genes_called"].items()]
        lines += table(["variant", "common", "no effect"], rows)
    return lines


def _percent(share: float) -> str:
    return "" if np.isnan(share) else f"{100 * share:.1f} %"


def _cell(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    answer(__file__, measure, page)
