"""All that shows the steps of a session: the tree, two of them compared, and the Pareto chart."""

from collections.abc import Callable
from typing import Any

import ipywidgets

from widgets.dispatcher import Dispatcher
from widgets.page import heading
from widgets.panels.chart_slot import ChartSlot
from widgets.panels.compare import ComparePanel, pair_of
from widgets.panels.history import HistoryActions, HistoryPanel
from widgets.panels.pareto import ParetoPanel
from widgets.requests import Requests
from widgets.shortcuts import Shortcuts
from workbench import Session


class HistoryViews:
    """Wires the panels to each other; keeps which steps were ticked to be compared.

    Args:
        session: Whose steps are shown.
        requests: Takes what a person asks for.
        dispatcher: Redraws what is marked.
        visible: Whether anybody sees `root`; if not, nothing is compared.
    """

    def __init__(
        self,
        session: Session,
        requests: Requests,
        dispatcher: Dispatcher,
        visible: Callable[[], bool],
    ) -> None:
        self._session, self._requests, self._dispatcher = session, requests, dispatcher
        self._visible = visible
        self._chosen: list[int] = []
        self._tree = HistoryPanel(
            session,
            HistoryActions(
                undo=requests.undo,
                redo=requests.redo,
                go=requests.checkout,
                rename=requests.rename,
                compare=self._choose,
                save=lambda: dispatcher.post(self._tree.send_csv),
            ),
        )
        self._compare = ComparePanel(session, lambda: dispatcher.mark("compare"))
        self.pareto = ParetoPanel(session, self._go_to_point, lambda: dispatcher.mark("pareto"))
        self.shortcuts = Shortcuts({"undo": requests.undo, "redo": requests.redo})
        self.buttons = self._tree.buttons
        self.root = ipywidgets.VBox([self._tree.root, heading("Compare"), self._compare.root])

    @property
    def charts(self) -> tuple[ChartSlot[Any], ...]:
        """The Pareto chart and the one of weights."""
        return self.pareto.charts, self._compare.charts

    @property
    def views(self) -> dict[str, Callable[[], None]]:
        """What to redraw, by the names that events mark."""
        return {
            "history": self.update,
            "pareto": self.pareto.charts.update,
            "compare": self._update_comparison,
        }

    def update(self) -> None:
        """Show all steps."""
        self._tree.update(self._chosen, pair_of(self._session.history, self._chosen))

    def _update_comparison(self) -> None:
        if self._visible():
            self._compare.update(pair_of(self._session.history, self._chosen))
            self._compare.charts.update()

    def _choose(self, steps: list[int]) -> None:
        self._chosen = steps
        self._dispatcher.mark("history", "compare")

    def _go_to_point(self, step: int) -> None:
        self._dispatcher.post(self._forget_choice)
        self._requests.checkout(step)

    def _forget_choice(self) -> None:
        with self.pareto.charts.root.changing():
            self.pareto.charts.chart.forget_choice()
