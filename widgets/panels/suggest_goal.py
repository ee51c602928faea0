"""What is to be reached: a budget or an accuracy, of which metric, in percent."""

from collections.abc import Callable
from dataclasses import dataclass

import ipywidgets

from widgets.hints import Hints
from widgets.panels.controls import set_state, set_text, text
from workbench.allocation.problem import TITLES

BUDGET, ACCURACY = "budget", "accuracy"
_GOALS = (("keep at most", BUDGET), ("stay above accuracy", ACCURACY))


@dataclass(frozen=True)
class Request:
    """What a person asked for; the arguments of `Session.submit_suggestion`."""

    allocator: str
    accuracy: float | None
    budgets: dict[str, float]


class GoalRow:
    """The controls that say what a plan is to reach.

    Args:
        on_change: Called when a person chooses another goal or metric.
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._percents: dict[bool, float] = {}
        self._best = 1.0  # the model's own accuracy, once it is known
        self.goal = ipywidgets.Dropdown(options=_GOALS, layout={"width": "auto"})
        self.goal.add_class("pw-goal")
        self.percent = ipywidgets.BoundedFloatText(50, min=0, max=100, layout={"width": "64px"})
        self.percent.add_class("pw-goal-percent")
        self.metric = ipywidgets.Dropdown(
            options=[(title, name) for name, title in TITLES.items()],
            value="macs",
            layout={"width": "auto"},
        )
        self.metric.add_class("pw-goal-metric")
        self._between, self._hints = text("caption"), Hints()
        self.root = ipywidgets.HBox(
            [self.goal, self.percent, self._between, self.metric, self._hints]
        )
        self.root.add_class("pw-toolbar")
        self.goal.observe(lambda _: self._other_goal(), "value")
        self.metric.observe(lambda _: self._on_change(), "value")

    @property
    def by_accuracy(self) -> bool:
        """Whether an accuracy is the goal."""
        return bool(self.goal.value == ACCURACY)

    def request(self, allocator: str) -> Request:
        """What is asked for, of an allocator."""
        share, metric = self.percent.value / 100, str(self.metric.value)
        if self.by_accuracy:  # a budget beside an accuracy only names what is to be small
            return Request(allocator, share, {metric: 1.0})
        return Request(allocator, None, {metric: share})

    def why_not(self, scanned: bool) -> str:
        """Why the goal cannot be aimed at now; "" if it can."""
        if self.by_accuracy and not scanned:
            return "an accuracy can be aimed at once sensitivity is measured; press Scan"
        return ""

    def update(self, off: str, best_accuracy: float) -> None:
        """Show what the numbers mean; `off` says why nothing can be chosen."""
        self._best = best_accuracy
        set_text(self._between, "%, with the least" if self.by_accuracy else "% of")
        for control, what in (
            (self.goal, "What is to be reached"),
            (self.percent, "In percent: of the dense model to keep, or of accuracy"),
            (self.metric, "What is to shrink"),
        ):
            set_state(control, what, off)
        self._hints.hints = {"pw-goal-percent": self.percent.tooltip}

    def _other_goal(self) -> None:
        """Each goal has a percentage of its own; an accuracy begins a little below the model's."""
        by_accuracy = self.by_accuracy
        self._percents[not by_accuracy] = self.percent.value
        self._percents.setdefault(True, round(max(0.0, 100 * self._best - 1), 1))
        self.percent.value = self._percents[by_accuracy]
        self._on_change()
