"""Bounds of the library and of the config agree."""

from guidefit.config.screen import Screen
from guidefit.screens.limits import LOGFC_MAX


def test_the_config_has_the_same_bound_of_logfc():
    assert Screen.model_fields["logfc_max"].default == LOGFC_MAX
