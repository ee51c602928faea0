"""How a pruning ratio rises over time: pure functions, from a position to a ratio.

Positions and their bounds have any one unit (steps, epochs, rounds). Ratios are fractions of the
dense model's count, in [0, 1).
"""

from collections.abc import Callable

from workbench.errors import PlanError

RatioSchedule = Callable[..., float]
"""Takes `position`, `begin`, `end`, `initial` and `final` by keyword."""


def constant(*, position: float, begin: float, end: float, initial: float, final: float) -> float:
    """``final`` from `begin` on, ``initial`` before: one-shot pruning. `end` does not matter."""
    return final if position >= begin else initial


def linear(*, position: float, begin: float, end: float, initial: float, final: float) -> float:
    """``initial + (final - initial) t``, with ``t = (position - begin) / (end - begin)``."""
    return initial + (final - initial) * _share(position, begin, end)


def cubic(*, position: float, begin: float, end: float, initial: float, final: float) -> float:
    """``final + (initial - final) (1 - t)^3``: much at first, while there is much to spare.

    Reference:
        Zhu and Gupta, To prune, or not to prune, arXiv:1710.01878, section 3.
    """
    return final + (initial - final) * (1 - _share(position, begin, end)) ** 3


def geometric(*, position: float, begin: float, end: float, initial: float, final: float) -> float:
    """``1 - (1 - initial)^(1 - t) (1 - final)^t``: the same share of what is left, every time.

    Reference:
        Han et al., Learning both Weights and Connections for Efficient Neural Networks,
        arXiv:1506.02626; the share per round as in Frankle and Carbin, arXiv:1803.03635.
    """
    share = _share(position, begin, end)
    return float(1 - (1 - initial) ** (1 - share) * (1 - final) ** share)


RATIO_SCHEDULES: dict[str, RatioSchedule] = {
    "cubic": cubic,
    "linear": linear,
    "geometric": geometric,
    "constant": constant,
}


def round_ratios(
    *, rounds: int, final: float, initial: float = 0.0, schedule: RatioSchedule = geometric
) -> tuple[float, ...]:
    """The ratio to prune to in each of N rounds; the last is `final`.

    Args:
        rounds: N, at least 1.
        final: Ratio after the last round.
        initial: Ratio before the first.
        schedule: How it rises; by default each round removes the same share of what is left.

    Raises:
        PlanError: If there is no round, or the ratio is out of range or would fall.
    """
    if rounds < 1:
        raise PlanError(f"rounds must be at least 1, got {rounds}. Use 1 for one-shot pruning.")
    if not 0 <= initial <= final < 1:
        raise PlanError(
            f"ratios of rounds must rise within [0, 1), got {initial} to {final}. Pruning never "
            "brings anything back."
        )
    rising = (
        schedule(position=number, begin=0, end=rounds, initial=initial, final=final)
        for number in range(1, rounds)
    )
    return (*rising, final)


def _share(position: float, begin: float, end: float) -> float:
    if position >= end:
        return 1.0
    return max(0.0, (position - begin) / (end - begin))
