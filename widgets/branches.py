"""Where the steps of a history stand when they are drawn as a tree, one row each."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Placed:
    """A step's row. A line passes by in every lane before its own.

    Attributes:
        step: Its id.
        lane: Its column, from 0.
        branches: Whether it begins a side branch: an elbow leads to it from the lane before.
        ends: Whether no line leads on from it.
    """

    step: int
    lane: int
    branches: bool
    ends: bool


def placed(parents: Mapping[int, int | None]) -> list[Placed]:
    """The rows from top to bottom, every step below its parent.

    Of several children the one with the newest step behind it goes straight on, so that the last
    row is always the newest step; the others are set aside, one lane further, in between.

    Args:
        parents: By step, the one it was made from; None for the first. Ids grow with time.
    """
    children: dict[int, list[int]] = {step: [] for step in parents}
    newest = {step: step for step in parents}
    for step in sorted(parents, reverse=True):
        parent = parents[step]
        if parent is not None:
            children[parent].append(step)
            newest[parent] = max(newest[parent], newest[step])
    rows: list[Placed] = []
    todo = [(step, 0, False) for step, parent in parents.items() if parent is None]
    while todo:
        step, lane, branches = todo.pop()
        onward = max(children[step], key=newest.__getitem__, default=None)
        rows.append(Placed(step, lane, branches, onward is None))
        if onward is not None:
            todo.append((onward, lane, False))
            todo += [(child, lane + 1, True) for child in children[step] if child != onward]
    return rows
