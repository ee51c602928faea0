"""The panels of tabs that are closed at first."""

from collections.abc import Callable
from typing import Any

from widgets.dispatcher import Dispatcher
from widgets.panels.accuracy import AccuracyPanel
from widgets.panels.chart_slot import ChartSlot
from widgets.panels.export import ExportActions, ExportPanel
from widgets.panels.recovery import RecoveryPanel
from widgets.panels.suggest import SuggestActions, SuggestPanel
from widgets.requests import Requests
from widgets.tabs import Late
from workbench import Session


class LaterPanels:
    """Each is made when its tab is opened, or by `make_another`.

    Args:
        session: What they show.
        requests: Takes what a person asks for.
        dispatcher: Redraws what is marked.
        adopt: Called with the place of every chart that is made.
    """

    def __init__(
        self,
        session: Session,
        requests: Requests,
        dispatcher: Dispatcher,
        adopt: Callable[[ChartSlot[Any]], None],
    ) -> None:
        self._session, self._requests, self._dispatcher = session, requests, dispatcher
        self._adopt = adopt
        self.suggest = Late(self._make_suggest)
        self.recovery = Late(self._make_recovery)
        self.export = Late(self._make_export)
        self.accuracy = Late(lambda: AccuracyPanel(session, requests.examine))

    def make_another(self) -> bool:
        """Make one that was not asked for yet; whether there was any."""
        for late in (self.suggest, self.recovery, self.export, self.accuracy):
            if late.made is None:
                late.update()
                return True
        return False

    def _make_suggest(self) -> SuggestPanel:
        requests = self._requests
        actions = SuggestActions(
            suggest=lambda asked: requests.suggest(asked, panel.adopt),
            compare=requests.compare,
            scan=requests.scan,
            change=requests.change_plan,
            measure=requests.measure_plan,
            redraw=lambda: self._dispatcher.mark("suggest"),
        )
        panel = SuggestPanel(self._session, actions)
        self._adopt(panel.charts)
        return panel

    def _make_recovery(self) -> RecoveryPanel:
        panel = RecoveryPanel(self._session, self._requests.submit)
        self._adopt(panel.charts)
        return panel

    def _make_export(self) -> ExportPanel:
        actions = ExportActions(
            export=lambda directory, formats, overwrite: self._requests.export(
                directory, formats, overwrite, panel.show
            ),
            redraw=lambda: self._dispatcher.mark("controls"),
        )
        panel = ExportPanel(self._session, actions)
        return panel
