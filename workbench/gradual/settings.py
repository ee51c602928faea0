"""When a plan is carried out while a module trains: a frozen value with a JSON form."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.errors import TrainingError
from workbench.schedules import RATIO_SCHEDULES
from workbench.training.constraints import (
    Choice,
    Number,
    Whole,
    check_names,
    read_settings,
    setting,
)


@dataclass(frozen=True)
class GradualSettings:
    """How ratios rise while a module trains.

    Attributes:
        schedule: ``"cubic"`` (Zhu and Gupta, arXiv:1710.01878), ``"linear"``, ``"geometric"`` or
            ``"constant"`` (all at once).
        begin, end: Between which shares of all epochs, in [0, 1]; what is left after the end
            recovers.
        updates: In how many steps, equally far apart; at each, everything is scored again.

    Raises:
        TrainingError: If a setting is out of range.
    """

    schedule: str = setting("cubic", Choice(tuple(RATIO_SCHEDULES)), "Use 'cubic' if in doubt.")
    begin: float = setting(0.0, Number(least=0, most=1), "Use 0 to begin at once.")
    end: float = setting(0.75, Number(least=0, most=1), "Use 0.75 to leave a quarter to recover.")
    updates: int = setting(20, Whole(1), "Use 20, for example.")

    def __post_init__(self) -> None:
        read_settings(self, "gradual pruning")
        if self.begin > self.end:
            raise TrainingError(
                f"begin of gradual pruning must be at most its end, {self.end:g}, got "
                f"{self.begin:g}. Begin earlier, or end later."
            )

    def to_json(self) -> dict[str, Any]:
        """Plain data; `from_json` gives equal settings back."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "GradualSettings":
        """The inverse of `to_json`; what is left out has its default.

        Raises:
            TrainingError: If a setting is unknown or out of range.
        """
        check_names(cls, data, "gradual pruning")
        return cls(**data)

    def updates_by(self, share: float) -> int:
        """How many updates are due at a share of all epochs."""
        if share >= self.end:
            return self.updates
        if share <= self.begin:
            return 0
        passed = (share - self.begin) / (self.end - self.begin) * self.updates
        return int(passed + _SLACK)

    def ratio(self, update: int, initial: float, final: float) -> float:
        """The ratio after so many updates."""
        if update == self.updates or final <= initial:
            return final
        return RATIO_SCHEDULES[self.schedule](
            position=update, begin=0, end=self.updates, initial=initial, final=final
        )


_SLACK = 1e-9
"""Of an update: a third of three updates is a little less than one to a computer."""
