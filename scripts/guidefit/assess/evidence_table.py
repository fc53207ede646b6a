"""The table of posterior model probabilities, model_probabilities.csv."""

COLUMNS = (
    *("study", "quantity", "variant", "prior_probability", "seeds", "without_evidence"),
    *("observed", "expected", "mcse", "p_value", "p_holm", "verdict"),
)
MEAN, DRAWN, LOG_SCORE = "mean posterior probability", "share of data sets", "log posterior probability"
