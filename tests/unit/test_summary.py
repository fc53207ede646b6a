import pandas as pd

from guidefit import summary
from guidefit.diagnostics import ESTIMATE_COLUMNS

THRESHOLDS = {"failed_share_max": 0.05, "calibration_level": 0.01}

ERROR = {"study": "s", "variant": "pooled", "seed": 1, "verdict": "error", "reasons": "error: <b>no</b> density"}


def test_a_study_whose_fits_all_failed_still_has_its_page():
    page = summary.page("s", pd.DataFrame([ERROR]), pd.DataFrame(columns=list(ESTIMATE_COLUMNS)), *[None] * 5, THRESHOLDS)
    assert "error: &lt;b&gt;no&lt;/b&gt; density" in page
    assert "<b>no</b>" not in page
