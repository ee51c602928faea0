"""Pareto panel: accuracy of all steps against what they cost."""

from collections.abc import Callable

import ipywidgets

from widgets.charts.pareto import ParetoChart
from widgets.charts.pareto_data import CostAxis, StepPoint
from widgets.metric_lines import BY_METRIC, COSTS
from widgets.panels.chart_slot import ChartSlot
from widgets.panels.controls import labelled, set_text, text
from widgets.wording import axis_unit
from workbench import Session


class ParetoPanel:
    """A choice of what is laid off, the chart, and what is missing in it.

    Args:
        session: Whose steps are shown.
        go: Called with a step whose point was clicked.
        changed: Called when something else is to be laid off.
    """

    def __init__(
        self, session: Session, go: Callable[[int], None], changed: Callable[[], None]
    ) -> None:
        self._session = session
        self._cost = ipywidgets.Dropdown(
            options=[(line.label, line.metric) for line in COSTS],
            value=COSTS[0].metric,
            layout={"width": "128px"},
            tooltip="What the accuracy of all steps is set against",
        )
        self._cost.add_class("pw-pareto-cost")
        self._cost.observe(lambda _: changed(), "value")
        self._note = text("pareto-note")
        self.charts = ChartSlot(ParetoChart, self._draw, on_choose=go)
        bar = ipywidgets.HBox([labelled("All steps: accuracy against", self._cost)])
        bar.add_class("pw-toolbar")
        self.root = ipywidgets.VBox([bar, self.charts.root, self._note])
        self.root.add_class("pw-pareto")

    def _draw(self, chart: ParetoChart) -> None:
        session, metric = self._session, self._cost.value
        points = step_points(session, metric)
        path = [step.id for step in session.history.path()]
        chart.update(points, cost_axis(session, metric), path, session.targets.get("accuracy"))
        far_below = any(chart.points.data["below"])
        set_text(self._note, remarks(points, BY_METRIC[metric].label, far_below))


def step_points(session: Session, metric: str) -> list[StepPoint]:
    """All steps as the chart takes them."""
    text = BY_METRIC[metric].text
    points: list[StepPoint] = []
    for step in session.history:
        cost = step.metrics.figure(metric)
        points.append(
            {
                "id": step.id,
                "title": step.title,
                "kind": step.kind,
                "accuracy": step.metrics.accuracy,
                "cost": cost,
                "cost_text": "" if cost is None else text(cost),
            }
        )
    return points


def cost_axis(session: Session, metric: str) -> CostAxis:
    """The axis for a metric, in a unit that suits the largest step."""
    figures = (step.metrics.figure(metric) for step in session.history)
    unit, per_unit = axis_unit(metric, max((f for f in figures if f is not None), default=0.0))
    return {
        "title": BY_METRIC[metric].label,
        "unit": unit,
        "per_unit": per_unit,
        "target": session.targets.get(metric),
    }


def remarks(points: list[StepPoint], label: str, far_below: bool) -> str:
    """What to know of the chart; "" if there is nothing.

    Args:
        points: All steps.
        label: Of what is laid off.
        far_below: Whether some are drawn at the lower edge.
    """
    missing = [point for point in points if point["accuracy"] is None or point["cost"] is None]
    words = ["↓ far below, not to scale."] if far_below else []
    if missing:
        numbers = ", ".join(str(point["id"]) for point in missing[:8])
        more = ", …" if len(missing) > 8 else ""
        which = f"Step {numbers} is" if len(missing) == 1 else f"Steps {numbers}{more} are"
        words.append(f"{which} not in the chart: {label} or accuracy was not measured.")
    return " ".join(words)
