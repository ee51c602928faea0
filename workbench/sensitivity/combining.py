"""What pruning several units at once is expected to cost, from what each costs alone.

The losses that the units add alone are summed, and the sum is read as an accuracy by the relation
between loss and accuracy that the scan itself saw. Losses add up better than accuracies multiply,
but pruning much at once costs more than the sum: it is an estimate, and too kind to large plans.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

from workbench.sensitivity.display import DisplayCurve, loss_curve
from workbench.sensitivity.points import Sensitivity


@dataclass(frozen=True, eq=False)
class CombinedAccuracy:
    """Estimates accuracy on the probe set for ratios of many units.

    Attributes:
        baseline_loss: Of the model as it is, in nats.
        curves: By unit, its curve of loss.
    """

    baseline_loss: float
    curves: Mapping[str, DisplayCurve] = field(repr=False)
    _accuracy_of_loss: IsotonicRegression = field(repr=False)

    @classmethod
    def of(cls, measured: Sensitivity) -> "CombinedAccuracy":
        """Learn from a scan."""
        known = [measured.baseline, *(point.figures for point in measured.points)]
        relation = IsotonicRegression(increasing=False, out_of_bounds="clip")
        relation.fit([figures.loss for figures in known], [figures.accuracy for figures in known])
        curves = {unit: loss_curve(measured, unit) for unit in measured.units}
        return cls(measured.baseline.loss, curves, relation)

    def added_loss(self, unit: str, ratio: float) -> float:
        """The loss in nats that pruning this unit alone adds; 0 for a unit that was not scanned."""
        curve = self.curves.get(unit)
        return 0.0 if curve is None else float(curve.at([ratio])[0]) - float(curve.values[0])

    def accuracy(self, ratios: Mapping[str, float]) -> float:
        """Accuracy in [0, 1] expected of pruning these units by these ratios at once."""
        return float(self.accuracies({unit: np.array([r]) for unit, r in ratios.items()})[0])

    def accuracies(self, ratios: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """The same of many networks: ratios by unit, and accuracies, have shape ``(networks,)``."""
        networks = max((len(row) for row in ratios.values()), default=1)
        loss = np.full(networks, self.baseline_loss)
        for unit, row in ratios.items():
            curve = self.curves.get(unit)
            if curve is not None:
                loss += np.where(row > 0, curve.at(row) - curve.values[0], 0.0)
        return np.asarray(self._accuracy_of_loss.predict(loss), np.float64)
