"""What pruning units at once costs beyond what each costs alone, learned from measured plans."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LinearRegression

from workbench.estimate import Estimates

Array = NDArray[np.float64]

FEWEST_OUTCOMES = 8
COVERAGE = 0.85
"""Share of measurements that error bars are to hold."""

_SURE, _UNSURE = 0.02, 0.5
"""Spread of an accuracy, as a fraction of it: without damage, and per unit of log accuracy lost."""


@dataclass(frozen=True, eq=False)
class Damage:
    """What the units of some networks lose, each pruned alone, in log accuracy.

    Attributes:
        product: The sum: what is lost if damages are independent, shape ``(networks,)``.
        shared: What of each unit's damage meets damage of others: all but its own fraction of the
            sum, shape ``(networks, units)``. Nothing does, where one unit alone is pruned: there
            the scan is right.
    """

    product: Array
    shared: Array

    @classmethod
    def of(cls, drops: Array) -> "Damage":
        """The damage of what each unit loses, shape ``(networks, units)``."""
        total = drops.sum(axis=-1)
        fraction = drops / np.where(total > 0, total, 1.0)[:, None]
        return cls(total, drops * (1 - fraction))

    @classmethod
    def joined(cls, parts: Sequence["Damage"]) -> "Damage":
        """All networks of several, at least one."""
        return cls(
            np.concatenate([part.product for part in parts]),
            np.concatenate([part.shared for part in parts]),
        )

    def __getitem__(self, networks: NDArray[np.intp]) -> "Damage":
        return Damage(self.product[networks], self.shared[networks])

    def __len__(self) -> int:
        return len(self.product)


@dataclass(frozen=True, eq=False)
class Correction:
    """Log accuracy lost beyond the product, as a rising function of the shared damage.

    The function is ``a·s + b·s² + Σ c_u·s_u`` of what the units share, s_u, and its sum s, with no
    coefficient below 0: more pruning is never expected to be better. What is lost already makes a
    prediction less sure; how much wider its error bar has to be is taken from past errors: of
    measured plans when it was fitted without them, and of predictions that were measured
    afterwards.

    Attributes:
        coefficients: a, b and c, shape ``(2 + units,)``.
        widening: Half an error bar, as a multiple of the spread.

    Reference:
        Papadopoulos et al., Regression Conformal Prediction with Nearest Neighbours, 2011, for
        intervals that follow a spread.
    """

    coefficients: Array = field(repr=False)
    widening: float

    @classmethod
    def fit(
        cls, damage: Damage, logs: Array, errors: Sequence[float | None], best: float
    ) -> "Correction":
        """Learn from at least `FEWEST_OUTCOMES` plans.

        Args:
            damage: Of every plan.
            logs: Log of the measured accuracy over that of the model as it is, shape ``(plans,)``.
            errors: Accuracy predicted for it before it was measured, minus the measured one.
            best: Accuracy of the model as it is, in (0, 1].
        """
        scores = np.array(
            [
                _score(damage, logs, place, best) if error is None else abs(error) / spread
                for place, (error, spread) in enumerate(
                    zip(errors, _spreads(best * np.exp(logs), best), strict=True)
                )
            ]
        )
        return cls(_coefficients(damage, logs), _quantile(scores))

    def logs(self, damage: Damage) -> Array:
        """Expected log accuracy over that of the model as it is, shape ``(networks,)``."""
        return _logs(self.coefficients, damage)

    def estimates(self, damage: Damage, best: float, floor: float) -> Estimates:
        """Accuracy of networks, none of them expected below `floor`."""
        values = best * np.exp(self.logs(damage))
        half = self.widening * _spreads(values, best)
        expected = np.maximum(values, floor)
        lows = np.clip(values - half, 0.0, expected)
        return Estimates(expected, lows, np.maximum(np.minimum(values + half, 1.0), expected))


def _terms(damage: Damage) -> Array:
    total = damage.shared.sum(axis=-1, keepdims=True)
    return np.concatenate([total, np.square(total), damage.shared], axis=-1)


def _logs(coefficients: Array, damage: Damage) -> Array:
    found: Array = -damage.product - _terms(damage) @ coefficients
    return found


def _coefficients(damage: Damage, logs: Array) -> Array:
    """By least squares; plans that lose little count for more, as they are measured more surely."""
    regression = LinearRegression(positive=True, fit_intercept=False)
    beyond = -(logs + damage.product)
    regression.fit(_terms(damage), beyond, sample_weight=1 / np.square(_SURE + damage.product))
    found: Array = regression.coef_
    return found


def _spreads(values: Array, best: float) -> Array:
    lost = -np.log(np.minimum(values / best, 1.0))
    return np.asarray(values * (_SURE + _UNSURE * lost), np.float64)


def _score(damage: Damage, logs: Array, place: int, best: float) -> float:
    """The error in spreads of a prediction by all plans but this one."""
    others = np.delete(np.arange(len(logs)), place)
    one = damage[np.array([place])]
    value = best * np.exp(_logs(_coefficients(damage[others], logs[others]), one))
    return float(np.abs(value - best * np.exp(logs[place]))[0] / _spreads(value, best)[0])


def _quantile(scores: Array) -> float:
    """So that the next score is as small with a probability of `COVERAGE`."""
    rank = int(np.ceil(COVERAGE * (len(scores) + 1)))
    return float(np.sort(scores)[min(rank, len(scores)) - 1])
