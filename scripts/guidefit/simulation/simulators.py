"""Simulators compiled from a variant's own PyMC model: of parameters and logFC from the prior, or of logFC given all parameters."""

from collections.abc import Mapping

import numpy as np
from pymc.pytensorf import compile as pm_compile
from pymc.pytensorf import find_rng_nodes, reseed_rngs

from guidefit.models.parts import QUICK, Build, centred
from guidefit.models.declaration import Priors
from guidefit.screens.arrays import ModelData
from guidefit.screens.covariates import Truth


class PriorSimulator:
    """Draws a truth from a variant's prior and logFC from that truth. Compiled once for all seeds with the same design."""

    def __init__(self, build: Build, priors: Priors, data: ModelData) -> None:
        self.model = build(data, priors)
        dims, variables = self.model.named_vars_to_dims, (*self.model.free_RVs, *self.model.deterministics)
        # Vectors that a variant splits into its parameters have no dims, and no place in a table of truths.
        names = [v.name for v in variables if v.ndim == 0 or len(dims.get(v.name, ())) == v.ndim == 1]
        by_line = [v.name for v in variables if tuple(dims.get(v.name, ())) == ("gene", "cell_line")]
        self.names = [*names, "logfc", *by_line]
        outputs = [self.model[name] for name in self.names]
        self._draw = pm_compile([], outputs, **QUICK)
        self._rngs = find_rng_nodes(outputs)

    @property
    def dims(self) -> dict[str, tuple[str, ...]]:
        """The dims of each parameter that has any."""
        found = self.model.named_vars_to_dims
        return {name: tuple(map(str, found[name])) for name in self.names if found.get(name)}

    def __call__(self, x: np.ndarray, seed: int) -> tuple[Truth, np.ndarray]:
        """(truth by variable, (row,) logFC) for the covariate x (row,)."""
        self.model.set_data("x", x)
        reseed_rngs(self._rngs, seed)
        drawn = dict(zip(self.names, self._draw(), strict=True))
        logfc = drawn.pop("logfc")
        return drawn, logfc


class ConditionalSimulator:
    """Draws logFC of a variant's model given all its parameters. Compiled once for all seeds with the same design.

    The free variables of the model become inputs of the graph, so that any variant can be simulated. Effects are in the centred
    parametrisation, so that the free variables are those of the posterior, however it was sampled.
    """

    def __init__(self, build: Build, priors: Priors, data: ModelData) -> None:
        model = build(data, centred(priors))
        self._free, logfc = model.free_RVs, model["logfc"]
        self._draw = pm_compile(self._free, logfc, on_unused_input="ignore", **QUICK)
        self._rngs = find_rng_nodes([logfc])

    def __call__(self, values: Mapping[str, np.ndarray], seed: int) -> np.ndarray:
        """(row,) logFC at these values of the parameters."""
        reseed_rngs(self._rngs, seed)
        return self._draw(*(np.asarray(values[variable.name], variable.dtype) for variable in self._free))
