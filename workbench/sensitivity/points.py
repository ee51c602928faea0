"""What a scan finds: figures by unit and ratio, as frozen data."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

MEASURED = "measured"
INTERPOLATED = "interpolated"
ESTIMATED = "estimated"


@dataclass(frozen=True)
class Figures:
    """How well a model answers.

    Attributes:
        accuracy: Fraction of the inputs answered rightly, in [0, 1].
        loss: Mean cross entropy, in nats.
        inputs: Number of inputs.
        divergence: Mean Kullback-Leibler divergence of the class probabilities from those of the
            model as it is, in nats; 0 for that model itself.
    """

    accuracy: float
    loss: float
    inputs: int
    divergence: float


@dataclass(frozen=True)
class Point:
    """One unit pruned to one ratio, everything else as it is.

    Attributes:
        unit: Its name.
        ratio: Requested ratio, of the dense model's count, in [0, 1).
        achieved: What was removed after rounding and constraints.
        kept, size: Channels or weights left, and in the dense model.
        accuracy: Fraction of the inputs answered rightly, in [0, 1].
        loss: Mean cross entropy, in nats.
        inputs: Number of inputs the two come from.
        run_inputs: On how many of them the pruned model was run.
        divergence: As of `Figures`.
        source: ``"measured"``, run on all inputs; ``"interpolated"``, where answers of some or
            all inputs were taken from other ratios of the unit; or ``"estimated"`` without
            running any pruned model.
        route: What ran the model: ``"onnxruntime"`` or ``"pytorch"``; empty if nothing did.
    """

    unit: str
    ratio: float
    achieved: float
    kept: int
    size: int
    accuracy: float
    loss: float
    inputs: int
    run_inputs: int
    divergence: float
    source: str = MEASURED
    route: str = ""

    @property
    def measured(self) -> bool:
        """Whether the pruned model was run on all inputs."""
        return self.source == MEASURED

    @property
    def figures(self) -> Figures:
        """What was measured of it."""
        return Figures(self.accuracy, self.loss, self.inputs, self.divergence)


@dataclass(frozen=True)
class Sensitivity:
    """Accuracy and loss of a model against the pruning ratio of every unit, one at a time.

    Attributes:
        mode: ``"exact"``, where every point is measured, or ``"adaptive"``, where some are
            interpolated.
        granularity: What is pruned.
        baseline: The model as it is.
        points: Unit by unit, by rising ratio.
        notes: By unit name, why it was measured the slow way; empty if none was.

    Reference:
        Han et al., Learning both Weights and Connections for Efficient Neural Networks,
        arXiv:1506.02626, figure 6; Li et al., Pruning Filters for Efficient ConvNets,
        arXiv:1608.08710, section 3.2.
    """

    mode: str
    granularity: str
    baseline: Figures
    points: tuple[Point, ...]
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def units(self) -> tuple[str, ...]:
        """Names of the units, in the order they run."""
        return tuple(dict.fromkeys(point.unit for point in self.points))

    def of(self, unit: str) -> tuple[Point, ...]:
        """The points of a unit, by rising ratio."""
        return tuple(point for point in self.points if point.unit == unit)

    def to_json(self) -> dict[str, Any]:
        """Plain data; `from_json` gives an equal value back."""
        return {
            "mode": self.mode,
            "granularity": self.granularity,
            "baseline": asdict(self.baseline),
            "points": [asdict(point) for point in self.points],
            "notes": dict(self.notes),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Sensitivity":
        """The inverse of `to_json`, of older versions too."""
        baseline = Figures(**{"divergence": 0.0, **data["baseline"]})
        return cls(
            data["mode"],
            data["granularity"],
            baseline,
            points_from_json(data["points"], baseline.loss),
            dict(data["notes"]),
        )


def points_from_json(entries: Iterable[Mapping[str, Any]], loss: float) -> tuple[Point, ...]:
    """Points from their fields.

    Older versions did not note how far answers diverge: by how much the loss rose stands in, which
    is what the divergence is where the model as it is is right and sure.

    Args:
        entries: The fields of every point.
        loss: Of the model as it is.
    """
    return tuple(Point(**{"divergence": max(0.0, one["loss"] - loss), **one}) for one in entries)
