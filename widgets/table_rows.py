"""The rows and slider states of the layer table, from a session."""

import torch

from widgets import wording
from widgets.layer_table import LayerRow, UnitState
from workbench import Session
from workbench.layers import LayerInfo, weight_histogram
from workbench.units import Unit

LARGEST_RATIO = 0.99
"""The slider's right end: a ratio of 1 would empty a layer."""


def table_rows(session: Session) -> list[LayerRow]:
    """One row for every unit of the plan's granularity."""
    layers = {layer.name: layer for layer in session.layers}
    parameters = max(1, sum(layer.parameters for layer in session.layers))
    macs = max(1, sum(layer.macs for layer in session.layers))
    return [_row(session, unit, layers, parameters, macs) for unit in session.units]


def unit_states(session: Session) -> dict[str, UnitState]:
    """Request, outcome so far, lock and pin of every unit that has a slider."""
    plan, left = session.plan, session.left()
    return {
        unit.name: {
            "ratio": plan.ratios.get(unit.name, plan.ratio),
            "achieved": min(LARGEST_RATIO, 1 - left[unit.name] / unit.size),
            "locked": unit.name in plan.locks,
            "pinned": plan.scope == "global" and unit.name in plan.ratios,
        }
        for unit in session.units
        if unit.prunable
    }


def _row(
    session: Session, unit: Unit, layers: dict[str, LayerInfo], parameters: int, macs: int
) -> LayerRow:
    own = [layers[name] for name in unit.layers]
    first = own[0]
    return {
        "unit": unit.name,
        "title": unit.name,
        "kind": first.kind,
        "shape": wording.shape(first.weight_shape),
        "size": unit.size,
        "size_label": f"{unit.size} {unit.granularity}s",
        "parameters_share": sum(layer.parameters for layer in own) / parameters,
        "macs_share": sum(layer.macs for layer in own) / macs,
        "histogram": _histogram(session, first.name),
        "layers": list(unit.layers),
        "prunable": unit.prunable,
        "reason": unit.reason,
    }


def _histogram(session: Session, layer: str) -> list[int]:
    weight = getattr(session.model.get_submodule(layer), "weight", None)
    return weight_histogram(weight)[1] if isinstance(weight, torch.Tensor) else []
