"""Selections made from written-out scores."""

from collections.abc import Mapping

import numpy as np

from workbench import Plan
from workbench.selection import Selection, UnitResult, select
from workbench.units import Unit


def unit(name: str, size: int, granularity: str = "channel", reason: str = "") -> Unit:
    return Unit(name, granularity, (name,), size, not reason, reason)


def chosen(
    scores: Mapping[str, list[float]],
    plan: Plan,
    *,
    gone: Mapping[str, list[int]] | None = None,
    granularity: str = "channel",
) -> Selection:
    """The selection for units with these scores, of which `gone` went earlier."""
    alive = {name: np.ones(len(scored), bool) for name, scored in scores.items()}
    for name, places in (gone or {}).items():
        alive[name][places] = False
    units = [unit(name, len(scored), granularity) for name, scored in scores.items()]
    return select(units, plan, {name: np.array(s) for name, s in scores.items()}, alive)


def places(selection: Selection, name: str) -> list[int]:
    return np.flatnonzero(selection.kept[name]).tolist()


def result(selection: Selection, name: str) -> UnitResult:
    return next(result for result in selection.results if result.unit == name)
