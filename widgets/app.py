"""The workbench: composition and wiring only."""

from collections.abc import Callable
from functools import partial
from typing import Any

import ipywidgets

from widgets.bokeh_library import BokehLibrary
from widgets.charts.cut_handle import HELD_S
from widgets.dispatcher import Dispatcher
from widgets.foresight import Foresight
from widgets.history_views import HistoryViews
from widgets.intents import Intent
from widgets.later_panels import LaterPanels
from widgets.layer_table import LayerTable, UnitState
from widgets.page import side_by_side, style
from widgets.panels.channels import ChannelsPanel
from widgets.panels.chart_slot import ChartSlot
from widgets.panels.code import CodePanel
from widgets.panels.device import DevicePanel
from widgets.panels.header import header
from widgets.panels.inspect import InspectPanel
from widgets.panels.interrupted import InterruptedPanel
from widgets.panels.plan import PlanPanel
from widgets.panels.status import StatusPanel
from widgets.reasons import why_still
from widgets.requests import Requests
from widgets.score_board import ScoreBoard
from widgets.score_rows import score_rows, target_value
from widgets.table_rows import cliff_states, table_rows, unit_states
from widgets.tabs import (
    ACCURACY,
    CHANNELS,
    EXPORT,
    HISTORY,
    LAYER,
    RECOVERY,
    SUGGEST,
    Tabs,
)
from widgets.theme import ThemeWatcher
from widgets.views import views_of
from widgets.wording import count, percent
from workbench import Plan, Session
from workbench.events import (
    Event,
    HistoryChanged,
    NotSaved,
    PlanChanged,
    TaskEnded,
    TaskProgress,
    TaskStarted,
    TrainingStarted,
)
from workbench.session.knowledge import CHANGES

_DRAG_PER_S, _CHART_PER_S, _LIVE_PER_S = 30, 10, 5
_SETTLED_S = 3.0
"""By then the page shows all rows; nothing is to compete with that."""


class Workbench(ipywidgets.VBox):
    """Shows a session; the last expression of a cell.

    Everything shown is read from the session, and everything done goes through it, so that code
    and mouse are two views of one thing.

    Args:
        session: What to show; the bundled digits network by default.
    """

    def __init__(self, session: Session | None = None) -> None:
        self.session = session = session if session is not None else Session()
        self._dispatcher = Dispatcher(self._show_error)
        self._requests = asked = Requests(session, self._dispatcher)
        self._kind_of_rows = ("", "")
        self._sensitivity_drawn = session.sensitivity
        self._slots: list[ChartSlot[Any]] = []
        self._plan_panel = PlanPanel(
            session, asked.change_plan, asked.prune, asked.scan, asked.measure_plan
        )
        self._table = LayerTable(self._table_intent)
        self._board = ScoreBoard(self._board_intent)
        self._inspect = InspectPanel(session, lambda: self._table.selected, self._drag_cut)
        self._foresight = Foresight(session, self._table, self._board, self._inspect, self._post)
        self._channels = ChannelsPanel(
            session,
            lambda: self._table.selected,
            lambda: self._tabs.opened == CHANNELS,
            asked.change_plan,
            lambda: self._dispatcher.mark("channels"),
        )
        self._later = later = LaterPanels(session, asked, self._dispatcher, self._adopt)
        self._history = HistoryViews(
            session,
            asked,
            self._dispatcher,
            lambda: self._tabs.opened == HISTORY,
        )
        self._interrupted = InterruptedPanel(session, asked.resume, asked.discard_interrupted)
        self._device = DevicePanel(session, asked.use_device)
        self._code = CodePanel(session, self._post)
        self._status = StatusPanel(session.cancel, self._outcome)
        self._theme = ThemeWatcher()
        self._tabs = Tabs(
            {
                LAYER: self._inspect.root,
                CHANNELS: self._channels.root,
                SUGGEST: later.suggest.place,
                RECOVERY: later.recovery.place,
                HISTORY: self._history.root,
                EXPORT: later.export.place,
                ACCURACY: later.accuracy.place,
            },
            self._tab_opened,
        )
        library = BokehLibrary()
        unseen = [style(), self._theme, library, self._history.shortcuts]
        tools = [self._device.root, self._history.buttons, self._code.root]
        super().__init__([*unseen, header(session, tools), self._top(), self._columns()])
        self.add_class("pw-app")
        self._add_views()
        self._theme.observe(lambda _: self._post(self._recolour), "dark")
        for slot in (*self._inspect.charts, *self._history.charts):
            self._adopt(slot)
        self._unsubscribe = session.events.subscribe(self._event)
        self._draw_everything()
        self._dispatcher.start()
        self._post(lambda: self._dispatcher.after("settled", _SETTLED_S, self._settled))

    def close(self) -> None:
        """Stop listening to the session and free the widgets; the session lives on."""
        self._unsubscribe()
        self._dispatcher.close()
        super().close()

    # Composition

    def _top(self) -> ipywidgets.Box:
        left = [self._board, self._status.root, self._interrupted.root]
        return side_by_side(left, [self._history.pareto.root])

    def _columns(self) -> ipywidgets.Box:
        return side_by_side([self._plan_panel.root, self._table], [self._tabs.root])

    def _add_views(self) -> None:
        views: tuple[tuple[str, Callable[[], None], float], ...] = (
            ("units", self._draw_units, _DRAG_PER_S),
            ("board", self._draw_board, _DRAG_PER_S),
            ("channels", self._channels.update, _DRAG_PER_S),
            ("rows", self._draw_rows, _CHART_PER_S),
            ("controls", self._draw_controls, _CHART_PER_S),
            ("layer", lambda: self._if_seen(LAYER, self._inspect.update), _DRAG_PER_S),
            ("flips", lambda: self._if_seen(LAYER, self._inspect.flips.update), _CHART_PER_S),
            ("suggest", lambda: self._if_seen(SUGGEST, self._draw_suggest), _CHART_PER_S),
            *((name, update, _CHART_PER_S) for name, update in self._history.views.items()),
        )
        for name, update, per_second in views:
            self._dispatcher.add_view(name, update, per_second=per_second)
        streams: tuple[tuple[str, Callable[[], None]], ...] = (
            ("recovery", lambda: self._if_seen(RECOVERY, self._draw_runs)),
            ("status", self._status.update),
            ("outlook", self._foresight.look),
            ("late", self._make_another),
        )
        for name, update in streams:
            self._dispatcher.add_view(name, update, per_second=_LIVE_PER_S, patient=True)

    # Drawing; on the dispatcher's thread, but for the first time

    def _draw_everything(self) -> None:
        self._draw_rows()
        self._table.select(next((unit.name for unit in self.session.units if unit.prunable), ""))
        self._draw_board()
        self._draw_controls()
        self._inspect.look()
        self._status.update()
        self._history.update()

    def _draw_rows(self) -> None:
        self._kind_of_rows = _kind_of_rows(self.session.plan)
        rows = table_rows(self.session)
        selected = self._table.selected
        if selected not in {row["unit"] for row in rows}:
            selected = next((row["unit"] for row in rows if row["prunable"]), "")
        self._sensitivity_drawn = self.session.sensitivity
        cliffs = cliff_states(self.session)
        states = unit_states(self.session)
        units: dict[str, UnitState] = {unit: {**states[unit], **cliffs[unit]} for unit in states}
        self._table.show(rows, units, selected)

    def _draw_units(self) -> None:
        if _kind_of_rows(self.session.plan) != self._kind_of_rows:
            self._draw_rows()
            return
        self._table.update_units(unit_states(self.session))
        if self.session.sensitivity is not self._sensitivity_drawn:
            self._sensitivity_drawn = self.session.sensitivity
            self._table.update_units(cliff_states(self.session))

    def _draw_board(self) -> None:
        unit = self._table.selected
        self._board.update(score_rows(self.session), unit, self.session.plan.ratio_of(unit))
        if not self._foresight.holds():
            self._dispatcher.mark("outlook")

    def _draw_controls(self) -> None:
        reason = why_still(self.session)
        if reason != self._table.disabled_reason:
            self._table.disabled_reason = reason
            self._dispatcher.mark("outlook")
        self._plan_panel.update()
        self._interrupted.update()
        self._device.update()
        self._if_seen(RECOVERY, self._later.recovery.update)
        self._if_seen(EXPORT, self._later.export.update)
        self._if_seen(ACCURACY, self._later.accuracy.update)

    def _draw_runs(self) -> None:
        self._later.recovery.panel.charts.update()

    def _draw_suggest(self) -> None:
        suggest = self._later.suggest.panel
        suggest.update()
        suggest.charts.update()
        suggest.compare_if_needed()

    def _if_seen(self, tab: str, draw: Callable[[], None]) -> None:
        """Draw what a tab holds, if it is open; it is drawn when it is opened otherwise."""
        if self._tabs.opened == tab:
            draw()

    def _tab_opened(self) -> None:
        self._dispatcher.touched()
        self._dispatcher.mark("layer", "flips", "suggest", "recovery", "compare", "controls")
        self._look_at_channels()

    def _recolour(self) -> None:
        for slot in self._slots:
            slot.set_dark(self._theme.dark)

    # Panels of tabs that are closed at first

    def _settled(self) -> None:
        self._requests.learn()
        self._foresight.look()
        self._dispatcher.mark("late")

    def _make_another(self) -> None:
        """One panel at a time, so that a hand is answered in between."""
        if self._later.make_another():
            self._dispatcher.mark("late")

    def _adopt(self, slot: ChartSlot[Any]) -> None:
        slot.run_on(self._post)
        slot.set_dark(self._theme.dark)
        self._slots.append(slot)

    # What the session reports

    def _event(self, event: Event) -> None:
        self._dispatcher.mark(*views_of(event))
        match event:
            case PlanChanged():
                self._requests.measure_settled_plan()
            case HistoryChanged():
                self._requests.learn()
            case NotSaved(message=message):
                self._post(lambda: self._say_error(message))
            case TrainingStarted():
                self._post(lambda: self._tabs.open(RECOVERY))
            case TaskStarted() | TaskProgress() | TaskEnded():
                self._post(partial(self._note, event))
                if isinstance(event, TaskEnded) and event.kind in (*CHANGES, "scan"):
                    self._requests.learn()

    def _note(self, event: TaskStarted | TaskProgress | TaskEnded) -> None:
        self._status.note(event)
        self._channels.note(event)
        if (suggest := self._later.suggest.made) is not None:
            suggest.note(event)

    def _outcome(self, event: TaskEnded) -> str:
        """What a finished task led to, in a few words."""
        if event.kind not in CHANGES:
            return ""
        metrics = self.session.history.current.metrics
        accuracy = "" if metrics.accuracy is None else f" · accuracy {percent(metrics.accuracy)}"
        return f"{accuracy} · {count(metrics.parameters)} parameters"

    # What a person asks for; on the dispatcher's thread

    def _post(self, work: Callable[[], None]) -> None:
        self._dispatcher.post(work)

    def _drag_cut(self, change: Callable[[Plan], Plan]) -> None:
        self._requests.change_plan(change)
        # Once the hand is still, the edge takes its place at the cut that came of it.
        mark = partial(self._dispatcher.mark, "layer")
        self._post(lambda: self._dispatcher.after("cut", 1.1 * HELD_S, mark))

    def _table_intent(self, intent: Intent) -> None:
        self._dispatcher.touched()
        match intent:
            case {"type": "drag", "ratios": ratios}:
                self._requests.change_plan(lambda plan: plan.with_ratios(ratios))
            case {"type": "release", "ratios": ratios}:
                self._requests.change_plan(lambda plan: plan.with_ratios(ratios))
                self._requests.measure_plan()
            case {"type": "lock", "unit": unit, "locked": locked}:
                self._requests.change_plan(lambda p: p.lock(unit) if locked else p.unlock(unit))
            case {"type": "unpin", "unit": unit}:
                self._requests.change_plan(lambda plan: plan.without_ratio(unit))
            case {"type": "select"}:
                self._post(self._show_selected)

    def _board_intent(self, intent: Intent) -> None:
        metric, shown = intent["metric"], intent["value"]
        self._requests.change_target(metric, None if shown is None else target_value(metric, shown))

    def _show_selected(self) -> None:
        """A row was selected: whoever looks at channels sees those of the row."""
        if self._tabs.opened not in (LAYER, CHANNELS):
            self._inspect.look()  # so that the tab does not open with what it said before
            self._tabs.open(LAYER)
        self._dispatcher.mark("layer")
        self._look_at_channels()
        at_channels = self._tabs.opened == CHANNELS
        if not (at_channels and self.session.needs_inspection(self._table.selected)):
            self._dispatcher.mark("outlook")  # else once they are seen, not beside it

    def _look_at_channels(self) -> None:
        self._post(self._channels.look_again)
        self._dispatcher.mark("channels")

    def _show_error(self, error: Exception) -> None:
        self._say_error(str(error))

    def _say_error(self, message: str) -> None:
        self._status.say(message, failed=True)
        self._dispatcher.mark("status")


def _kind_of_rows(plan: Plan) -> tuple[str, str]:
    """What decides which rows there are, and with which controls."""
    return plan.granularity, plan.pattern if plan.granularity == "n:m" else ""
