"""guidefit: Bayesian hierarchical models of CRISPR knock-out screens.

Plain functions on tables and arrays; no knowledge of the workflow that calls them.
"""

__version__ = "0.1.0"
