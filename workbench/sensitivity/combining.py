"""What pruning several units at once is expected to cost, from what each costs alone.

Were the damages independent, the fractions of accuracy that every unit leaves would multiply.
Pruning much at once costs more than that, and by how much depends on the network: so plans are
measured, and what they lose beyond the product is learned (`workbench.sensitivity.correction`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from workbench.estimate import Estimate, Estimates
from workbench.sensitivity.correction import FEWEST_OUTCOMES, Correction, Damage
from workbench.sensitivity.display import accuracy_curve, divergence_curve
from workbench.sensitivity.points import Figures, Sensitivity

Array = NDArray[np.float64]

_GRID = np.linspace(0, 1, 201)
_LEAST = 0.02
"""Accuracies below are not told apart: nothing is learned from how bad a broken network is."""


@dataclass(frozen=True)
class Outcome:
    """A plan that was measured.

    Attributes:
        ratios: By unit name, what it removed.
        accuracy: On the probe set, in [0, 1].
        error: Accuracy that had been predicted, minus this one; None if none had.
    """

    ratios: Mapping[str, float]
    accuracy: float
    error: float | None = None


@dataclass(frozen=True, eq=False)
class CombinedAccuracy:
    """Estimates accuracy on the probe set for ratios of many units.

    Attributes:
        baseline: The model as it is.
        floor: The lowest accuracy the scan saw: about that of guessing, which nothing is expected
            to fall below.
        rows: By unit, its row in the tables.
        drops: What each unit alone costs in log accuracy, at every ratio of a grid, shape
            ``(units, grid)``.
        divergences: How far each then diverges from the model as it is, in nats.
        correction: What pruning at once costs beyond that; None as long as too few plans were
            measured.
    """

    baseline: Figures
    floor: float
    rows: Mapping[str, int]
    drops: Array = field(repr=False)
    divergences: Array = field(repr=False)
    correction: Correction | None = None

    @classmethod
    def of(cls, measured: Sensitivity, outcomes: Sequence[Outcome] = ()) -> "CombinedAccuracy":
        """Learn from a scan, and from plans measured since."""
        units = measured.units
        best = max(measured.baseline.accuracy, _LEAST)
        accuracies = [accuracy_curve(measured, unit).at(_GRID) for unit in units]
        divergences = [divergence_curve(measured, unit).at(_GRID) for unit in units]
        size = (len(units), len(_GRID))
        drops = -np.log(np.maximum(np.reshape(accuracies, size), _LEAST) / best)
        found = cls(
            measured.baseline,
            min([measured.baseline.accuracy, *(point.accuracy for point in measured.points)]),
            {unit: row for row, unit in enumerate(units)},
            np.maximum(drops, 0),
            np.reshape(divergences, size),
        )
        return found.corrected(outcomes)

    def corrected(self, outcomes: Sequence[Outcome]) -> "CombinedAccuracy":
        """The same, with what plans that were measured teach."""
        if len(outcomes) < FEWEST_OUTCOMES:
            return self
        best = max(self.baseline.accuracy, _LEAST)
        correction = Correction.fit(
            Damage.joined([self._damage(_columns(outcome.ratios)) for outcome in outcomes]),
            np.array([np.log(max(outcome.accuracy, _LEAST) / best) for outcome in outcomes]),
            [outcome.error for outcome in outcomes],
            best,
        )
        return replace(self, correction=correction)

    def divergence(self, unit: str, ratio: float) -> float:
        """How far pruning this unit alone diverges, in nats; 0 for a unit that was not scanned.

        Unlike losses and accuracies, which hardly change where little is pruned, or change by
        chance, divergences of single units add up.
        """
        row = self.rows.get(unit)
        return 0.0 if row is None else float(np.interp(ratio, _GRID, self.divergences[row]))

    def accuracy(self, ratios: Mapping[str, float]) -> float:
        """Accuracy in [0, 1] expected of pruning these units by these ratios at once."""
        return float(self.accuracies(_columns(ratios))[0])

    def accuracies(self, ratios: Mapping[str, Array]) -> Array:
        """The same of many networks: ratios by unit, and accuracies, have shape ``(networks,)``."""
        return self.estimates(ratios).values

    def estimates(self, ratios: Mapping[str, Array]) -> Estimates:
        """The same with error bars, as soon as there are errors to take them from."""
        damage = self._damage(ratios)
        if self.correction is None:
            alone: Array = self.baseline.accuracy * np.exp(-damage.product)
            return Estimates(np.maximum(alone, self.floor))
        best = max(self.baseline.accuracy, _LEAST)
        return self.correction.estimates(damage, best, self.floor)

    def estimate(self, ratios: Mapping[str, float]) -> Estimate | None:
        """Accuracy with its error bar; None as long as there are no errors to take it from."""
        return self.estimates(_columns(ratios)).bar(0)

    def _damage(self, ratios: Mapping[str, Array]) -> Damage:
        networks = max((len(row) for row in ratios.values()), default=1)
        drops = np.zeros((networks, len(self.rows)))
        for unit, wanted in ratios.items():
            row = self.rows.get(unit)
            if row is not None:
                drops[:, row] = np.interp(wanted, _GRID, self.drops[row])
        return Damage.of(drops)


def _columns(ratios: Mapping[str, float]) -> dict[str, Array]:
    return {unit: np.array([ratio], np.float64) for unit, ratio in ratios.items()}
