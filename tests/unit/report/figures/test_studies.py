"""Figures over a whole study: comparison, recovery, calibration, correction, and what they draw without any numbers."""

import numpy as np
import pandas as pd
import pytest

from guidefit.assess.recovery import COLUMNS as RECOVERY_COLUMNS
from guidefit.assess.recovery import LEVELS
from guidefit.base import tables
from guidefit.config.thresholds import Thresholds
from guidefit.effects.correction import COLUMNS as CORRECTION_COLUMNS
from guidefit.effects.judged_rows import FITTED, UNSEEN_LINES
from guidefit.report.figures import calibration, comparison, correction, recovery, samples, style

COMPARED = pd.DataFrame(
    {
        "seed": [1, 1, 2],
        "variant": ["a", "b", "a"],
        "rank": [1, np.nan, 1],
        "elpd_diff": [0.0, -6.0, 0.0],
        "se_diff": [0.0, 2.0, 0.0],
        "rows": 300,
    }
)


def test_the_comparison_of_the_first_seed():
    plot = comparison.comparison(COMPARED, "Comparison (study s")
    assert plot.data[["variant", "low", "high", "ranked"]].astype({"variant": "str"}).to_numpy().tolist() == [
        ["b", -10.0, -2.0, "not ranked"],
        ["a", 0.0, 0.0, "ranked"],
    ]
    assert plot.labels.title == "Comparison (study s, seed 1, the first of 2)"
    assert plot.labels.subtitle.startswith("300 rows")


def recovered(**columns):
    own = {"variant": "v", "variable": ["mu", "rho"], "fits": "all", "seeds": [40, 0], "bias": [0.1, np.nan]}
    values = {"bias_mcse": [0.01, np.nan], "z_mean": 0.2, "z_mean_mcse": 0.1, "contraction": 0.9, "contraction_mcse": 0.05}
    table = pd.DataFrame(own | values | {f"coverage_{level}": level / 100 for level in LEVELS} | columns)
    return table.reindex(columns=list(RECOVERY_COLUMNS))


def test_recovery_is_drawn_of_variables_with_a_truth():
    plot = recovery.coverage(recovered(), "t")
    assert set(plot.data["variable"]) == {"mu"}
    assert plot.data["value"].tolist() == plot.data["ideal"].tolist() == [0.5, 0.8, 0.9, 0.95]
    plot = recovery.bias(recovered(), "t")
    assert plot.data["value"].tolist() == [0.2, 0.9]
    assert plot.data["error"].tolist() == [0.2, 0.1]
    assert recovery.coverage(recovered(bias_mcse=np.nan), "t").data["reason"].str.contains("more than one seed").all()


def spread(seeds=20):
    rng = np.random.default_rng(1)
    names = [("mu", None), *(("gamma_g", f"g{i}") for i in range(50))]
    rows = [(seed, variable, gene, rng.random()) for seed in range(seeds) for variable, gene in names]
    table = pd.DataFrame(rows, columns=["seed", "variable", "gene", "u"]).assign(variant="v", sgrna=None, cell_line=None)
    return table.astype({"gene": "str", "sgrna": "str", "cell_line": "str"})


def test_rank_statistics_are_drawn_by_variable():
    plot = calibration.ecdf(spread(), "t")
    lines = plot.data.groupby("variable", observed=True)["coordinate"].nunique()
    assert lines.to_dict() == {"mu": 1, "gamma_g": style.MAX_NAMES}
    assert plot.labels.subtitle.startswith("20 fits")
    assert set(calibration.histograms(spread(), "t").data["variable"]) == {"mu"}
    only_genes = spread().query("variable == 'gamma_g'")
    assert "reason" in calibration.histograms(only_genes, "t").data


def corrected(value=-0.2):
    table = pd.DataFrame({"method": ["none", "<script>"], "kind": ["baseline", "variant"], "slope": value, "slope_se": 0.02})
    table = pd.concat([table.assign(rows=which) for which in (FITTED, UNSEEN_LINES)])
    return table.reindex(columns=list(CORRECTION_COLUMNS))


def test_corrections_keep_their_order():
    plot = correction.corrections(corrected(), "t")
    assert list(plot.data["method"].cat.categories) == ["<script>", "none"]
    assert plot.data["value"].tolist() == [-0.2] * 4
    assert plot.data["rows"].astype(str).tolist() == ["in-sample: fitted rows"] * 2 + ["unseen lines"] * 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "filled", "empty"),
    [
        (comparison, COMPARED, COMPARED.head(0)),
        (comparison, COMPARED, COMPARED.assign(elpd_diff=np.nan)),
        (recovery, recovered(), recovered().head(0)),
        (correction, corrected(), corrected(np.nan)),
    ],
)
def test_figures_are_drawn_from_files_with_and_without_numbers(tmp_path, module, filled, empty):
    name = module.__name__.split(".")[-1]
    outputs = {key: str(tmp_path / f"{key}.svg") for key in (("coverage", "bias") if module is recovery else (name,))}
    sizes = []
    for table in (filled, empty):
        tables.write(table, tmp_path / "table.csv")
        module.draw({name: tmp_path / "table.csv"}, outputs, {"study": "s"})
        sizes.append([(tmp_path / f"{key}.svg").stat().st_size for key in outputs])
    assert all(full > without for full, without in zip(*sizes, strict=True))


@pytest.mark.slow
def test_calibration_of_a_variant_without_rank_statistics(tmp_path):
    spread(5).to_parquet(tmp_path / "ranks.parquet")
    outputs = {key: str(tmp_path / f"{key}.svg") for key in ("ecdf", "histograms")}
    for variant in ("v", "other"):
        calibration.draw({"ranks": tmp_path / "ranks.parquet"}, outputs, {"study": "s", "variant": variant})
    assert all((tmp_path / f"{key}.svg").stat().st_size < 20_000 for key in outputs)


def test_the_quality_of_samples():
    table = pd.DataFrame(
        {
            "sample": [f"s{i}" for i in range(60)],
            "cell_line": "L",
            "condition": np.nan,
            "day": 14,
            "role": ["screened"] * 58 + ["not used"] * 2,
            "flags": ["few reads" if i in (30, 59) else np.nan for i in range(60)],
            "reads_per_guide": 300.0,
            "median_control": 200.0,
            "zero_share": 0.0,
            "gini": 0.1,
            "replicate_correlation": np.nan,
            "nnmd": np.nan,
        }
    )
    plot = samples.quality(table, Thresholds().model_dump(), "Samples")
    assert plot.data["panel"].cat.categories.tolist() == [
        "reads per guide",
        "median count of controls",
        "share without reads",
        "Gini index",
    ]
    assert plot.data["sample"].nunique() == style.MAX_NAMES
    marks = plot.data.drop_duplicates("sample").set_index("sample")["mark"]
    assert marks["s30"] == "flagged"
    assert marks["s59"] == "not used"
    assert plot.labels.subtitle.startswith("40 of 60 samples")
