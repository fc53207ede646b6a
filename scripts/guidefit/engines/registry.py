"""The engines by name."""

import importlib

from guidefit.engines.interface import Engine, Settings
from guidefit.models.declaration import Declaration, Priors

ENGINES = ("nuts", "collapsed", "gibbs")


def module_of(engine: str) -> str:
    """The module of an engine, which has the engine's name."""
    return f"guidefit.engines.{engine}"


def make_engine(declared: Declaration, priors: Priors, settings: Settings, threads: int, prior_seed: int, place: str) -> Engine:
    """The engine that the settings name, for a variant with these priors.

    Its module is imported here and not at the top, so that a job imports only what its own engine needs. threads: chains that run
    at the same time; prior_seed: seed of the draws from the prior; place: names the variant in errors.
    """
    module = importlib.import_module(module_of(settings.engine))
    return module.make_engine(declared, priors, settings, threads, prior_seed, place)
