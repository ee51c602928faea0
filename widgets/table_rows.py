"""The rows and slider states of the layer table, from a session."""

from collections.abc import Sequence
from dataclasses import replace

from widgets import wording
from widgets.channel_states import picked_words
from widgets.layer_table import LayerRow, UnitState
from workbench import Session
from workbench.layers import LayerInfo, main_weight, weight_histogram
from workbench.pattern import Pattern
from workbench.predict import Prediction
from workbench.selection import no_whole_blocks
from workbench.sensitivity import Point
from workbench.sensitivity.display import best_accuracy
from workbench.units import Unit

LARGEST_RATIO = 0.99
"""The slider's right end: a ratio of 1 would empty a layer."""


def table_rows(session: Session) -> list[LayerRow]:
    """One row for every unit of the plan's granularity."""
    layers = {layer.name: layer for layer in session.layers}
    parameters = max(1, sum(layer.parameters for layer in session.layers))
    macs = max(1, sum(layer.macs for layer in session.layers))
    return [_row(session, unit, layers, parameters, macs) for unit in units_now(session)]


def units_now(session: Session) -> tuple[Unit, ...]:
    """The session's units; those that a pattern no longer fits cannot be pruned by it."""
    plan = session.plan
    if plan.granularity != "n:m":
        return session.units
    fitting, reason = session.pruned.patterned(plan), no_whole_blocks(Pattern.parse(plan.pattern))
    return tuple(
        replace(unit, prunable=False, reason=reason)
        if unit.prunable and unit.name not in fitting
        else unit
        for unit in session.units
    )


def unit_states(session: Session) -> dict[str, UnitState]:
    """Request, outcome so far, lock and pin of every unit that has a slider or a switch."""
    plan, left, prediction = session.plan, session.left(), session.predict(wait=False)
    state = _switch_state if plan.granularity == "n:m" else _slider_state
    return {
        unit.name: {
            **state(session, unit, left[unit.name]),
            "locked": unit.name in plan.locks,
            "pinned": plan.scope == "global" and unit.name in plan.ratios,
            "picked": picked_words(*map(len, plan.picks_of(unit.name))),
            **_outcome(unit, prediction),
        }
        for unit in units_now(session)
        if unit.prunable
    }


def _outcome(unit: Unit, prediction: Prediction) -> UnitState:
    """What comes of a request, where that is something else; so most moves change nothing here."""
    note = prediction.reasons.get(unit.name, "")
    removed = round(1 - prediction.kept[unit.name] / unit.size, 4)
    return {"outcome": removed if note else None, "note": note}


def cliff_states(session: Session) -> dict[str, UnitState]:
    """What a scan found of every unit that has a slider or a switch; nothing of most, at first.

    It changes only when a point is measured, or another rule or model is asked for.
    """
    known = session.sensitivity
    whole = best_accuracy(known)
    return {
        unit.name: {"cliff": _cliff(known.get(unit.name, ()), whole)}
        for unit in units_now(session)
        if unit.prunable
    }


def _cliff(points: Sequence[Point], whole: float) -> list[list[float]]:
    """``[ratio, accuracy]`` of pruning a unit alone, from ratio 0; empty if nothing is known."""
    if not points:
        return []
    return [[0.0, whole], *([point.ratio, round(point.accuracy, 4)] for point in points)]


def _slider_state(session: Session, unit: Unit, left: int) -> UnitState:
    plan = session.plan
    return {
        "ratio": plan.ratios.get(unit.name, plan.ratio),
        "achieved": min(LARGEST_RATIO, 1 - left / unit.size),
    }


def _switch_state(session: Session, unit: Unit, left: int) -> UnitState:
    """On or off: the pattern's sparsity or 0, asked for and carried out."""
    plan = session.plan
    pattern = Pattern.parse(plan.pattern)
    in_pattern, _ = session.pruned.patterned(plan)[unit.name]
    on = pattern.is_on(plan.ratios.get(unit.name, plan.ratio))
    return {
        "ratio": pattern.sparsity if on else 0.0,
        "achieved": pattern.sparsity if in_pattern == left else 0.0,
    }


def _row(
    session: Session, unit: Unit, layers: dict[str, LayerInfo], parameters: int, macs: int
) -> LayerRow:
    own = [layers[name] for name in unit.layers]
    times = session.layer_times(0)
    first = own[0]
    return {
        "unit": unit.name,
        "title": unit.name,
        "kind": first.kind,
        "shape": wording.shape(first.weight_shape),
        "size": unit.size,
        "size_label": f"{unit.size} {unit.counted}",
        "parameters_share": sum(layer.parameters for layer in own) / parameters,
        "macs_share": sum(layer.macs for layer in own) / macs,
        "latency_share": None if times is None else times.share(unit.layers),
        "histogram": _histogram(session, first.name),
        "layers": list(unit.layers),
        "prunable": unit.prunable,
        "reason": unit.reason,
        "pattern": session.plan.pattern if unit.granularity == "n:m" else "",
        "on_ratio": Pattern.parse(session.plan.pattern).sparsity,
    }


def _histogram(session: Session, layer: str) -> list[int]:
    return weight_histogram(main_weight(session.model.get_submodule(layer)))[1]
