"""What pruning several units at once is expected to cost, from what each costs alone.

Were the damages independent, the fractions of accuracy that every unit leaves would multiply.
Pruning much at once costs more than that, and by how much depends on the network: so plans are
measured, and what they lose beyond the product is learned: of few plans as a rising function
(`workbench.sensitivity.correction`), of many from those that are alike
(`workbench.sensitivity.excess`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from workbench.estimate import Estimate, Estimates
from workbench.sensitivity.correction import FEWEST_OUTCOMES, Correction, Damage
from workbench.sensitivity.excess import FEWEST_PLANS, Excess, Traits
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
        excess: The same, learned from plans that are alike; None before there are many.
    """

    baseline: Figures
    floor: float
    rows: Mapping[str, int]
    drops: Array = field(repr=False)
    divergences: Array = field(repr=False)
    correction: Correction | None = None
    excess: Excess | None = None

    @classmethod
    def of(cls, measured: Sensitivity, outcomes: Sequence[Outcome] = ()) -> "CombinedAccuracy":
        """Learn from a scan, and from plans measured since."""
        units = measured.units
        best = max(measured.baseline.accuracy, _LEAST)
        accuracies = [-_rising(measured, unit, "accuracy", -1) for unit in units]
        divergences = [_rising(measured, unit, "divergence", 1) for unit in units]
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
        if len(outcomes) >= FEWEST_PLANS:
            ratios = {
                unit: np.array([outcome.ratios.get(unit, 0.0) for outcome in outcomes])
                for unit in self.rows
            }
            accuracies = np.array([outcome.accuracy for outcome in outcomes])
            return replace(self, excess=Excess.fit(self._traits(ratios), accuracies, self.excess))
        correction = Correction.fit(
            Damage.joined([self._damage(_columns(outcome.ratios)) for outcome in outcomes]),
            np.array([np.log(max(outcome.accuracy, _LEAST) / self._best) for outcome in outcomes]),
            [outcome.error for outcome in outcomes],
            self._best,
        )
        return replace(self, correction=correction)

    @property
    def _best(self) -> float:
        return max(self.baseline.accuracy, _LEAST)

    def divergence(self, unit: str, ratio: float) -> float:
        """How far pruning this unit alone diverges, in nats; 0 for a unit that was not scanned.

        Losses and accuracies hardly change where little is pruned, or change by chance.
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
        if self.excess is not None:
            return self.excess.estimates(self._traits(ratios), self.floor, self.baseline.accuracy)
        damage = self._damage(ratios)
        if self.correction is None:
            return Estimates(self._alone(damage))
        return self.correction.estimates(damage, self._best, self.floor)

    def estimate(self, ratios: Mapping[str, float]) -> Estimate | None:
        """Accuracy with its error bar; None as long as there are no errors to take it from."""
        return self.estimates(_columns(ratios)).bar(0)

    def _alone(self, damage: Damage) -> Array:
        found: Array = self.baseline.accuracy * np.exp(-damage.product)
        return np.maximum(found, self.floor)

    def _damage(self, ratios: Mapping[str, Array]) -> Damage:
        return Damage.of(self._looked_up(self.drops, ratios))

    def _traits(self, ratios: Mapping[str, Array]) -> Traits:
        drops = self._looked_up(self.drops, ratios)
        damage = Damage.of(drops)
        return Traits.of(
            self._alone(damage),
            damage.shared.sum(axis=-1),
            drops,
            self._looked_up(self.divergences, ratios),
        )

    def _looked_up(self, table: Array, ratios: Mapping[str, Array]) -> Array:
        """What a table says of every unit at these ratios, shape ``(networks, units)``."""
        networks = max((len(row) for row in ratios.values()), default=1)
        found = np.zeros((networks, len(self.rows)))
        for unit, wanted in ratios.items():
            row = self.rows.get(unit)
            if row is not None:
                found[:, row] = np.interp(wanted, _GRID, table[row])
        return found


def _rising(measured: Sensitivity, unit: str, figure: str, sign: int) -> Array:
    """A figure of a unit, or its negative, over what is removed: joined by lines, never falling."""
    points = measured.of(unit)
    removed = [0.0, *(point.achieved for point in points)]
    values = [getattr(measured.baseline, figure), *(getattr(point, figure) for point in points)]
    found: Array = np.interp(_GRID, removed, np.maximum.accumulate(sign * np.array(values)))
    return found


def _columns(ratios: Mapping[str, float]) -> dict[str, Array]:
    return {unit: np.array([ratio], np.float64) for unit, ratio in ratios.items()}
