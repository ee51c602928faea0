"""What of a chart follows a slider on the page, before the kernel has drawn it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bokeh.model import Model
from bokeh.models import ColumnDataSource


@dataclass(frozen=True)
class Follower:
    """A property that follows.

    Attributes:
        model: Whose.
        name: Of the property.
        values: By place of the slider.
    """

    model: Model
    name: str
    values: Sequence[Any]

    def message(self) -> dict[str, Any]:
        """For the page."""
        return {"model": self.model.id, "name": self.name, "values": list(self.values)}


@dataclass(frozen=True)
class Beginning:
    """A stepped outline that shows the first steps of another one.

    Attributes:
        source: Of the steps that are shown; its last point closes the last step.
        of: Of all steps, in the same columns.
        height: The column with the height of a step.
        steps: How many, by place of the slider.
    """

    source: ColumnDataSource
    of: ColumnDataSource
    height: str
    steps: Sequence[int]

    def message(self) -> dict[str, Any]:
        """For the page."""
        return {
            "model": self.source.id,
            "of": self.of.id,
            "name": self.height,
            "steps": list(self.steps),
        }


Following = Sequence[Follower | Beginning]
