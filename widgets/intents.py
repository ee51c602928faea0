"""Checks messages that arrive from the browser, before anything acts on them.

A message is foreign input: a page left open from an older version may send it, or a unit may be
gone by the time it arrives. What does not check out is dropped with a warning, because there is
nobody to raise an error to.
"""

import logging
import math
from collections.abc import Collection, Mapping
from typing import Any

_log = logging.getLogger(__name__)

Intent = dict[str, Any]


def is_ratio(value: object) -> bool:
    """Whether a value is a finite number in [0, 1)."""
    return is_number(value) and 0 <= float(value) < 1  # type: ignore[arg-type]


def is_number(value: object) -> bool:
    """Whether a value is a finite number; True and False are not."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def table_intent(message: object, rows: Collection[str], units: Collection[str]) -> Intent | None:
    """Check what a layer table sent.

    Args:
        message: The message, as it arrived.
        rows: Every row's unit; each can be selected.
        units: Units with a slider or switch; only these can be moved, locked and unpinned.

    Returns:
        The intent, holding nothing but its known fields; None if it does not check out.
    """
    match message:
        case {"type": "drag" | "release" as kind, "ratios": Mapping() as ratios} if ratios:
            if all(unit in units and is_ratio(ratio) for unit, ratio in ratios.items()):
                return {"type": kind, "ratios": {u: float(r) for u, r in ratios.items()}}
        case {"type": "lock", "unit": str(unit), "locked": bool(locked)} if unit in units:
            return {"type": "lock", "unit": unit, "locked": locked}
        case {"type": "unpin", "unit": str(unit)} if unit in units:
            return {"type": "unpin", "unit": unit}
        case {"type": "select", "unit": str(unit)} if unit in rows:
            return {"type": "select", "unit": unit}
    _warn("layer table", message)
    return None


def board_intent(message: object, metrics: Collection[str]) -> Intent | None:
    """Check what a score board sent; None if it does not check out.

    Args:
        message: The message, as it arrived.
        metrics: Names of the metrics on the board.
    """
    match message:
        case {"type": "target", "metric": str(metric), "value": value} if metric in metrics:
            if value is None:
                return {"type": "target", "metric": metric, "value": None}
            if is_number(value):
                return {"type": "target", "metric": metric, "value": float(value)}
    _warn("score board", message)
    return None


def channels_intent(message: object, unit: str, size: int) -> Intent | None:
    """Check what a view of channels sent; None if it does not check out.

    Args:
        message: The message, as it arrived.
        unit: The unit that is shown, or "".
        size: How many channels it has.
    """
    match message:
        case {
            "type": "keep" | "remove" | "release" as kind,
            "unit": str(of),
            "channels": list(own),
        }:
            if unit and of == unit and own and all(_is_place(number, size) for number in own):
                return {"type": kind, "unit": unit, "channels": own}
        case {"type": "cancel" | "look" as kind}:
            return {"type": kind}
    _warn("channel view", message)
    return None


def _is_place(value: object, size: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < size


def master_intent(message: object, positions: int) -> Intent | None:
    """Check what a master slider sent; None if it does not check out.

    Args:
        message: The message, as it arrived.
        positions: How many there are.
    """
    match message:
        case {
            "type": "move" | "release" as kind,
            "position": int(position),
            "version": int(version),
            "stamp": int(stamp),
        } if 0 <= position < positions:
            return {"type": kind, "position": position, "version": version, "stamp": stamp}
    _warn("master slider", message)
    return None


def ratio_intent(message: object) -> Intent | None:
    """Check what a slider for a pruning ratio sent; None if it does not check out."""
    match message:
        case {"type": "move" | "release" as kind, "ratio": ratio, "stamp": int(stamp)} if is_ratio(
            ratio
        ):
            return {"type": kind, "ratio": float(ratio), "stamp": stamp}
    _warn("ratio slider", message)
    return None


def chart_intent(message: object, heard: Collection[tuple[str, str]]) -> Intent | None:
    """Check what a view of a chart sent; None if it does not check out.

    Args:
        message: The message, as it arrived.
        heard: ``(model id, property)`` of what a page may move or choose.
    """
    match message:
        case {"type": "open", "view": str(view)}:
            return {"type": "open", "view": view}
        case {"type": "moved", "model": str(model), "attr": str(attr), "new": new} if (
            model,
            attr,
        ) in heard:
            if is_number(new):
                return {"type": "moved", "model": model, "attr": attr, "new": float(new)}
            if isinstance(new, list) and all(map(_is_index, new)):
                return {"type": "moved", "model": model, "attr": attr, "new": new}
    _warn("chart", message)
    return None


def _is_index(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def history_intent(message: object, steps: Collection[int]) -> Intent | None:
    """Check what a history tree sent; None if it does not check out.

    Args:
        message: The message, as it arrived.
        steps: Ids of the steps that are shown.
    """
    match message:
        case {"type": "go", "step": step} if _is_step(step, steps):
            return {"type": "go", "step": step}
        case {"type": "compare", "steps": list(chosen)} if len(chosen) <= 2:
            if all(_is_step(step, steps) for step in chosen) and len(chosen) == len(set(chosen)):
                return {"type": "compare", "steps": chosen}
        case {"type": "rename", "step": step, "name": str(name), "remark": str(remark)}:
            if _is_step(step, steps):
                return {"type": "rename", "step": step, "name": name, "remark": remark}
        case {"type": "csv"}:
            return {"type": "csv"}
    _warn("history tree", message)
    return None


def _is_step(value: object, steps: Collection[int]) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in steps


def comparison_intent(message: object, layers: Collection[str]) -> Intent | None:
    """Check what a view of a comparison sent; None if it does not check out.

    Args:
        message: The message, as it arrived.
        layers: The layers that are shown.
    """
    match message:
        case {"type": "layer", "layer": str(layer)} if layer in layers:
            return {"type": "layer", "layer": layer}
    _warn("comparison", message)
    return None


def code_intent(message: object) -> Intent | None:
    """Check what a code dialog sent; None if it does not check out."""
    match message:
        case {"type": "open"}:
            return {"type": "open"}
        case {"type": "save", "path": str(path)} if path.strip():
            return {"type": "save", "path": path.strip()}
    _warn("code dialog", message)
    return None


def _warn(where: str, message: object) -> None:
    # repr, cut: a message can hold anything, newlines included.
    _log.warning("ignored a message from the %s that does not check out: %.300r", where, message)
