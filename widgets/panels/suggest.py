"""Suggest panel: say what to reach, get a plan for it, and slide along the trade-off."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import ipywidgets

from widgets import wording
from widgets.charts.trade_off import TradeOffChart
from widgets.intents import Intent
from widgets.master_slider import MasterSlider
from widgets.panels.chart_slot import ChartSlot
from widgets.panels.controls import action_button, enable, labelled, set_state, set_text, show, text
from widgets.panels.suggest_goal import GoalRow, Request
from widgets.reasons import why_still
from widgets.trade_off_view import in_words, least_in_words, marks, nearest, off_curve, stops
from workbench import Plan, Session
from workbench.allocation import ALLOCATORS
from workbench.allocation.problem import TITLES
from workbench.allocation.suggestion import Suggestion, TradeOffPoint, plan_at
from workbench.events import Event, TaskEnded

_PREFERRED, _ALWAYS_USABLE = "best", "uniform"
NOT_LEARNED = "latency is predicted once networks of many widths were timed"
_UNMEASURED = "it needs measured sensitivity; press Scan"


@dataclass(frozen=True)
class SuggestActions:
    """What the panel has done by others.

    Attributes:
        suggest: Find a plan.
        compare: Work out the trade-offs of all allocators for a metric.
        scan: Measure sensitivity.
        change: Change the plan by a function from the old one to the new one.
        measure: Measure the plan: the slider was let go.
        redraw: Have the panel drawn again, by the thread that draws.
    """

    suggest: Callable[[Request], None]
    compare: Callable[[str], None]
    scan: Callable[[], None]
    change: Callable[[Callable[[Plan], Plan]], None]
    measure: Callable[[], None]
    redraw: Callable[[], None]


class SuggestPanel:
    """A goal, an allocator, Suggest, the master slider and the chart of all trade-offs.

    Args:
        session: What is to shrink.
        actions: What the controls ask for.
    """

    def __init__(self, session: Session, actions: SuggestActions) -> None:
        self._session, self._actions = session, actions
        self._drawn_by = 0  # the thread that is drawing; what it sets is nobody's wish
        self._wish = _PREFERRED
        self._stopped: object = None  # the question whose comparison was cancelled or failed
        self._all: Sequence[TradeOffPoint] = ()
        self._stops: tuple[TradeOffPoint, ...] = ()
        self._stamp = 0
        self._reachable: Mapping[str, float] = {}  # by metric that is known, the least share
        self._suggested: Plan | None = None
        self._failed = False
        self._goal = GoalRow(self._chosen)
        self._rules = {name: self._rule_button(name) for name in ALLOCATORS}
        self._suggest = action_button("Suggest", "suggest", self._ask, style="primary")
        self._scan = action_button("Scan", "scan-for-suggest", actions.scan)
        self._unmeasured = text("unmeasured")
        self._least, self._outcome = text("least"), text("suggest-outcome")
        self._slider = MasterSlider(self._moved)
        self.charts = ChartSlot(TradeOffChart, self._draw)
        self.root = ipywidgets.VBox([*self._rows(), self._slider, self.charts.root])
        self.root.add_class("pw-suggest-panel")

    def _rows(self) -> tuple[ipywidgets.Widget, ...]:
        self._suggest.layout.align_self = "flex-start"
        rules = labelled("by", ipywidgets.HBox([*self._rules.values()]))
        rules.add_class("pw-rules")
        self._unmeasured_row = ipywidgets.HBox([self._unmeasured, self._scan])
        self._unmeasured_row.add_class("pw-toolbar")
        asked = (self._suggest, self._least, self._outcome)
        return (self._goal.root, rules, self._unmeasured_row, *asked)

    @property
    def metric(self) -> str:
        """What is to shrink."""
        return str(self._goal.metric.value)

    @property
    def allocator(self) -> str:
        """The allocator in use: the one asked for, if it has what it needs."""
        return self._wish if self._wish in self._usable else _ALWAYS_USABLE

    @property
    def _usable(self) -> set[str]:
        scanned = self._session.scanned is not None
        return {name for name, rule in ALLOCATORS.items() if scanned or not rule.needs_sensitivity}

    def note(self, event: Event) -> None:
        """Take in how a task of this panel ended."""
        if not isinstance(event, TaskEnded):
            return
        if event.kind == "scan":
            self._stopped = None
        if event.kind == "compare" and event.outcome != "done":
            self._stopped = self._question()
        if event.kind in ("compare", "suggest") and event.outcome == "failed":
            self._say(str(event.error), failed=True)
        elif event.kind == "compare" and self._failed:
            self._say("")

    def adopt(self, found: Suggestion) -> None:
        """Say what was suggested."""
        self._suggested = self._session.plan
        rest = ", ".join(
            f"{wording.percent(share)} of {TITLES[name]}"
            for name, share in found.point.shares.items()
            if name != self.metric
        )
        self._say(f"Suggested: {in_words(found.point, self.metric)} · {rest}.")

    def update(self) -> None:
        """Show what can be reached, and what is known."""
        self._drawn_by = threading.get_ident()
        try:
            self._update()
        finally:
            self._drawn_by = 0

    def compare_if_needed(self) -> None:
        """Have the trade-offs worked out, unless they are known or that was stopped."""
        session, question = self._session, self._question()
        if self._why_off() or self._why_unknown() or question == self._stopped or session.comparing:
            return
        if not self._usable <= set(session.known_trade_offs(self.metric)):
            self._actions.compare(self.metric)

    def _update(self) -> None:
        session, off = self._session, self._why_off()
        self._reachable = {} if off else session.reachable()
        scanned = session.scanned is not None
        if self._suggested not in (None, session.plan):
            self._suggested = None
            self._say("")
        for name, button in self._rules.items():
            rule = ALLOCATORS[name]
            reason = off or ("" if name in self._usable else _UNMEASURED)
            set_state(button, rule.summary, reason)
            button.value = name == self.allocator
        best = 1.0 if session.scanned is None else session.scanned.baseline.accuracy
        self._goal.update(off, best)
        reason = off or self._goal.why_not(scanned) or self._why_unknown()
        enable(self._suggest, "Find a plan that reaches this, and set the sliders to it", reason)
        self._say_what_is_missing(off)
        set_text(self._least, (off and f"Not now: {off}.") or self._what_is_reachable())
        self._show_slider(off)

    def _say_what_is_missing(self, off: str) -> None:
        session = self._session
        show(self._unmeasured_row, not off and session.scanned is None)
        words = "measuring it" if session.scanning else "needed for the first two, and for accuracy"
        set_text(self._unmeasured, f"Sensitivity is not measured yet: {words}.")
        scanning = "a scan is under way" if session.scanning else ""
        enable(self._scan, "Measure what pruning each layer alone costs", scanning)

    def _what_is_reachable(self) -> str:
        session = self._session
        least = least_in_words(self._reachable, self.metric)
        scanned = session.scanned
        if scanned is None:
            return least
        best = wording.percent(scanned.baseline.accuracy)
        return f"{least} The model as it is answers {best} of the probe set."

    def _why_unknown(self) -> str:
        return "" if self.metric in self._reachable else NOT_LEARNED

    def _show_slider(self, off: str) -> None:
        points: Sequence[TradeOffPoint] = ()
        off = off or self._why_unknown()
        if not off:
            points = self._session.known_trade_offs(self.metric).get(self.allocator, ())
        if points is not self._all:
            self._all, self._stops = points, stops(points, self.metric)
            labels = [in_words(point, self.metric) for point in self._stops]
            ends = [self._stops[end].shares[self.metric] for end in (0, -1)] if points else []
            self._slider.load(labels, _ends(ends))
        nothing = "nothing can be pruned" if len(points) == 1 else "trade-offs are not known yet"
        self._slider.disabled_reason = off or ("" if len(points) > 1 else nothing)
        if points:
            plan = self._session.estimate()
            position = nearest(self._stops, plan, self.metric)
            note = off_curve(self._all, plan, self.metric)
            self._slider.show(position, note, self._stamp)

    def _draw(self, chart: TradeOffChart) -> None:
        off = self._why_off() or self._why_unknown()
        curves = {} if off else self._session.known_trade_offs(self.metric)
        if off or self._session.scanned is None:
            chart.clear(off or "press Scan to predict accuracy")
            return
        point = self._stops[self._slider.position] if self._stops else None
        chart.update(
            curves,
            self.metric,
            TITLES[self.metric],
            self.allocator,
            marks(self._session, self.metric, point),
        )

    def _why_off(self) -> str:
        if self._session.plan.granularity != "channel":
            return "plans are suggested for channels, and this plan removes single weights"
        return why_still(self._session)

    def _question(self) -> object:
        """What a comparison would answer."""
        session = self._session
        rule = session.plan.with_(scope="local", ratio=0.0, ratios={})
        known = session.scanned is not None, session.accuracy_learned, session.latency_learned
        return session.history.current.id, rule, known, self.metric

    def _ask(self) -> None:
        self._say("")
        self._stopped = None
        self._actions.suggest(self._goal.request(self.allocator))

    def _moved(self, intent: Intent) -> None:
        point = self._stops[intent["position"]]

        def change(plan: Plan) -> Plan:
            self._stamp = intent["stamp"]
            return plan_at(plan, point)

        self._actions.change(change)
        if intent["type"] == "release":
            self._actions.measure()

    def _rule_button(self, name: str) -> ipywidgets.ToggleButton:
        button = ipywidgets.ToggleButton(description=ALLOCATORS[name].title)
        button.add_class("pw-rule")
        button.add_class(f"pw-rule-{name}")
        button.observe(lambda _: self._choose(name), "value")
        return button

    def _choose(self, name: str) -> None:
        if self._drawn_by != threading.get_ident():
            self._wish = name
            self._chosen()

    def _chosen(self) -> None:
        if self._drawn_by != threading.get_ident():
            self._stopped = None
            self._actions.redraw()

    def _say(self, words: str, *, failed: bool = False) -> None:
        self._failed = failed
        set_text(self._outcome, words)
        (self._outcome.add_class if failed else self._outcome.remove_class)("pw-failed")


def _ends(shares: Sequence[float]) -> tuple[str, str]:
    if not shares:
        return "", ""
    most, least = (wording.percent(share) for share in shares)
    return most, least
