"""Plan panel: granularity, criterion, scope, one ratio for all units, and Prune."""

from collections.abc import Callable

import ipywidgets

from widgets.panels.controls import action_button, enable, labelled
from widgets.score_rows import changes_anything
from workbench import Plan, Session
from workbench.criteria import CRITERIA

_GRANULARITIES = (("channels", "channel"), ("single weights", "weight"))
_SCOPES = (("within each layer", "local"), ("across all layers", "global"))
_STEPS = tuple((str(step), step) for step in (1, 2, 4, 8, 16, 32))
_CRITERIA = tuple((criterion.title, name) for name, criterion in CRITERIA.items())


class PlanPanel:
    """Controls that apply to the whole plan.

    Args:
        session: What is planned.
        change: Called with a function from the old plan to the new one.
        prune: Called when Prune is pressed.
    """

    def __init__(
        self,
        session: Session,
        change: Callable[[Callable[[Plan], Plan]], None],
        prune: Callable[[], None],
    ) -> None:
        self._session = session
        self._granularity = _dropdown(_GRANULARITIES, "granularity")
        self._criterion = _dropdown(_CRITERIA, "criterion")
        self._scope = _dropdown(_SCOPES, "scope")
        self._round_to = _dropdown(_STEPS, "round-to")
        self._round_to.tooltip = "Keep multiples of this: hardware is fastest at 8 or 16 channels"
        self._ratio = ipywidgets.FloatSlider(
            min=0, max=0.99, step=0.01, readout_format=".0%", tooltip="One ratio for all units"
        )
        self._ratio.add_class("pw-all-units")
        self._prune = action_button("Prune", "prune", prune, style="primary")
        self.root = ipywidgets.HBox(
            [
                labelled("Remove", self._granularity),
                labelled("by", self._criterion),
                labelled("ranked", self._scope),
                labelled("in steps of", self._round_to),
                labelled("all layers", self._ratio),
                self._prune,
            ]
        )
        self.root.add_class("pw-toolbar")
        self.update()
        for control, setting in (
            (self._granularity, "granularity"),
            (self._criterion, "criterion"),
            (self._scope, "scope"),
            (self._round_to, "round_to"),
        ):
            control.observe(_setter(setting, session, change), "value")
        self._ratio.observe(self._ratio_moved(change), "value")

    def update(self) -> None:
        """Show the session's plan."""
        plan = self._session.plan
        self._granularity.value = plan.granularity
        self._criterion.value = plan.criterion
        self._scope.value = plan.scope
        if plan.round_to not in {step for _, step in self._round_to.options}:
            self._round_to.options = (*_STEPS, (str(plan.round_to), plan.round_to))
        self._round_to.value = plan.round_to
        self._ratio.value = plan.ratio
        busy = self._session.busy
        for control in (self._granularity, self._criterion, self._scope, self._ratio):
            control.disabled = busy
        self._round_to.disabled = busy or plan.granularity != "channel"
        reason = ""
        if busy:
            reason = "a step is being made"
        elif not changes_anything(self._session, self._session.predict()):
            reason = "the plan removes nothing yet; drag a slider first"
        enable(self._prune, "Carry the plan out: remove for real", reason)

    def _ratio_moved(
        self, change: Callable[[Callable[[Plan], Plan]], None]
    ) -> Callable[[dict[str, object]], None]:
        def moved(_: dict[str, object]) -> None:
            ratio = self._ratio.value
            if ratio != self._session.plan.ratio:
                change(lambda plan: plan.with_ratios(ratio))

        return moved


def _dropdown(options: tuple[tuple[str, object], ...], name: str) -> ipywidgets.Dropdown:
    dropdown = ipywidgets.Dropdown(options=options, layout={"width": "auto"})
    dropdown.add_class(f"pw-{name}")
    return dropdown


def _setter(
    setting: str, session: Session, change: Callable[[Callable[[Plan], Plan]], None]
) -> Callable[[dict[str, object]], None]:
    def chosen(news: dict[str, object]) -> None:
        if news["new"] != getattr(session.plan, setting):
            change(lambda plan: plan.with_(**{setting: news["new"]}))

    return chosen
