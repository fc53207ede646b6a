"""Draws of a model's variables as arrays over all fits of a batch, and the names of their single parameters."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
import pandas as pd
import xarray as xr

from guidefit.base.names import DIM_COLUMNS, KEY, indexed

CONSTANT = 1e-9  # relative spread below which draws differ by rounding only
_SAMPLE = ("chain", "draw")


@dataclass(frozen=True)
class Parameters:
    """The P single parameters of some variables, in the order of the variables.

    variables: (P,) the variable of each; names: such as gamma_g[TP53]; keys: (P,) the table KEY.
    """

    variables: np.ndarray
    names: list[str]
    keys: pd.DataFrame

    def __len__(self) -> int:
        return len(self.names)

    def align(self, truth: pd.DataFrame, seeds: Sequence[int]) -> np.ndarray:
        """(seed, P) the truth of each parameter, NaN where there is none; truth: seed, KEY and truth."""
        places = self.keys.assign(parameter=np.arange(len(self)))
        rows = truth.merge(places, on=list(KEY)).merge(pd.DataFrame({"seed": seeds, "fit": np.arange(len(seeds))}), on="seed")
        found = np.full((len(seeds), len(self)), np.nan)
        found[rows["fit"], rows["parameter"]] = rows["truth"]
        return found


@dataclass(frozen=True)
class Draws:
    """Draws of a model's variables for fits with the same parameters.

    values: variable -> (seed, chain, draw, K), with K single parameters; labels: variable -> the coordinates of each by dim.
    """

    values: dict[str, np.ndarray]
    labels: dict[str, list[dict[str, object]]]

    def __len__(self) -> int:
        return len(self._first)

    @property
    def _first(self) -> np.ndarray:
        return next(iter(self.values.values()))

    @property
    def chains(self) -> int:
        """Number of chains."""
        return self._first.shape[1]

    @property
    def count(self) -> int:
        """Number of draws of all chains."""
        return self._first.shape[1] * self._first.shape[2]

    def dims(self, variable: str) -> set[str]:
        """Names of the dims of a variable but chain and draw."""
        return set(self.labels[variable][0]) if self.labels[variable] else set()

    @cached_property
    def parameters(self) -> Parameters:
        """The single parameters of all variables."""
        variables = [variable for variable, labels in self.labels.items() for _ in labels]
        names = [indexed(variable, *each.values()) for variable, labels in self.labels.items() for each in labels]
        rows = [_key(variable, each) for variable, labels in self.labels.items() for each in labels]
        columns = {key: pd.array(column, dtype="str") for key, column in zip(KEY, zip(*rows, strict=True), strict=True)}
        return Parameters(np.array(variables), names, pd.DataFrame(columns))

    def matrix(
        self, fit: int, variables: Iterable[str] | None = None, most: int | None = None, kept: np.ndarray | None = None
    ) -> np.ndarray:
        """(draw, P) the pooled draws of one fit.

        variables: None for all; most: the largest number of parameters of a variable; kept: indices of draws, None for all.
        """
        chosen = self.values if variables is None else variables
        rows = slice(None) if kept is None else kept
        return np.concatenate([self.values[name][fit].reshape(self.count, -1)[rows, :most] for name in chosen], axis=1)

    def names(self, variables: Iterable[str], most: int | None = None) -> list[str]:
        """The names of the columns of `matrix`."""
        return [indexed(name, *each.values()) for name in variables for each in self.labels[name][:most]]

    def is_constant(self) -> dict[str, np.ndarray]:
        """variable -> (seed, K), whether all draws of a parameter are the same number, up to rounding."""
        found = {}
        for name, values in self.values.items():
            numbers = values.astype(float, copy=False)
            with np.errstate(invalid="ignore"):
                spread, size = np.ptp(numbers, axis=(1, 2)), abs(numbers.mean(axis=(1, 2)))
                found[name] = (spread <= CONSTANT * size) & np.isfinite(size)
        return found


def of_dataset(draws: xr.Dataset) -> Draws:
    """The draws of a group (chain, draw, ...), of one fit or with a dim `seed` of several."""
    values, labels = {}, {}
    for variable, array in draws.data_vars.items():
        name, dims = str(variable), [str(dim) for dim in array.dims if dim not in ("seed", *_SAMPLE)]
        with_seed = array if "seed" in array.dims else array.expand_dims("seed")
        numbers = with_seed.transpose("seed", *_SAMPLE, *dims).values
        values[name] = numbers.reshape(*numbers.shape[:3], -1)
        places = product(*(array[dim].values.tolist() for dim in dims))
        labels[name] = [dict(zip(dims, place, strict=True)) for place in places]
    return Draws(values, labels)


def _key(variable: str, labels: dict[str, object]) -> tuple[object, ...]:
    """The values of KEY; coordinates of dims without a column of their own go into the name."""
    rest = [label for dim, label in labels.items() if dim not in DIM_COLUMNS]
    return (indexed(variable, *rest), *(labels.get(dim) for dim in DIM_COLUMNS))
