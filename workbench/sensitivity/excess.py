"""What pruning units at once costs beyond what each costs alone, as plans like it showed.

Plans that prune much lose very differently, and no formula of what single units cost tells how.
Once many plans were measured, a Gaussian process tells from those that are most like the one in
question. It changes nothing of a plan that prunes one unit alone: there the scan is right.

Reference:
    Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, section 5.4.2, for
    predictions of each plan by all others.
"""

import warnings
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import (
    ConstantKernel,
    DotProduct,
    Kernel,
    Matern,
    WhiteKernel,
)

from workbench.estimate import Estimates
from workbench.sensitivity.correction import COVERAGE

Array = NDArray[np.float64]

FEWEST_PLANS = 64
"""Fewer do not tell which plans are alike."""

_GROWTH = 1.5
"""The kernel is fitted again once there are so many times the plans it was fitted to."""

_ALONE = 0.02
_LEAST_ERROR = 0.005
_SOFTENING = 0.02
_ALIKE = 0.12
"""Accuracies so far apart have error bars of their own."""


@dataclass(frozen=True, eq=False)
class Traits:
    """What is known of some networks before they are measured.

    Attributes:
        product: Accuracy if damages were independent, none below that of guessing, shape
            ``(networks,)``.
        shared: Damage that meets damage of other units, in log accuracy, shape ``(networks,)``.
        features: What networks are alike in, shape ``(networks, features)``.
    """

    product: Array
    shared: Array
    features: Array

    @classmethod
    def of(cls, product: Array, shared: Array, drops: Array, divergences: Array) -> "Traits":
        """The traits of networks.

        Args:
            product, shared: As the attributes.
            drops: What every unit alone costs in log accuracy, shape ``(networks, units)``.
            divergences: How far each alone diverges in nats, of that shape.
        """
        columns = (
            np.sqrt(divergences),
            drops,
            np.sqrt(divergences.sum(axis=1, keepdims=True)),
            drops.sum(axis=1, keepdims=True),
        )
        return cls(product, shared, np.concatenate(columns, axis=1))

    @property
    def reach(self) -> Array:
        """How far from the product a network may be: hardly, where one unit alone is pruned."""
        return np.asarray(np.sqrt(self.shared) + _ALONE)


@dataclass(frozen=True, eq=False)
class Excess:
    """A Gaussian process of the logit of accuracy beyond the product, per reach.

    Attributes:
        kernel: Fitted; tells how alike two networks are.
        plans: How many it was fitted to.
    """

    kernel: Kernel
    plans: int
    _process: GaussianProcessRegressor = field(repr=False)
    _center: Array = field(repr=False)
    _scale: Array = field(repr=False)
    _mean: float
    _spread: float
    _values: Array = field(repr=False)
    _scores: Array = field(repr=False)

    @classmethod
    def fit(cls, traits: Traits, accuracies: Array, before: "Excess | None" = None) -> "Excess":
        """Learn from at least `FEWEST_PLANS` plans.

        Args:
            traits: Of every plan.
            accuracies: Measured, in [0, 1], shape ``(plans,)``.
            before: Learned from some of them; its kernel is taken as long as it will do.
        """
        count = len(accuracies)
        refits = before is None or count >= _GROWTH * before.plans
        center = traits.features.mean(axis=0)
        scale = traits.features.std(axis=0) + 1e-9
        beyond = (_logits(accuracies) - _logits(traits.product)) / traits.reach
        mean, spread = float(beyond.mean()), float(beyond.std()) + 1e-9
        targets = (beyond - mean) / spread
        process = GaussianProcessRegressor(
            _kernel() if before is None or refits else before.kernel,
            alpha=0.0,
            optimizer="fmin_l_bfgs_b" if refits else None,
        )
        inputs = (traits.features - center) / scale
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # at a bound it is good enough
            process.fit(inputs, targets)
        # What each plan would have been predicted to be by all others.
        inverse = np.linalg.inv(process.kernel_(inputs))
        scales = np.diag(inverse)
        others = mean + spread * (targets - inverse @ targets / scales)
        values, errors = _accuracies(traits, others, spread / np.sqrt(scales))
        return cls(
            process.kernel_,
            count if refits or before is None else before.plans,
            process,
            center,
            scale,
            mean,
            spread,
            values,
            np.abs(values - accuracies) / errors,
        )

    def estimates(self, traits: Traits, floor: float, best: float) -> Estimates:
        """Accuracy of networks, none expected outside of ``[floor, best]``."""
        found, deviations = self._process.predict(
            (traits.features - self._center) / self._scale, return_std=True
        )
        values, errors = _accuracies(
            traits, self._mean + self._spread * found, self._spread * deviations
        )
        half = errors * self._widening(values)
        expected = np.clip(values, floor, max(best, floor))
        lows = np.clip(values - half, 0.0, expected)
        return Estimates(expected, lows, np.maximum(np.minimum(values + half, 1.0), expected))

    def _widening(self, values: Array) -> Array:
        """Half an error bar, in standard errors: so far off were most plans about as accurate."""
        order = np.argsort(self._scores)
        near = np.exp(-0.5 * np.square((self._values[order] - values[:, None]) / _ALIKE))
        held = np.cumsum(near, axis=1)
        wanted = COVERAGE * (held[:, -1:] + 1)
        places = np.minimum((held < wanted).sum(axis=1), len(order) - 1)
        return np.asarray(self._scores[order][places])


def _kernel() -> Kernel:
    return (
        ConstantKernel(1.0) * DotProduct(1.0)
        + ConstantKernel(0.3) * Matern(3.0, (0.5, 100.0), nu=1.5)
        + WhiteKernel(0.05, (1e-3, 1.0))
    )


def _accuracies(traits: Traits, beyond: Array, deviations: Array) -> tuple[Array, Array]:
    """Accuracies, and their standard errors, of what is expected beyond the product."""
    values = _inverse(_logits(traits.product) + traits.reach * beyond)
    slope = np.clip(values, 0, 1) * (1 - np.clip(values, 0, 1))
    return values, np.asarray(slope * traits.reach * deviations + _LEAST_ERROR)


def _logits(accuracies: Array) -> Array:
    return np.asarray(logit((accuracies + _SOFTENING) / (1 + 2 * _SOFTENING)))


def _inverse(logits: Array) -> Array:
    return np.asarray(expit(logits) * (1 + 2 * _SOFTENING) - _SOFTENING)
