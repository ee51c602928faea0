"""The model: a regularised linear one on sums over layers, with an error bar from its errors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import BayesianRidge
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from workbench.estimate import Estimate
from workbench.latency_model.features import Features
from workbench.latency_model.samples import Sample

FEWEST_SAMPLES = 8
COVERAGE = 0.9
_FOLDS = 10


@dataclass(frozen=True, eq=False)
class LatencyModel:
    """Predicts a network's latency as a fraction of the dense one's.

    The error bar is where nine in ten past errors lie: those of samples when the model was fitted
    without them, and those of predictions that were measured afterwards.

    Attributes:
        features: What is known of a network without running it.
        coefficients, intercept: Of the features.
        least: The smallest fraction that is predicted: there is no measurement below.
        errors: By sample, how far off a prediction was that did not know it, as a fraction.
        relative_error: Half the length of the error bar, as a fraction of the prediction.

    Reference:
        MacKay, Bayesian Interpolation, 1992, for the regularisation; Vovk et al., Algorithmic
        Learning in a Random World, 2005, for intervals from past errors.
    """

    features: Features
    coefficients: np.ndarray
    intercept: float
    least: float
    errors: np.ndarray
    relative_error: float

    @classmethod
    def fit(cls, features: Features, samples: Sequence[Sample]) -> "LatencyModel":
        """Learn from at least `FEWEST_SAMPLES` samples."""
        values = features.at(np.stack([sample.kept for sample in samples]))
        relative = np.array([sample.relative for sample in samples])
        errors = _errors(values, relative, samples)
        fitted = _regression().fit(values, relative)
        scaler, ridge = fitted[0], fitted[1]
        coefficients = ridge.coef_ / scaler.scale_
        return cls(
            features,
            coefficients,
            float(ridge.intercept_ - coefficients @ scaler.mean_),
            float(relative.min()) / 2,
            errors,
            _quantile(np.abs(errors)),
        )

    def predict(self, kept: np.ndarray) -> Estimate:
        """Latency of these counts, shape ``(units,)``, as a fraction of the dense network's."""
        value = float(self.relatives(kept[None])[0])
        spread = value * self.relative_error
        return Estimate(value, max(value - spread, 0.0), value + spread)

    def relatives(self, kept: np.ndarray) -> np.ndarray:
        """The same of many networks, without error bars: shape ``(n, units)`` to ``(n,)``."""
        raw = self.features.at(kept) @ self.coefficients + self.intercept
        return np.asarray(np.maximum(raw, self.least), np.float64)


def _regression() -> Pipeline:
    return make_pipeline(StandardScaler(), BayesianRidge())


def _errors(values: np.ndarray, relative: np.ndarray, samples: Sequence[Sample]) -> np.ndarray:
    """By sample, predicted over measured, minus 1, of a model that had not seen it."""
    known = [sample.error for sample in samples]
    if None not in known:
        return np.array(known, np.float64)
    folds = KFold(min(_FOLDS, len(samples)))
    unseen = cross_val_predict(_regression(), values, relative, cv=folds) / relative - 1
    return np.array(
        [error if own is None else own for own, error in zip(known, unseen, strict=True)]
    )


def _quantile(errors: np.ndarray) -> float:
    """So that the next error is as small with a probability of `COVERAGE`."""
    rank = int(np.ceil(COVERAGE * (len(errors) + 1)))
    return float(np.sort(errors)[min(rank, len(errors)) - 1])
