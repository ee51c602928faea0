"""What becomes of every channel of a unit under the session's plan."""

from collections.abc import Sequence

import numpy as np

from workbench import Session
from workbench.hand_picks import NO_PICKS, outranked
from workbench.limits import by_hand
from workbench.selection import best, hand_picks
from workbench.units import Unit

KEPT, GOES, UNKNOWN = "kept", "goes", "unknown"
REMOVED_BY_HAND, KEPT_BY_HAND = "removed-by-hand", "kept-by-hand"
STAYS = "stays"
"""Removed by hand, but the plan cannot carry it out; the unit's reason says why."""
GONE, GONE_BY_HAND = "gone", "gone-by-hand"


def channel_states(session: Session, unit: Unit) -> list[str]:
    """State of every channel, by its dense number."""
    plan, alive = session.plan, session.pruned.alive("channel")[unit.name]
    left, count = int(alive.sum()), session.predict(wait=False).kept[unit.name]
    scores = session.known_scores()
    if scores is None:
        ordinary = np.full(unit.size, KEPT if count == left else UNKNOWN, dtype=object)
        goes = np.full(unit.size, count < left)
    else:
        picked = hand_picks(plan, {unit.name: alive}).get(unit.name, NO_PICKS)
        ranks = np.where(alive, scores[unit.name].astype(np.float64), -np.inf)
        goes = ~best(outranked(ranks, picked), count)
        ordinary = np.where(goes, GOES, KEPT).astype(object)
    states: list[str] = np.where(alive, ordinary, GONE).tolist()
    removed, kept = plan.picks_of(unit.name)
    for number in removed:
        if not alive[number]:
            states[number] = GONE_BY_HAND
        else:
            states[number] = REMOVED_BY_HAND if goes[number] else STAYS
    for number in kept:
        if alive[number]:
            states[number] = KEPT_BY_HAND
    return states


def summary(session: Session, unit: Unit, states: Sequence[str]) -> str:
    """How many are picked by hand and how many go, in words."""
    removed, kept = session.plan.picks_of(unit.name)
    gone = sum(state in (GONE, GONE_BY_HAND) for state in states)
    goes = sum(state in (GOES, REMOVED_BY_HAND) for state in states)
    words = [f"{unit.size} channels"]
    if gone:
        words.append(f"{gone} gone already")
    if UNKNOWN in states:
        words.append("which ones go is known once they are scored")
    else:
        words.append(f"{goes} would be removed" if goes else "none would be removed")
    words.append(picked_words(len(removed), len(kept)) or "none picked by hand")
    reason = session.predict(wait=False).reasons.get(unit.name, "")
    return " · ".join(words) + (f" ({reason})" if STAYS in states else "")


def picked_words(removed: int, kept: int) -> str:
    """Hand picks of a unit, in words; empty if there are none."""
    if removed and kept:
        return f"{removed} removed and {kept} kept by hand"
    if removed or kept:
        return by_hand(removed or kept, "removed" if removed else "kept")
    return ""


def why_fixed(unit: Unit) -> str:
    """Why no channel of a unit can be picked, in words; empty if any can."""
    return "" if unit.prunable else f"not prunable: {unit.reason}"
