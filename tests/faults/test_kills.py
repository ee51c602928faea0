"""A kernel that is killed at any moment loses nothing but what it was doing."""

from collections import Counter

import pytest
from faults.killing import Killer
from faults.victim import PHASES

EACH, ALL = 10, 50


@pytest.mark.timeout(900)
def test_a_kill_in_every_phase_loses_nothing(killer: Killer) -> None:
    for phase in PHASES:
        killer.kill_in(phase)
    assert len(killer.kills) == len(PHASES)


@pytest.mark.faults
@pytest.mark.timeout(7200)
def test_fifty_kills_lose_nothing(killer: Killer) -> None:
    inside: Counter[str] = Counter()
    while len(killer.kills) < ALL or min(inside[phase] for phase in PHASES) < EACH:
        rarest = min(PHASES, key=lambda phase: inside[phase])
        kill = killer.kill_in(rarest)
        inside[kill.phase] += 1
        assert len(killer.kills) < 10 * ALL, inside
