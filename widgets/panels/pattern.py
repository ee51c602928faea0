"""The choice of an N:M pattern: the usual ones, or any that is typed."""

from collections.abc import Callable

import ipywidgets

from widgets.panels.controls import labelled, set_state, show
from workbench import Plan, Session
from workbench.pattern import Pattern

USUAL = ("2:4", "1:4", "4:8", "1:2")
"""The first is what sparse tensor cores multiply."""

_OTHER = "other…"


class PatternChoice:
    """A list, and a field for what is not on it; there for granularity ``"n:m"`` only.

    Args:
        session: Its plan has the pattern.
        change: Called with a function from the old plan to the new one.
    """

    def __init__(self, session: Session, change: Callable[[Callable[[Plan], Plan]], None]) -> None:
        self._session, self._change = session, change
        self._list = ipywidgets.Dropdown(options=(*USUAL, _OTHER), layout={"width": "auto"})
        self._list.add_class("pw-pattern")
        self._typed = ipywidgets.Text(
            continuous_update=False, placeholder="n:m", layout={"width": "64px"}
        )
        self._typed.add_class("pw-typed-pattern")
        self.root = labelled("keeping", ipywidgets.HBox([self._list, self._typed]))
        self.update()
        self._list.observe(lambda _: self._chosen(), "value")
        self._typed.observe(lambda _: self._choose(self._typed.value), "value")

    def update(self) -> None:
        """Show the session's pattern."""
        plan, busy = self._session.plan, self._session.busy
        if plan.pattern not in USUAL:
            self._list.value = _OTHER
        elif self._list.value != _OTHER:
            self._list.value = plan.pattern
        self._typed.value = plan.pattern
        show(self.root, plan.granularity == "n:m")
        show(self._typed, self._list.value == _OTHER)
        reason = "a step is being made" if busy else ""
        set_state(self._list, "Weights kept of how many neighbours along the inputs", reason)
        set_state(self._typed, "A pattern such as 3:8: Enter takes it", reason)

    def _chosen(self) -> None:
        show(self._typed, self._list.value == _OTHER)
        if self._list.value != _OTHER:
            self._choose(self._list.value)

    def _choose(self, pattern: str) -> None:
        if pattern == self._session.plan.pattern:
            return
        self._change(lambda plan: with_pattern(self._session, plan, pattern))


def with_pattern(session: Session, plan: Plan, text: str) -> Plan:
    """A plan with another pattern, in which what was on stays on where the pattern fits.

    Raises:
        PlanError: If the text is no pattern.
    """
    old, new = Pattern.parse(plan.pattern), Pattern.parse(text)
    fitting = {u.name for u in session.anatomy.units("n:m", str(new)) if u.prunable}

    def carried(ratio: float) -> float:
        return new.sparsity if old.is_on(ratio) else 0.0

    ratios = {unit: carried(ratio) for unit, ratio in plan.ratios.items() if unit in fitting}
    return plan.with_(pattern=str(new), ratio=carried(plan.ratio), ratios=ratios)
