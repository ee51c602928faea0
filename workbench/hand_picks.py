"""Hand-picked channels: single channels a person keeps or removes, whatever the criterion says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Integral
from types import MappingProxyType

import numpy as np

from workbench.errors import PlanError

Picks = Mapping[str, tuple[int, ...]]
"""By unit name, numbers of channels in the dense model, rising."""


@dataclass(frozen=True)
class Picked:
    """What was picked by hand among the channels of a unit that are left.

    Attributes:
        left: How many channels are left.
        removed, kept: Dense numbers of the picks among them.
    """

    left: int = 0
    removed: tuple[int, ...] = ()
    kept: tuple[int, ...] = ()

    def staying(self, count: int) -> int:
        """How many that a person removes are left all the same when the unit keeps `count`."""
        gone = self.left - count
        return max(0, len(self.removed) - gone) if self.removed else 0


NO_PICKS = Picked()


def picked_units(removed: Picks, kept: Picks, alive: Mapping[str, np.ndarray]) -> dict[str, Picked]:
    """By unit name, what was picked among what is left; units without picks are left out.

    Args:
        removed, kept: A plan's picks.
        alive: By unit name, bool per original channel: what is left.

    Raises:
        PlanError: If a unit does not have a channel that was picked.
    """
    found = {}
    for name in {**removed, **kept}:
        if name not in alive:
            continue
        check_in_range(name, len(alive[name]), (*removed.get(name, ()), *kept.get(name, ())))
        found[name] = Picked(
            left=int(alive[name].sum()),
            removed=tuple(n for n in removed.get(name, ()) if alive[name][n]),
            kept=tuple(n for n in kept.get(name, ()) if alive[name][n]),
        )
    return found


def outranked(ranks: np.ndarray, picked: Picked) -> np.ndarray:
    """Ranks in which a person's picks stand above and below what the criterion says.

    Args:
        ranks: Shape ``(channels,)``, float64; minus infinity for what is gone.
        picked: What was picked among the rest.

    Returns:
        The same, but plus infinity for what is kept by hand; what is removed by hand ranks below
        all else that is left, and among itself as before.
    """
    found = ranks.copy()
    found[list(picked.kept)] = np.inf
    removed = np.array(picked.removed, np.int64)
    places = np.argsort(np.argsort(ranks[removed], kind="stable"))
    # Finite, so that what is gone still ranks below.
    found[removed] = -np.finfo(np.float64).max * (1 - places * 2.0**-40)
    return found


def checked_picks(setting: str, picks: object) -> Picks:
    """A read-only copy, units and channels in order, without units that have no picks.

    Raises:
        PlanError: If a channel cannot be one of any model.
    """
    if not isinstance(picks, Mapping):
        raise PlanError(
            f"{setting} of a plan must be given by unit name, got {picks!r}. Use for example "
            "{'conv1': [3, 7]}."
        )
    found = {unit: checked_channels(unit, picks[unit]) for unit in sorted(picks)}
    return MappingProxyType({unit: channels for unit, channels in found.items() if channels})


def checked_channels(unit: str, channels: object) -> tuple[int, ...]:
    """Numbers of channels, rising, each once; one number counts as a list of it.

    Raises:
        PlanError: If they are not whole numbers of at least 0.
    """
    if _is_whole(channels):
        channels = (channels,)
    if isinstance(channels, str) or not isinstance(channels, Iterable):
        raise PlanError(
            f"channels of unit {unit!r} must be a list of their numbers, got {channels!r}. Use "
            "for example [3, 7]."
        )
    found = set()
    for channel in channels:
        if not _is_whole(channel) or channel < 0:
            raise PlanError(
                f"a channel of unit {unit!r} must be a whole number of at least 0, got "
                f"{channel!r}. Channels are counted from 0, as in the dense model."
            )
        found.add(int(channel))
    return tuple(sorted(found))


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def check_disjoint(removed: Picks, kept: Picks) -> None:
    """Refuse a channel that is both kept and removed.

    Raises:
        PlanError: Names the first.
    """
    for unit, channels in removed.items():
        if both := sorted(set(channels) & set(kept.get(unit, ()))):
            raise PlanError(
                f"channel {both[0]} of unit {unit!r} must be kept or removed by hand, got both. "
                f"plan.keep({unit!r}, {both[0]}) or plan.remove({unit!r}, {both[0]}) moves it."
            )


def check_in_range(unit: str, size: int, channels: Iterable[int]) -> None:
    """Refuse channels that a unit does not have.

    Raises:
        PlanError: Names the first.
    """
    for channel in channels:
        if channel >= size:
            raise PlanError(
                f"a channel of unit {unit!r} must be in [0, {size - 1}], got {channel}. Channels "
                f"are counted as in the dense model, from 0; plan.release({unit!r}, {channel}) "
                "takes it out of the plan."
            )


def with_picks(picks: Picks, unit: str, channels: Iterable[int]) -> dict[str, tuple[int, ...]]:
    """Picks with these channels of a unit among them."""
    return {**picks, unit: tuple({*picks.get(unit, ()), *channels})}


def without_picks(
    picks: Picks, unit: str, channels: Iterable[int] | None = None
) -> dict[str, tuple[int, ...]]:
    """Picks without these channels of a unit, or without any of it."""
    gone = set(picks.get(unit, ()) if channels is None else channels)
    return {**picks, unit: tuple(n for n in picks.get(unit, ()) if n not in gone)}
