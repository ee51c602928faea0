"""What pruning units at once costs beyond what each costs alone, learned from measured plans."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct, Kernel, WhiteKernel
from sklearn.model_selection import KFold

from workbench.estimate import Estimate

Array = NDArray[np.float64]

FEWEST_OUTCOMES = 8
MOST_OUTCOMES = 200
"""The latest are learned from; more would take longer than they teach."""

COVERAGE = 0.9
_FOLDS = 10
_ANCHORS = 4  # how surely nothing is lost where nothing is shared
_LEAST_SPREAD = 1e-3


@dataclass(frozen=True, eq=False)
class Damage:
    """What the units of some networks lose, each pruned alone.

    Attributes:
        product: Log accuracy that is lost if the damages are independent, shape ``(networks,)``.
        shared: How much of it, and of the logarithms of the losses, is no single unit's, shape
            ``(networks, 2)``. Nothing is, where one unit alone is pruned: then the scan is right.
    """

    product: Array
    shared: Array

    @classmethod
    def joined(cls, parts: Sequence["Damage"]) -> "Damage":
        """All networks of several."""
        empty = cls(np.zeros(0), np.zeros((0, 2)))
        every = [empty, *parts]
        return cls(
            np.concatenate([part.product for part in every]),
            np.concatenate([part.shared for part in every]),
        )

    def __getitem__(self, networks: Array | slice) -> "Damage":
        return Damage(self.product[networks], self.shared[networks])

    def __len__(self) -> int:
        return len(self.product)


@dataclass(frozen=True, eq=False)
class Correction:
    """A Gaussian process on what of the damage the units share.

    Its spread says where it knows less; how much wider an error bar has to be is taken from past
    errors: of measured plans when it was fitted without them, and of predictions that were
    measured afterwards.

    Attributes:
        process: Predicts what is lost beyond the product, in log accuracy.
        scale: Of what they share.
        widening: Half an error bar, as a multiple of the spread.

    References:
        Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, chapter 2;
        Papadopoulos et al., Regression Conformal Prediction with Nearest Neighbours, 2011, for
        intervals that follow a spread.
    """

    process: GaussianProcessRegressor = field(repr=False)
    scale: Array = field(repr=False)
    widening: float

    @classmethod
    def fit(
        cls, damage: Damage, logs: Array, errors: Sequence[float | None], best: float
    ) -> "Correction | None":
        """Learn from plans; None if they are too few.

        Args:
            damage: Of every plan.
            logs: Log of the measured accuracy over that of the model as it is, shape ``(plans,)``.
            errors: Accuracy predicted for it before it was measured, minus the measured one.
            best: Accuracy of the model as it is, in (0, 1].
        """
        if len(logs) < FEWEST_OUTCOMES:
            return None
        latest = slice(-MOST_OUTCOMES, None)
        damage, logs, errors = damage[latest], logs[latest], errors[latest]
        scale = np.maximum(damage.shared.std(axis=0), 1e-6)
        process = _process(_kernel(), damage, logs, scale)
        fitted = cls(process, scale, 1.0)
        scores = fitted._unseen(damage, logs, best)
        for place, error in enumerate(errors):
            if error is not None:
                _, spreads = fitted._accuracy(damage[place : place + 1], best)
                scores[place] = abs(error) / spreads[0]
        return cls(process, scale, _quantile(scores))

    def logs(self, damage: Damage) -> Array:
        """Expected log accuracy over that of the model as it is, shape ``(networks,)``."""
        beyond: Array = self.process.predict(damage.shared / self.scale)
        return beyond - damage.product

    def estimate(self, damage: Damage, best: float) -> Estimate:
        """Accuracy of one network."""
        value, spread = self._accuracy(damage, best)
        half = self.widening * spread[0]
        middle = float(value[0])
        return Estimate(middle, max(middle - half, 0.0), min(middle + half, 1.0))

    def _accuracy(self, damage: Damage, best: float) -> tuple[Array, Array]:
        """Expected accuracies, and their spreads."""
        beyond, spread = self.process.predict(damage.shared / self.scale, return_std=True)
        values = np.minimum(best * np.exp(beyond - damage.product), 1.0)
        return values, np.maximum(values * spread, _LEAST_SPREAD)

    def _unseen(self, damage: Damage, logs: Array, best: float) -> Array:
        """Errors in spreads, of processes with the same kernel that had not seen the plan."""
        scores = np.zeros(len(logs))
        for seen, unseen in KFold(min(_FOLDS, len(logs))).split(logs):
            kernel = self.process.kernel_
            process = _process(kernel, damage[seen], logs[seen], self.scale, learn=False)
            values, spreads = Correction(process, self.scale, 1.0)._accuracy(damage[unseen], best)
            scores[unseen] = np.abs(values - best * np.exp(logs[unseen])) / spreads
        return scores


def _process(
    kernel: Kernel, damage: Damage, logs: Array, scale: Array, *, learn: bool = True
) -> GaussianProcessRegressor:
    """Fitted to what is lost beyond the product: nothing, where nothing is shared."""
    process = GaussianProcessRegressor(kernel, optimizer="fmin_l_bfgs_b" if learn else None)
    places = np.concatenate([damage.shared / scale, np.zeros((_ANCHORS, 2))])
    with warnings.catch_warnings():
        # The bounds are meant: a few plans cannot tell lengths and noise outside of them.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return process.fit(places, np.concatenate([logs + damage.product, np.zeros(_ANCHORS)]))


def _kernel() -> Kernel:
    """A smooth part, a part that grows with the damage, and noise."""
    smooth = ConstantKernel(0.1, (1e-3, 10)) * RBF([1.0, 1.0], (0.1, 30))
    growing = ConstantKernel(0.05, (1e-4, 10)) * DotProduct(0, "fixed")
    return smooth + growing + WhiteKernel(1e-3, (1e-5, 0.3))


def _quantile(scores: Array) -> float:
    """So that the next score is as small with a probability of `COVERAGE`."""
    rank = int(np.ceil(COVERAGE * (len(scores) + 1)))
    return float(np.sort(scores)[min(rank, len(scores)) - 1])
