"""How well are the genes found that change the response to a drug, compared with MAGeCK and drugZ?

python benchmarks/peers_on_counts.py [--quick]        writes benchmarks/peers_on_counts.md

About 25 minutes. Simulated drug screens with known truth (400 genes of 4 guides, two paired replicates of drug and DMSO in one
cell line), and the leukemia screen of Wang et al. 2014 with MAGeCK's own answer, which is expected in ../shared/data/leukemia next
to the checkout and left out where it is not there. MAGeCK runs in .venv-mageck (peers/requirements-counts.txt), and is left out if
that is not there; drugZ's statistic is in peers/drugz.py.
"""

import json
import subprocess
import time
from pathlib import Path

import numpy as np
import pandas as pd
from measuring import ROOT, Bench, Raw, answer, paragraph, snakemake, table
from peers.drug_screens import GUIDES, REPLICATES, SAMPLES, simulate
from peers.drugz import drugz
from peers.mageck import MAGECK, run_mle, run_rra
from scipy import stats

LEUKEMIA = ROOT.parent / "shared/data/leukemia"
FDR = 0.05
KINDS = {"ordinary": 0.0, "with toxic guides": 0.015}  # share of guides that drop out under the drug, of any gene
VARIANTS = {"one_line_contrast": "gibbs", "gene_intercepts": "collapsed"}
METHODS = {
    **{variant: f"guidefit, `{variant}`" for variant in VARIANTS},
    "mle": "MAGeCK MLE, permuted FDR",
    "mle_wald": "MAGeCK MLE, Wald FDR",
    "rra": "MAGeCK RRA",
    "drugz": "drugZ's statistic",
}
SIGNS = {"depleted": -1, "enriched": 1}


def measure(bench: Bench) -> Raw:
    """All methods on all simulated screens, and on the leukemia screen."""
    genes, count = (60, 1) if bench.quick else (400, 2)
    screens = {
        f"{kind} {seed}": simulate(100 * i + seed, genes, toxic)
        for i, (kind, toxic) in enumerate(KINDS.items())
        for seed in range(count)
    }
    found = run_guidefit(bench.folder, {name: counts for name, (counts, _) in screens.items()}) | {"drugz": {}}
    found |= {method: {} for method in ("mle", "mle_wald", "rra") if MAGECK.exists()}
    for name, (counts, _) in screens.items():
        found["drugz"][name] = run_drugz(counts)
        if MAGECK.exists():
            found["mle"][name], found["mle_wald"][name] = run_mle(bench.folder, counts, SAMPLES["drug"], SAMPLES["dmso"])
            found["rra"][name] = run_rra(bench.folder, counts, SAMPLES["drug"], SAMPLES["dmso"])
        print(f"  {name}: done", flush=True)
    judged = [
        {"method": method, "kind": name.rpartition(" ")[0], "seconds": seconds} | judge(answers, screens[name][1])
        for method, runs in found.items()
        for name, (answers, seconds) in runs.items()
    ]
    leukemia = compare_leukemia(bench.folder) if LEUKEMIA.is_dir() and not bench.quick else None
    return {"screens": count, "genes": genes, "judged": judged, "leukemia": leukemia, "has_mageck": MAGECK.exists()}


# --- the methods: a table by gene of score (positive: enriched) and FDR in each direction, and seconds ----------------------------

Answer = tuple[pd.DataFrame, float]


def run_guidefit(folder: Path, screens: dict[str, pd.DataFrame]) -> dict[str, dict[str, Answer]]:
    """By variant and screen: each screen is a study of one run of the workflow."""
    arms = [f"{arm}_{r},line,{arm},{r}" for arm in SAMPLES for r in REPLICATES]
    (folder / "samples.csv").write_text("\n".join(["sample,cell_line,condition,replicate", *arms]))
    studies = {}
    for i, counts in enumerate(screens.values()):
        counts.to_csv(folder / f"counts_{i}.txt", sep="\t", index=False)
        screen = {"count_table": f"counts_{i}.txt", "samples": "samples.csv", "normalise": "all"}
        screen |= {"of": {"condition": "drug"}, "against": {"condition": "dmso"}}
        studies[f"s{i}"] = one_line_study(screen, VARIANTS)
    tables = run_workflow(folder, studies)
    return {variant: {name: tables[f"s{i}"][variant] for i, name in enumerate(screens)} for variant in VARIANTS}


def one_line_study(screen: Raw, variants: dict[str, str]) -> Raw:
    """A study of one cell line without copy numbers. variants: name -> engine."""
    return {"screen": screen, "variants": {name: {"engine": engine} for name, engine in variants.items()}, "checks": False}


def run_workflow(folder: Path, studies: Raw) -> dict[str, dict[str, Answer]]:
    """By study and variant: the answers, and the seconds of import, of this fit, and of the effects of all variants."""
    (folder / "config.json").write_text(json.dumps({"studies": studies}))
    targets = [f"results/{study}/gene_effects.csv" for study in studies]
    subprocess.run(snakemake("--cores", "1", *targets), cwd=folder, check=True, capture_output=True)
    found = {}
    for study in studies:
        table = pd.read_csv(folder / f"results/{study}/gene_effects.csv", keep_default_na=False).set_index("gene")
        found[study] = {variant: (_answers(genes), _seconds(folder, study, variant)) for variant, genes in table.groupby("variant")}
    return found


def _answers(genes: pd.DataFrame) -> pd.DataFrame:
    """Score and calls of guidefit's table of genes: a gene that only one guide makes significant is not called."""
    effect, sd = (genes[name].astype(float) for name in ("effect", "effect_sd"))
    rates = {f"fdr_{name}": genes[f"fdr_{name}"].astype(float).where(genes["call"] == name, 1.0) for name in SIGNS}
    return pd.DataFrame({"effect": effect, "score": effect / sd, **rates})


def _seconds(folder: Path, study: str, variant: str) -> float:
    found = 0.0
    for path in (folder / f"results/{study}").rglob("benchmark.tsv"):
        others = set(VARIANTS) - {variant}
        if not others & set(path.parts):
            found += float(pd.read_csv(path, sep="\t")["s"].sum())
    return found


def run_drugz(counts: pd.DataFrame) -> Answer:
    """drugZ's statistic."""
    started = time.perf_counter()
    answers = drugz(counts.set_index("sgRNA").drop(columns="Gene"), counts["Gene"], SAMPLES["drug"], SAMPLES["dmso"])
    return answers.rename(columns={"normz": "score"}), time.perf_counter() - started


# --- how good they are ------------------------------------------------------------------------------------------------------------


def judge(answers: pd.DataFrame, truth: pd.Series) -> Raw:
    """Power at a true FDR of 5 %, and of what is called at a nominal one of 5 %: number, and number of false ones.

    A gene that is called in the wrong direction is a false one. Power at true FDR: the share of the genes with an effect among the
    best-scored ones, in the longest list in which at most 5 % are false.
    """
    sign = truth[answers.index].to_numpy()
    score = answers["score"].to_numpy()
    order = np.argsort(-np.abs(score), kind="stable")
    right = (np.sign(score) == sign)[order] & (sign[order] != 0)
    share_false = 1 - np.cumsum(right) / np.arange(1, len(right) + 1)
    length = int(np.flatnonzero(share_false <= FDR).max(initial=-1)) + 1
    called = [(answers[f"fdr_{name}"] <= FDR).to_numpy() for name in SIGNS]
    true = [(sign == value) & own for value, own in zip(SIGNS.values(), called, strict=True)]
    return {
        "hits": int((sign != 0).sum()),
        "found": int(right[:length].sum()),
        "called": int(sum(own.sum() for own in called)),
        "true": int(sum(own.sum() for own in true)),
    }


# --- the leukemia screen ----------------------------------------------------------------------------------------------------------


def compare_leukemia(folder: Path) -> Raw:
    """Each line against the initial samples of both lines, as in MAGeCK's design matrix, gene by gene with MAGeCK MLE's answer."""
    both = "HL60.initial;KBM7.initial"
    rows = ["HL60.initial,HL60,0,", "KBM7.initial,KBM7,0,", f"HL60.final,HL60,,{both}", f"KBM7.final,KBM7,,{both}"]
    (folder / "leukemia.csv").write_text("\n".join(["sample,cell_line,day,reference", *rows]))
    screen = {"count_table": str(LEUKEMIA / "leukemia.new.csv"), "samples": "leukemia.csv", "normalise": "all"}
    lines = ("HL60", "KBM7")
    variants = {"one_line": "gibbs", "gene_intercepts": "collapsed"}
    ours = run_workflow(folder, {line: one_line_study(screen | {"of": {"cell_line": line}}, variants) for line in lines})
    answer_of = pd.read_csv(LEUKEMIA / "beta_leukemia.gene_summary.txt", sep="\t", index_col="Gene")
    counts = pd.read_csv(LEUKEMIA / "leukemia.new.csv")
    return {
        f"{line}, {variant}": _compare_line(folder, line, ours[line][variant][0], answer_of, counts)
        for line in lines
        for variant in variants
    }


def _compare_line(folder: Path, line: str, ours: pd.DataFrame, theirs: pd.DataFrame, counts: pd.DataFrame) -> Raw:
    prefix = next(name for name in theirs if name.startswith(line)).split("|")[0]
    beta, fdr = (theirs[f"{prefix}|{column}"][ours.index] for column in ("beta", "wald-fdr"))
    mle = set(beta.index[(beta < 0) & (fdr <= FDR)])
    called = set(ours.index[ours["fdr_depleted"] <= FDR])
    result: Raw = {"rank_correlation": float(stats.spearmanr(ours["effect"], beta).statistic)}
    result |= {"mle": len(mle), "ours": len(called), "both": len(mle & called), "only_mle": sorted(mle - called)}
    if MAGECK.exists():
        rra, _ = run_rra(folder, counts, [f"{line}.final"], ["HL60.initial", "KBM7.initial"])
        own = set(rra.index[rra["fdr_depleted"] <= FDR])
        result |= {"rra": len(own), "rra_and_ours": len(own & called), "rra_and_mle": len(own & mle)}
    ranks = pd.DataFrame({"ours": ours["effect"].rank(), "mle": beta.rank(), "effect": ours["effect"], "beta": beta})
    ranks["difference"] = ranks["ours"] - ranks["mle"]
    spread, low = _guides(counts, line)
    ranks["spread"], ranks["low"] = spread[ranks.index], low[ranks.index]
    far = ranks["difference"].abs().nlargest(8).index
    result["far"] = [{"gene": gene, **{key: float(value) for key, value in ranks.loc[gene].items()}} for gene in far]
    close = ranks["difference"].abs() < ranks["difference"].abs().median()
    most = ranks["difference"].abs().rank(ascending=False) <= 50
    result["typical"] = {name: [float(ranks.loc[rows, name].median()) for rows in (most, close)] for name in ("spread", "low")}
    return result


def _guides(counts: pd.DataFrame, line: str) -> tuple[pd.Series, pd.Series]:
    """By gene: the standard deviation of its guides' logFC, and the lowest initial count of a guide."""
    initial = counts[["HL60.initial", "KBM7.initial"]].mean(axis=1)
    logfc = np.log2((counts[f"{line}.final"] + 1) / (initial + 1))
    return logfc.groupby(counts["Gene"]).std(), initial.groupby(counts["Gene"]).min()


# --- the page ---------------------------------------------------------------------------------------------------------------------


def page(raw: Raw) -> list[str]:
    """The page: a table for each kind of screen, and the leukemia screen."""
    lines = paragraph(
        f"**Simulated drug screens** ({raw['screens']} of each kind): {raw['genes']} genes of {GUIDES} guides in one cell line, two"
        " paired replicates of drug and DMSO, counts from a negative binomial (dispersion 0.04) around 300; of 25 genes two are "
        "depleted and one is enriched by 0.4 to 2 logFC, times the strength of each guide (0.86 on average). *With toxic guides* "
        "1.5 % of the guides lose 3 logFC more under the drug, in any gene. All methods normalise by all guides, with "
        "their defaults otherwise. *Power at true FDR 5 %* is the share of the genes with an effect in the longest list of "
        "best-scored genes of which at most 5 % are false; a call in the wrong direction is false. *Called* are genes at a nominal"
        " FDR of 5 %, guidefit's beyond `effect_min` (0.2 logFC). Errors are binomial ones. Seconds are wall seconds a screen; "
        "guidefit's include the start of its import, fit and effects jobs."
    )
    for kind in KINDS:
        rows = [_row(raw, method, kind) for method in METHODS if any(each["method"] == method for each in raw["judged"])]
        header = ["method", "power at true FDR 5 %", "called", "true FDR of the called", "power of the called", "seconds"]
        lines += [f"*{kind.capitalize()}*", "", *table(header, rows)]
    if not raw["has_mageck"]:
        lines += paragraph(
            "Not measured: MAGeCK. It needs the environment .venv-mageck (benchmarks/peers/requirements-counts.txt)."
        )
    return lines + (_leukemia_page(raw["leukemia"]) if raw["leukemia"] else [])


def _row(raw: Raw, method: str, kind: str) -> list[str]:
    runs = [each for each in raw["judged"] if (each["method"], each["kind"]) == (method, kind)]
    hits, found, called, true = (sum(run[key] for run in runs) for key in ("hits", "found", "called", "true"))
    shares = [_share(found, hits), str(called), _share(called - true, called), _share(true, hits)]
    return [METHODS[method], *shares, f"{np.mean([run['seconds'] for run in runs]):.1f}"]


def _some(names: list[str]) -> str:
    rest = len(names) - 8
    return ", ".join(names[:8] + ([f"and {rest} more"] if rest > 0 else [])) or "none"


def _share(part: int, whole: int) -> str:
    if not whole:
        return "-"
    share = part / whole
    return f"{share:.3f} ± {np.sqrt(share * (1 - share) / whole):.3f}"


def _leukemia_page(leukemia: Raw) -> list[str]:
    header = [
        "line, variant",
        "rank correlation with MLE",
        "depleted by MLE",
        "by guidefit",
        "by both",
        "by RRA",
        "by RRA and guidefit",
        "only by MLE",
    ]
    rows = [
        [
            line,
            f"{one['rank_correlation']:.3f}",
            *(str(one.get(key, "-")) for key in ("mle", "ours", "both", "rra", "rra_and_ours")),
            _some(one["only_mle"]),
        ]
        for line, one in leukemia.items()
    ]
    lines = ["**Leukemia screen** (Wang et al. 2014; 1,000 genes of 10 guides).", ""]
    lines += paragraph(
        "HL60 and KBM7, each against the initial samples of both, as in MAGeCK's design matrix. MLE is the answer that MAGeCK's "
        "authors distribute with the data (Wald FDR, 5 %), RRA was run here. guidefit has effects relative to the median of all "
        "guides; each gene has ten guides, so that a line without replicates has ten values a gene."
    )
    lines += table(header, rows)
    lines += paragraph(
        "Genes with the largest differences in rank (of 1,000; 1 is the most depleted). *Spread* is the standard deviation of "
        "logFC of the gene's guides, *lowest count* that of its rarest guide before the screen: MLE weights guides by their "
        "counts, and its iterations follow the guides that agree; guidefit leaves out guides with a scaled count below 50 and "
        "gives the others equal weight."
    )
    for line, one in leukemia.items():
        if "gene_intercepts" in line:
            continue
        shown = [
            [
                f["gene"],
                f"{f['ours']:.0f}",
                f"{f['mle']:.0f}",
                f"{f['effect']:.2f}",
                f"{f['beta']:.2f}",
                f"{f['spread']:.2f}",
                f"{f['low']:.0f}",
            ]
            for f in one["far"]
        ]
        lines += table([f"gene, {line}", "rank, guidefit", "rank, MLE", "effect", "beta", "spread", "lowest count"], shown)
        (far_spread, near_spread), (far_low, near_low) = one["typical"]["spread"], one["typical"]["low"]
        lines += paragraph(
            f"The 50 genes of {line} with the largest differences have a median spread of {far_spread:.2f} and a median lowest "
            f"count of {far_low:.0f}; the half of the genes with the smallest differences have {near_spread:.2f} and "
            f"{near_low:.0f}."
        )
    return lines


if __name__ == "__main__":
    answer(__file__, measure, page)
