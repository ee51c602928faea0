"""Layer panel: the selected unit's weights and importances, with what the plan removes."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ipywidgets
import numpy as np
import torch

from widgets import wording
from widgets.charts.histogram import WeightHistogram
from widgets.charts.importance import ImportanceChart
from widgets.charts.sensitivity import SensitivityChart
from widgets.outlook import PLACES, Outlook, ratio_of
from widgets.panels.chart_slot import ChartSlot
from widgets.panels.controls import set_text, text
from widgets.panels.flips import FlipsPanel
from widgets.table_rows import LARGEST_RATIO
from workbench import Plan, Session
from workbench.criteria import criterion_named
from workbench.hand_picks import outranked
from workbench.layers import WeightStatistics, main_weight, weight_histogram, weight_statistics
from workbench.selection import hand_picks, kept_flags
from workbench.sensitivity.display import best_accuracy
from workbench.units import Unit

BINS = 60
MAX_IMPORTANCES = 4096
"""Units with more (single weights) show their histogram's threshold instead."""


@dataclass(frozen=True)
class UnitView:
    """What there is to see of a unit.

    Attributes:
        unit, noun: Its name, and what it consists of: "channels" or "weights".
        title: The layer whose weights are shown.
        summary: Figures in words.
        edges, counts: Histogram of the weights.
        threshold: Magnitude below which single weights go; None where that is not the rule.
        importances, kept, numbers: Of the channels that are left, and their dense numbers; empty
            where there are too many, or no scores yet.
        gone: How many channels earlier steps removed.
        size: How many the dense model has.
        criterion: The rule's title.
        unscored: Why there are no scores yet; empty once there are.
        by_rank, by_threshold: Whether a person may drag the cut among the importances, and the
            threshold of the weights.
    """

    unit: str
    noun: str
    title: str
    summary: str
    edges: list[float]
    counts: list[int]
    threshold: float | None
    importances: list[float]
    kept: list[bool]
    numbers: list[int]
    gone: int
    size: int
    criterion: str
    unscored: str = ""
    by_rank: bool = False
    by_threshold: bool = False


def unit_view(session: Session, unit: Unit) -> UnitView:
    """Collect what there is to see of a unit under the session's plan."""
    layer = unit.layers[0]
    weight = main_weight(session.model.get_submodule(layer))
    edges, counts, statistics = _weights(weight, 0 if weight.is_inference() else weight._version)
    alive, scores = session.alive()[unit.name], session.known_scores()
    ranked = np.where(alive, 0.0 if scores is None else scores[unit.name], -np.inf)
    layout = session.pruned.layouts.get(unit.name) if unit.granularity == "n:m" else None
    picked = hand_picks(session.plan, {unit.name: alive}).get(unit.name)
    order = ranked if picked is None else outranked(ranked, picked)
    kept = kept_flags(session.plan, order, session.predict(wait=False).kept[unit.name], layout)
    numbers = np.flatnonzero(alive)
    few = len(numbers) <= MAX_IMPORTANCES and scores is not None
    free = unit.prunable and unit.name not in session.plan.locks and not session.busy
    return UnitView(
        unit=unit.name,
        noun=unit.counted,
        title=layer,
        summary=f"{wording.shape(tuple(weight.shape))} · mean {statistics.mean:.2g} · "
        f"std {statistics.standard_deviation:.2g} · "
        f"{wording.percent(statistics.sparsity)} zeros",
        edges=edges,
        counts=counts,
        threshold=_threshold(session, unit, weight, kept, alive),
        importances=ranked[numbers].tolist() if few else [],
        kept=kept[numbers].tolist() if few else [],
        numbers=numbers.tolist() if few else [],
        gone=int((~alive).sum()),
        size=unit.size,
        criterion=criterion_named(session.plan.criterion).title,
        unscored="" if scores is not None else _why_unscored(session),
        by_rank=free and few and unit.granularity != "n:m",
        by_threshold=free and by_magnitude(session.plan, unit),
    )


@functools.lru_cache(maxsize=1)  # the same while a slider moves
def _weights(
    weight: torch.Tensor, _version: int
) -> tuple[list[float], list[int], WeightStatistics]:
    return *weight_histogram(weight, BINS), weight_statistics(weight)


def _why_unscored(session: Session) -> str:
    if session.scoring:
        return "being computed from training data"
    return "not computed: it was stopped. session.scores() computes it"


def by_magnitude(plan: Plan, unit: Unit) -> bool:
    """Whether single weights go by their magnitude, so that one threshold says which."""
    return unit.granularity == "weight" and plan.criterion in {"l1", "l2"}


def ratio_by_rank(view: UnitView, rank: float) -> float:
    """The ratio at which the cut among the importances lies at a rank."""
    going = min(max(0, round(rank)), len(view.importances) - 1)
    return min((view.gone + going) / view.size, LARGEST_RATIO)


def ratio_by_threshold(view: UnitView, weight: torch.Tensor, threshold: float) -> float:
    """The ratio at which weights of a smaller magnitude than a threshold go."""
    gone = view.size - weight.numel() + int((weight.detach().abs() < threshold).sum())
    return min(max(gone, view.gone) / view.size, LARGEST_RATIO)


def _threshold(
    session: Session, unit: Unit, weight: torch.Tensor, kept: np.ndarray, alive: np.ndarray
) -> float | None:
    """The smallest magnitude that stays, when single weights go by magnitude."""
    if not by_magnitude(session.plan, unit) or kept.sum() == alive.sum():
        return None
    ordered = weight.detach().abs().flatten().sort(descending=True).values
    return float(ordered[int(kept.sum()) - 1])


class InspectPanel:
    """Two charts of the selected unit.

    Args:
        session: What is inspected.
        selected: Gives the name of the selected unit.
        change: Called with a function from the old plan to the new one when a cut is dragged.
    """

    def __init__(
        self,
        session: Session,
        selected: Callable[[], str],
        change: Callable[[Callable[[Plan], Plan]], None],
    ) -> None:
        self._session, self._selected, self._change = session, selected, change
        self._view: UnitView | None = None
        self._dragged: Callable[[Plan], Plan] | None = None  # not carried out yet
        self._summary, self._hint = text("unit-summary"), text("drag-hint")
        self.histogram = ChartSlot(
            WeightHistogram, self._draw_histogram, on_drag=self._drag_threshold
        )
        self.importance = ChartSlot(ImportanceChart, self._draw_importance, on_drag=self._drag_rank)
        self.sensitivity = ChartSlot(SensitivityChart, self._draw_sensitivity)
        self.flips = FlipsPanel(session)
        self.root = ipywidgets.VBox(
            [
                self._summary,
                self._hint,
                _key(),
                self.histogram.root,
                self.importance.root,
                self.sensitivity.root,
                self.flips.root,
            ]
        )

    @property
    def charts(self) -> tuple[ChartSlot[Any], ...]:
        """All charts, from top to bottom."""
        return self.histogram, self.importance, self.sensitivity

    def update(self) -> None:
        """Show the selected unit; nothing if there is none."""
        self.look()
        for slot in self.charts:
            slot.update()

    def look(self) -> None:
        """Collect what there is to see of the selected unit, without drawing the charts."""
        units = {unit.name: unit for unit in self._session.units}
        unit = units.get(self._selected())
        self._view = None if unit is None else unit_view(self._session, unit)
        nothing = "Select a row to see its weights."
        set_text(self._summary, self._view.summary if self._view else nothing)
        set_text(self._hint, _hint(self._view))

    def foresee(self, hand: str, outlook: Outlook | None) -> None:
        """Have the charts follow the slider that an outlook is about; none if it is None."""
        if outlook is None:
            for slot in self.charts:
                slot.foresee(lambda _chart: ("", "", ()))
            return
        unit, (own, others) = outlook.unit, self._session.plan.picks_of(outlook.unit)
        left = self._session.left()[unit]
        going = [left - kept for kept in outlook.kept]
        ratios = [ratio_of(place) for place in range(PLACES)]
        in_order = not own and not others  # a person's picks go or stay out of order
        self.sensitivity.foresee(lambda chart: (hand, unit, chart.followers(ratios)))
        self.importance.foresee(
            lambda chart: (hand, unit, chart.followers(going) if in_order else ())
        )

    def _drag_rank(self, rank: float) -> None:
        if (view := self._view) is not None:
            self._drag(lambda plan: plan.with_ratio(view.unit, ratio_by_rank(view, rank)))

    def _drag_threshold(self, threshold: float) -> None:
        view = self._view
        if view is None:
            return

        def change(plan: Plan) -> Plan:
            weight = main_weight(self._session.model.get_submodule(view.title))
            return plan.with_ratio(view.unit, ratio_by_threshold(view, weight, threshold))

        self._drag(change)

    def _drag(self, change: Callable[[Plan], Plan]) -> None:
        """Carry out the last move only, when the mouse is faster than the session."""
        self._dragged = change

        def latest(plan: Plan) -> Plan:
            last, self._dragged = self._dragged, None
            return plan if last is None else last(plan)

        self._change(latest)

    def _draw_histogram(self, chart: WeightHistogram) -> None:
        view = self._view
        if view is None:
            chart.clear()
        else:
            chart.update(
                view.title,
                view.edges,
                view.counts,
                view.threshold,
                draggable=view.by_threshold,
            )

    def _draw_sensitivity(self, chart: SensitivityChart) -> None:
        view, plan = self._view, self._session.plan
        known = self._session.sensitivity
        estimated = self._session.estimated_sensitivity
        if view is not None and view.unit in estimated and view.unit not in known:
            largest = max(max(curve.changes) for curve in estimated.values())
            chart.estimate(estimated[view.unit], largest, plan.ratio_of(view.unit))
            return
        if view is None or view.unit not in known:
            chart.clear("not measured; press Scan" if view and not known else "")
            return
        points = known[view.unit]
        chart.update(view.unit, points, best_accuracy(known), plan.ratio_of(view.unit))

    def _draw_importance(self, chart: ImportanceChart) -> None:
        view = self._view
        if view is None or not view.importances:
            chart.clear(view.unscored if view else "")
            return
        chart.update(
            view.unit,
            view.importances,
            view.kept,
            numbers=view.numbers,
            already_removed=view.gone,
            criterion=view.criterion,
            noun=view.noun,
            draggable=view.by_rank,
        )


def _key() -> ipywidgets.HTML:
    """What the colours of the charts mean; a chart's own is made anew at every move."""
    key = ipywidgets.HTML(
        '<span class="pw-key-kept">kept</span><span class="pw-key-removed">removed</span>'
    )
    key.add_class("pw-key")
    return key


def _hint(view: UnitView | None) -> str:
    """What can be dragged, in words."""
    if view is None or not (view.by_rank or view.by_threshold):
        return ""
    where = " or ".join(
        name
        for name, draggable in (("weights", view.by_threshold), ("importances", view.by_rank))
        if draggable
    )
    return f"Drag the edge ↔ of the shaded part among the {where} to set this layer's ratio."
