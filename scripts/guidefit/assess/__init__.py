"""Assessment of fits: predictive checks, diagnostics, comparison, recovery, calibration."""
