"""What led to an exported model: the part of a report that a file cannot tell of itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.measure.metrics import Metrics
from workbench.selection import UnitResult


@dataclass(frozen=True)
class Chapter:
    """One step on the way, as a report tells it.

    Attributes:
        title: What was done.
        created: When, as ISO 8601.
        metrics: What came of it.
        units: After pruning: request and outcome of every unit.
        remark: What a person wrote down about it.
        notes: What could not be measured, and why.
    """

    title: str
    created: str
    metrics: Metrics
    units: tuple[UnitResult, ...] = ()
    remark: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Story:
    """How a model came about.

    Attributes:
        name: What the model is called.
        data: What its data is called.
        chapters: From the model as it was opened to the exported one.
        targets: What was to be reached, by metric.
        notes: Sentences on weights and data that belong beside the figures.
        seed: Of splits, probe set and plans.
        recipe: The recipe as YAML; empty for none.
    """

    name: str
    data: str
    chapters: tuple[Chapter, ...]
    targets: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seed: int = 0
    recipe: str = ""

    def about(self) -> dict[str, Any]:
        """What the bundle's description says of it."""
        return {
            "name": self.name,
            "data": self.data,
            "metrics": self.chapters[-1].metrics.to_json(),
        }
