"""The config: its keys with their types, defaults and bounds, and every check of it. No other package of the library imports it."""

from guidefit.config.load import Loaded, load_config

__all__ = ["Loaded", "load_config"]
