"""The scale on which control genes have fixed effects."""

import pandas as pd


def control_scale(effect: pd.Series, control: pd.Series) -> tuple[float, float]:
    """(zero, unit) of the scale (effect - zero) / unit, on which the median nonessential gene is 0 and the median essential one -1.

    NaN without both kinds of control genes, or where the essential ones are not the lower ones.
    """
    zero, essential = (float(effect[control == kind].median()) for kind in ("nonessential", "essential"))
    return (zero, zero - essential) if essential < zero else (float("nan"), float("nan"))
