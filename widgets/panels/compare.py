"""Compare panel: two steps of the history beside each other."""

from collections.abc import Callable, Sequence

import ipywidgets

from widgets.charts.weights_beside import WeightsBesideChart
from widgets.comparison_rows import described
from widgets.comparison_view import ComparisonView
from widgets.intents import Intent
from widgets.panels.chart_slot import ChartSlot
from workbench import Session
from workbench.comparison import Comparison, compare, compare_weights
from workbench.session.history import History


def pair_of(history: History, chosen: Sequence[int]) -> tuple[int, ...]:
    """The two steps to compare: those that were ticked, else one and the current, else all of it.

    Args:
        history: A session's.
        chosen: Ids of the steps that were ticked, none to two.

    Returns:
        Two ids, or none if there are no two steps.
    """
    if len(chosen) == 2:
        return tuple(chosen)
    first = chosen[0] if chosen else 0
    others = (history.current.id, history.current.parent, history.next_id() - 1)
    second = next((step for step in others if step not in (None, first)), None)
    return () if second is None else (first, second)


class ComparePanel:
    """Figures and layers of two steps, and the weights of one of the layers.

    Args:
        session: Whose steps they are.
        changed: Called when another layer was chosen.
    """

    def __init__(self, session: Session, changed: Callable[[], None]) -> None:
        self._session, self._changed = session, changed
        self._comparison: Comparison | None = None
        self._layer = ""
        self._view = ComparisonView(self._intent)
        self.charts = ChartSlot(WeightsBesideChart, self._draw)
        self.root = ipywidgets.VBox([self._view, self.charts.root])
        self.root.add_class("pw-compare-panel")

    def update(self, pair: Sequence[int]) -> None:
        """Show two steps, or that there are none."""
        history, known = self._session.history, self._comparison
        steps = tuple(history[step] for step in pair)
        if not steps:
            self._comparison = None
        elif known is None or steps != (known.first, known.second):
            self._comparison = compare(history, *pair)
        layers = [change.layer for change in self._comparison.layers] if self._comparison else []
        if self._layer not in layers:
            self._layer = next(iter(layers), "")
        shown = None if self._comparison is None else described(self._comparison)
        self._view.show(shown, self._layer)

    def _draw(self, chart: WeightsBesideChart) -> None:
        if (known := self._comparison) is None or not self._layer:
            chart.clear()
            return
        found = compare_weights(self._session.history, known.first.id, known.second.id, self._layer)
        chart.update(found.layer, found.edges, found.first, found.second)

    def _intent(self, intent: Intent) -> None:
        self._layer = intent["layer"]
        self._changed()
