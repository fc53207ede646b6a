"""The section `thresholds`: where verdicts change."""

from collections.abc import Iterator

from guidefit.config.section import Problem, Section, key


class Thresholds(Section):
    """Where the verdict of a fit, a study or a gene changes."""

    r_hat_pass: float = key(1.01, "A fit passes if its largest R-hat is below this.", ge=1)
    r_hat_fail: float = key(1.05, "A fit fails if its largest R-hat is this or more.", ge=1)
    ess_per_chain_pass: float = key(
        100.0, "A fit passes if its smallest bulk and tail ESS per chain are this or more.", unit="draws", ge=0
    )
    ess_per_chain_fail: float = key(
        25.0, "A fit fails if its smallest bulk or tail ESS per chain is below this.", unit="draws", ge=0
    )
    unmixed_share_max: float = key(
        0.01,
        "In a fit by the engine gibbs, this share of the genes, sgRNAs or cell lines of a variable may have a high R-hat: their "
        "R-hat and ESS do not count, and they are named.",
        ge=0,
        le=0.2,
    )
    divergence_rate_fail: float = key(
        0.001, "A fit fails if a larger share of its draws diverges; only a share of 0 passes.", ge=0, le=1
    )
    max_treedepth_rate_fail: float = key(
        0.1, "A fit fails if a larger share of its draws reaches the maximum tree depth; it passes if none does.", ge=0, le=1
    )
    e_bfmi_pass: float = key(0.3, "A fit passes if the E-BFMI of every chain is this or more.", ge=0)
    e_bfmi_fail: float = key(0.2, "A fit fails if the E-BFMI of any chain is below this.", ge=0)
    contraction_pass: float = key(
        0.3,
        "A direction of the parameters is reported as not identified if its posterior variance is less than this share "
        "smaller than its prior variance.",
        le=1,
    )
    contraction_fail: float = key(
        0.1,
        "A fit fails if the contraction of a direction, less two Monte Carlo standard errors, is below this.",
        le=1,
    )
    prior_conflict_level: float = key(
        0.001,
        "A prior is reported as contradicting the data if it has less than this probability, divided by the number of parameters "
        "with priors of their own, beyond the posterior mean. About this share of the fits of a right model is reported, at most.",
        ge=0,
        lt=1,
    )
    effect_kurtosis_max: float = key(
        1.0,
        "The verdict of a variant with normal effects of genes is lowered if their excess kurtosis in a real screen is larger than "
        "this, and significantly: the calls of genes are then not calibrated.",
        ge=0,
    )
    prior_sensitivity_max: float = key(
        0.05,
        "A prior is named if the power-scaling sensitivity of any estimate to it is larger than this. It lowers no verdict.",
        ge=0,
    )
    calibration_level: float = key(
        0.01,
        "A variable is not calibrated if the p-value of its rank statistics, corrected over the variables, is below this.",
        gt=0,
        lt=1,
    )
    failed_share_max: float = key(
        0.05,
        "The answers on recovery and calibration are no if a larger share of a variant's fits fails or stops.",
        ge=0,
        le=1,
    )
    effect_prob: float = key(
        0.975,
        "A gene is depleted, enriched or without effect if the posterior probability of that is this or more, else unclear.",
        gt=0.5,
        lt=1,
    )
    effect_min: float = key(0.2, "Effects smaller than this count as no effect.", unit="logFC", ge=0)
    fdr: float = key(
        0.05,
        "Genes are called depleted, and others enriched, as long as the expected share of false ones among them is at most this.",
        gt=0,
        lt=1,
    )
    multiplier_min: float = key(
        0.3,
        "Cell lines whose multiplier k_l is smaller are flagged: they hardly respond, and their effects are those of other lines.",
        ge=0,
    )
    power_min: float = key(0.8, "For a design study: the power that a design should reach.", gt=0, lt=1)
    few_guides: int = key(3, "Genes with fewer sgRNAs than this are flagged.", unit="sgRNAs", ge=1)
    guide_departure_warn: float = key(
        10.0,
        "A guide that is further from the median of its gene than this lowers the verdicts of all fits to the screen.",
        unit="robust standard deviations",
        gt=0,
    )
    guide_departure_max: float = key(
        4.0,
        "Genes are flagged if a guide is further from the median of its gene than this and the verdict is another one without it.",
        unit="robust standard deviations",
        gt=0,
    )
    cna_sd_min: float = key(
        0.1, "Genes whose copy number has a smaller standard deviation than this are flagged.", unit="diploid", ge=0
    )
    lost_share: float = key(
        1 / 3,
        "A screen stops at import if it loses a larger share of its guides, genes or cell lines when files are joined; a smaller "
        "share lowers the verdicts.",
        ge=0,
        le=1,
    )
    leverage_max: float = key(
        0.5, "Genes are flagged if one cell line has a larger share than this of the sum of squares of x.", ge=0, le=1
    )
    sample_reads_min: float = key(20.0, "Samples with fewer reads per guide are flagged.", unit="reads", ge=0)
    sample_zeros_max: float = key(0.3, "Samples in which a larger share of the guides has no reads are flagged.", ge=0, le=1)
    sample_gini_max: float = key(0.5, "Samples whose log2(count + 1) has a larger Gini index are flagged.", ge=0, le=1)
    sample_correlation_min: float = key(
        0.5, "Samples whose log2 counts correlate less with those of their replicates on average are flagged.", ge=-1, le=1
    )
    sample_nnmd_max: float = key(
        -0.5,
        "Samples in which essential genes are less separated from nonessential ones (NNMD, negative is better) are flagged.",
        unit="standard deviations",
    )
    centre_max: float = key(
        0.2,
        "With normalise: all, a median logFC of control genes or guides further from 0 than this lowers the verdicts.",
        unit="logFC",
        ge=0,
    )
    band_prob: float = key(0.99, "Probability of the simultaneous band of LOO-PIT.", gt=0, lt=1)
    loo_pit_distance_max: float = key(
        0.05,
        "LOO-PIT outside its band lowers the verdict only if the probabilities are off by more than this somewhere: with many rows "
        "the smallest departure leaves the band. It holds for all rows, and for each gene, cell line and sgRNA.",
        ge=0,
        le=1,
    )
    line_median_max: float = key(
        0.2,
        "A cell line counts against a fit if the median logFC of its essential genes departs from its prediction by more than "
        "this, and significantly.",
        unit="logFC",
        ge=0,
    )
    pareto_k_share_max: float = key(
        0.01,
        "PSIS-LOO is not reliable, and a variant is not ranked, if k-hat is too high for a larger share of the rows.",
        ge=0,
        le=1,
    )
    elpd_diff_min: float = key(4.0, "Variants whose elpd differs by less than this share a rank.", unit="elpd", ge=0)
    elpd_se_min: float = key(
        2.0, "Variants whose elpd differs by fewer standard errors than this share a rank.", unit="standard errors", ge=0
    )

    def contradictions(self) -> Iterator[Problem]:
        """Pairs of thresholds in the wrong order."""
        for name, passes_below in (("r_hat", True), ("ess_per_chain", False), ("e_bfmi", False), ("contraction", False)):
            passes, fails = (getattr(self, f"{name}_{which}") for which in ("pass", "fail"))
            if passes > fails if passes_below else passes < fails:
                side = "above" if passes_below else "below"
                yield (
                    f"{name}_pass",
                    f"{passes:g} is {side} {name}_fail ({fails:g}): a fit would both pass and fail. Change one of them.",
                )
