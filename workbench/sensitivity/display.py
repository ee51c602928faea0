"""Curves for the eye: monotone and smooth, through a unit's points, which stay as they are.

Accuracy does not rise as more is removed, but for noise: a probe set of 512 inputs alone moves a
figure by a point or two. So points are fitted by the closest falling sequence, and joined by a
curve that overshoots nowhere.

References:
    Barlow et al., Statistical Inference under Order Restrictions, 1972 (isotonic regression);
    Fritsch and Carlson, Monotone Piecewise Cubic Interpolation, SIAM J. Numer. Anal. 17, 1980.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from sklearn.isotonic import IsotonicRegression

from workbench.sensitivity.points import Point, Sensitivity


@dataclass(frozen=True, eq=False)
class DisplayCurve:
    """A falling curve of accuracy against the ratio.

    Attributes:
        points: What it was fitted to.
        ratios: From 0 to the highest ratio measured, where it bends.
        values: What it passes through there.
    """

    points: tuple[Point, ...]
    ratios: NDArray[np.float64] = field(repr=False)
    values: NDArray[np.float64] = field(repr=False)

    def at(self, ratios: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
        """Its value at ratios in [0, 1); past the last point it stays as it is there."""
        wanted = np.clip(np.asarray(ratios, np.float64), self.ratios[0], self.ratios[-1])
        if len(self.ratios) == 1:
            return np.full(wanted.shape, self.values[0])
        found: NDArray[np.float64] = self._interpolator(wanted)
        return found

    @cached_property
    def _interpolator(self) -> PchipInterpolator:
        return PchipInterpolator(self.ratios, self.values)


def best_accuracy(known: Mapping[str, Sequence[Point]]) -> float:
    """The best accuracy among points by unit: about that of the model as it is, during a scan."""
    return max((point.accuracy for points in known.values() for point in points), default=0.0)


def falling_curve(baseline: float, points: Sequence[Point]) -> DisplayCurve:
    """The falling curve of accuracy closest to points, from an accuracy at ratio 0."""
    ratios = np.array([0.0, *(point.ratio for point in points)])
    values = np.array([baseline, *(point.accuracy for point in points)])
    fitted = IsotonicRegression(increasing=False).fit_transform(ratios, values)
    return DisplayCurve(tuple(points), ratios, np.asarray(fitted, np.float64))


def accuracy_curve(found: Sensitivity, unit: str) -> DisplayCurve:
    """The falling curve of accuracy closest to a unit's points."""
    return falling_curve(found.baseline.accuracy, found.of(unit))
