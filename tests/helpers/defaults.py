"""The library's settings with the config's defaults: the library has none of its own.

Each function is called as the dataclass that it returns, with the values that differ from the defaults.
"""

from guidefit.config.sampling import Sampling
from guidefit.config.screen import STEPS, Screen
from guidefit.config.simulate import Simulate
from guidefit.config.study import Study
from guidefit.engines import interface
from guidefit.screens import covariates, depmap
from guidefit.simulation import designs


def default_of(section, key):
    return section.model_fields[key].get_default(call_default_factory=True)


def Settings(**changed):
    return interface.Settings(**Sampling().model_dump() | changed)


def Design(**changed):
    return designs.Design(**Simulate().design_values() | changed)


def Steps(**changed):
    resolved = {"of": {}, "normalise": "nonessential"}  # what the config makes of None
    return depmap.Steps(**{step: default_of(Screen, step) for step in STEPS} | resolved | changed)


def Covariate(name, winsor_quantiles=None, diploid=2.0):
    """diploid: that of simulated screens."""
    return covariates.Covariate(name, winsor_quantiles or default_of(Study, "winsor_quantiles"), diploid)
