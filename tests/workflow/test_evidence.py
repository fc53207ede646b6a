"""Calibration of evidence, through the real Snakefile: the variant that generates the data is drawn for each seed."""

import pytest

pytestmark = pytest.mark.slow


def test_posterior_model_probabilities_are_right(workflow):
    study = {
        "simulate": {
            "truth": "prior",
            "variant_probabilities": {"gene_effects": 0.6, "pooled": 0.4},
            "genes": 3,
            "sgrnas_per_gene": 2,
            "cell_lines": 5,
        },
        "sampling": {"engine": "collapsed", "draws": 50},
        "variants": ["gene_effects", "pooled"],
        "seeds": "0-29",
        "batch_size": 30,
        "checks": False,
        "figure_seeds": 0,
    }
    workflow.configure(drawn=study)
    run = workflow.run()
    assert run.jobs.count("simulate_drawn") == 1
    table = workflow.table("drawn/model_probabilities.csv")
    assert (table["verdict"] == "pass").all()
    assert (table["seeds"] + table["without_evidence"] == 30).all()
    assert (table["seeds"] >= 25).all()
    drawn = table[table["quantity"] == "share of data sets"].set_index("variant")["observed"]
    assert drawn.sum() == pytest.approx(1)
    assert 0.2 < drawn["pooled"] < 0.8
    ranks = workflow.table("drawn/calibration.csv").query("fits == 'all'")
    assert ranks.groupby("variant")["n"].max().sum() == 30  # each variant has ranks in the seeds whose data it generated
    recovery = workflow.table("drawn/recovery.csv").query("fits == 'all'")
    assert recovery.groupby("variant")["seeds"].max().sum() == 30
    assert "Are the posterior model probabilities right?" in (workflow / "results/drawn/index.html").read_text()
    assert "Nothing to be done" in workflow.run("--dry-run").output
