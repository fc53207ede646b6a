import pandas as pd

from guidefit.assess.estimates import COLUMNS as ESTIMATE_COLUMNS
from guidefit.report import summary_page

THRESHOLDS = {"failed_share_max": 0.05, "calibration_level": 0.01}

ERROR = {"study": "s", "variant": "pooled", "seed": 1, "verdict": "error", "reasons": "error: <b>no</b> density"}


def test_a_study_whose_fits_all_failed_still_has_its_page():
    page = summary_page.page("s", pd.DataFrame([ERROR]), pd.DataFrame(columns=list(ESTIMATE_COLUMNS)), *[None] * 5, THRESHOLDS)
    assert "error: &lt;b&gt;no&lt;/b&gt; density" in page
    assert "<b>no</b>" not in page


def page_of_a_screen(on_layout):
    estimates = pd.DataFrame(columns=list(ESTIMATE_COLUMNS))
    return summary_page.page("real", pd.DataFrame([ERROR]), estimates, *[None] * 4, on_layout, THRESHOLDS)


def test_a_screens_page_tells_whether_it_is_calibrated_on_its_layout_or_how_to_know():
    title = "Is it calibrated on this screen's layout?"
    row = {"study": "given", "variant": "pooled", "fits": "all", "variable": "beta", "n": 90, "failed": 1, "failed_share": 0.011}
    good, bad = (
        {"mean_rank": 0.5, "p_value": p, "p_holm": p, "verdict": verdict} for p, verdict in ((0.4, "pass"), (1e-4, "fail"))
    )
    page = page_of_a_screen([pd.DataFrame([row | good]), pd.DataFrame([row | bad]).assign(study="before")])
    assert title in page
    assert page.index("<td>given</td><td>pooled</td>") < page.index(">yes<") < page.index("<td>before</td>") < page.index(">no<")
    assert "Not known" not in page
    assert "simulate: {layout: real, truth: posterior}" in page_of_a_screen([])
    assert title not in page_of_a_screen(None)
