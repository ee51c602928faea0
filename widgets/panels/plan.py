"""Plan panel: granularity, criterion, scope, bounds, one ratio for all units, and Prune."""

import threading
from collections.abc import Callable
from typing import Any

import ipywidgets

from widgets.hints import Hints
from widgets.intents import Intent
from widgets.panels.controls import action_button, enable, labelled, set_state, set_text, show, text
from widgets.panels.pattern import PatternChoice
from widgets.ratio_slider import RatioSlider
from widgets.reasons import why_no_step, why_still
from widgets.score_rows import changes_anything
from workbench import Plan, Session
from workbench.criteria import criteria_for
from workbench.pattern import Pattern

_GRANULARITIES = (("channels", "channel"), ("single weights", "weight"), ("N:M weights", "n:m"))
_SCOPES = (("within each layer", "local"), ("across all layers", "global"))
_STEPS = tuple((str(step), step) for step in (1, 2, 4, 8, 16, 32))

Change = Callable[[Callable[[Plan], Plan]], None]


class PlanPanel:
    """Controls that apply to the whole plan.

    Args:
        session: What is planned.
        change: Called with a function from the old plan to the new one.
        prune: Called when Prune is pressed.
        scan: Called when Scan is pressed.
        measure: Called when the slider is let go.
    """

    def __init__(
        self,
        session: Session,
        change: Change,
        prune: Callable[[], None],
        scan: Callable[[], None],
        measure: Callable[[], None],
    ) -> None:
        self._session, self._change, self._measure = session, change, measure
        self._drawn_by = 0  # the thread that is drawing; what it sets is nobody's wish
        self._granularity = _dropdown(_GRANULARITIES, "granularity")
        self._pattern = PatternChoice(session, change)
        self._criterion = _dropdown(_criteria("channel"), "criterion")
        self._scope = _dropdown(_SCOPES, "scope")
        self._round_to = _dropdown(_STEPS, "round-to")
        self._cap = ipywidgets.BoundedFloatText(min=0, max=100, step=1, layout={"width": "64px"})
        self._cap.add_class("pw-cap")
        self._ratio = RatioSlider("One pruning ratio for all layers", self._moved)
        self._stamp = 0  # of the last move of it that was carried out
        self._all_on = action_button("all on", "all-on", lambda: self._switch_all(on=True))
        self._all_off = action_button("all off", "all-off", lambda: self._switch_all(on=False))
        self._switches = ipywidgets.HBox([self._all_on, self._all_off])
        self._hints = Hints()
        self._zeros = text("zeros-note")
        self._scan = action_button("Scan", "scan", scan)
        self._prune = action_button("Prune", "prune", prune, style="primary")
        self.root = ipywidgets.HBox(
            [
                labelled("Remove", self._granularity),
                self._pattern.root,
                labelled("by", self._criterion),
                labelled("ranked", self._scope),
                labelled("in steps of", self._round_to),
                labelled("at most", self._cap, "% of a layer"),
                labelled("all layers", ipywidgets.HBox([self._ratio, self._switches])),
                ipywidgets.HBox([self._scan, self._prune]),
                self._hints,
                self._zeros,
            ]
        )
        self.root.add_class("pw-toolbar")
        self.update()
        self._listen()

    def update(self) -> None:
        """Show the session's plan."""
        self._drawn_by = threading.get_ident()
        try:
            self._draw(self._session.plan)
        finally:
            self._drawn_by = 0

    def _draw(self, plan: Plan) -> None:
        self._granularity.value = plan.granularity
        _offer(self._criterion, _criteria(plan.granularity), plan.criterion)
        self._scope.value = plan.scope
        others = () if plan.round_to in dict(_STEPS).values() else (plan.round_to,)
        steps = (*_STEPS, *((str(step), step) for step in others))
        _offer(self._round_to, steps, plan.round_to)
        self._cap.value = round(100 * plan.max_ratio, 6)
        self._ratio.show(plan.ratio, self._stamp)
        self._pattern.update()
        show(self._ratio, plan.granularity != "n:m")
        show(self._switches, plan.granularity == "n:m")
        set_text(self._zeros, what_zeros_save(plan))
        show(self._zeros, plan.granularity != "channel")
        self._say_what_is_possible(plan)

    def _say_what_is_possible(self, plan: Plan) -> None:
        busy = why_still(self._session)
        set_state(self._granularity, "What is removed", busy)
        set_state(self._criterion, "The criterion: what goes first", busy)
        set_state(
            self._scope,
            "Whether every layer loses its own ratio, or the lowest of all layers go",
            busy or _why_no_scope(plan),
        )
        set_state(
            self._round_to,
            "Keep multiples of this many channels: hardware is fastest at 8 or 16",
            busy or _why_no_steps(plan),
        )
        set_state(
            self._cap,
            "No layer loses more than this share, in percent, whatever is asked for",
            busy or _why_no_cap(plan),
        )
        self._ratio.disabled_reason = busy
        self._hints.hints = {"pw-cap": self._cap.tooltip}
        enable(self._all_on, f"Keep {plan.pattern} in every layer that is not locked", busy)
        enable(self._all_off, "Keep every layer dense", busy)
        enable(
            self._scan,
            "Measure what pruning each layer alone costs: the sliders then show the cliff",
            busy or ("a scan is under way" if self._session.scanning else ""),
        )
        nothing = (
            "" if changes_anything(self._session, self._session.predict(wait=False)) else _NOTHING
        )
        blocked = why_no_step(self._session)
        enable(self._prune, "Carry the plan out: remove for real", blocked or nothing)

    def _listen(self) -> None:
        for control, chosen in (
            (self._granularity, _with_granularity),
            (self._criterion, lambda plan, name: plan.with_(criterion=name)),
            (self._scope, lambda plan, scope: plan.with_(scope=scope)),
            (self._round_to, lambda plan, step: plan.with_(round_to=step)),
            (self._cap, lambda plan, cap: plan.with_(max_ratio=round(cap / 100, 8))),
        ):
            control.observe(self._when(chosen), "value")

    def _when(self, chosen: Callable[[Plan, Any], Plan]) -> Callable[[dict[str, Any]], None]:
        """What is called with a new value: it changes the plan, unless `update` set the value."""

        def observed(news: dict[str, Any]) -> None:
            if self._drawn_by != threading.get_ident():
                self._change(lambda plan: chosen(plan, news["new"]))

        return observed

    def _moved(self, intent: Intent) -> None:
        def change(plan: Plan) -> Plan:
            self._stamp = intent["stamp"]
            return _with_ratio(plan, intent["ratio"])

        self._change(change)
        if intent["type"] == "release":
            self._measure()

    def _switch_all(self, *, on: bool) -> None:
        self._change(
            lambda plan: plan.with_ratios(Pattern.parse(plan.pattern).sparsity if on else 0.0)
        )


def what_zeros_save(plan: Plan) -> str:
    """What setting weights to zero is good for, and what is better; empty for channels."""
    if plan.granularity == "channel":
        return ""
    said = (
        "Zeros alone save neither time nor memory: dense kernels store and multiply them like "
        "other numbers. Only the compressed file gets smaller. "
    )
    if plan.granularity == "n:m":
        said += (
            "Hardware that skips zeros is an exception: sparse tensor cores of NVIDIA GPUs take "
            "2:4, and no other pattern. "
        )
    return said + "What does save both: removing channels, and fewer bits per number."


_NOTHING = "the plan removes nothing yet; move a slider or a switch first"


def _why_no_scope(plan: Plan) -> str:
    if plan.granularity != "n:m":
        return ""
    return "under N:M every layer that is on loses the same share"


def _why_no_steps(plan: Plan) -> str:
    return "" if plan.granularity == "channel" else "steps are for channels; these are weights"


def _why_no_cap(plan: Plan) -> str:
    """N:M removes what it removes: a cap at or above that changes nothing."""
    sparsity = Pattern.parse(plan.pattern).sparsity
    if plan.granularity != "n:m" or plan.max_ratio < sparsity:
        return ""
    return f"{plan.pattern} removes {100 * sparsity:g} % of a layer, or nothing"


def _criteria(granularity: str) -> tuple[tuple[str, str], ...]:
    return tuple((criterion.title, criterion.name) for criterion in criteria_for(granularity))


def _with_ratio(plan: Plan, ratio: float) -> Plan:
    """Another ratio for all; under global scope, for all that are not pinned."""
    return plan.with_(ratio=ratio) if plan.scope == "global" else plan.with_ratios(ratio)


def _with_granularity(plan: Plan, granularity: str) -> Plan:
    """Another granularity, and where the criterion cannot rank that, the first one that can."""
    able = [name for _, name in _criteria(granularity)]
    criterion = plan.criterion if plan.criterion in able else able[0]
    return plan.with_(granularity=granularity, criterion=criterion)


def _dropdown(options: tuple[tuple[str, Any], ...], name: str) -> ipywidgets.Dropdown:
    dropdown = ipywidgets.Dropdown(options=options, layout={"width": "auto"})
    dropdown.add_class(f"pw-{name}")
    return dropdown


def _offer(dropdown: ipywidgets.Dropdown, options: tuple[tuple[str, Any], ...], value: Any) -> None:
    """Show a choice among these options."""
    if dropdown.options != options:
        dropdown.options = options
    dropdown.value = value
