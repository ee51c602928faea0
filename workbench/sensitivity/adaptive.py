"""The adaptive scan: where a curve is flat, only the inputs that may change their answer are run.

The highest ratio is run on all inputs. Between two ratios the scores of an input are interpolated,
and the ratio in the middle is run only on inputs whose right class then leads or trails by less
than interpolation may be off; how far that is, the first ones run tell. So a flat stretch costs
little, a bend as much as it bends. A network that answers one class for most inputs has collapsed,
and tells nothing of its neighbours: next to it everything is run.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.progress import Monitor, Part
from workbench.sensitivity.routes import Chosen, Logits, Run
from workbench.sensitivity.strategies import Answers, AnyT, Known, margins
from workbench.sensitivity.targets import AnyTarget

_FEWEST = 4  # inputs that tell how far interpolation is off
_ROUNDS = 2  # of more inputs, as the first ones tell that it is further off than expected


@dataclass(frozen=True, eq=False)
class _Stop:
    """A ratio whose scores are known or interpolated for all inputs."""

    achieved: float
    logits: Logits


@dataclass(frozen=True)
class Adaptive:
    """Runs as few inputs as tell each figure.

    Attributes:
        first: Inputs within this many expected deviations of a changed answer are run first.
        then: Inputs within this many observed deviations are run after them.
        collapsed: Share of inputs answered with one class, above which all are run.
    """

    first: float = 0.8
    then: float = 2.5
    collapsed: float = 0.5
    name = "adaptive"

    @property
    def settings(self) -> dict[str, Any]:
        """Its thresholds."""
        return {"first": self.first, "then": self.then, "collapsed": self.collapsed}

    def runs_first(self, targets: Sequence[AnyT]) -> AnyT:
        """The one with the highest ratio."""
        return _ordered(targets)[-1]

    def answers(
        self, targets: Sequence[AnyTarget], known: Known, run: Run, monitor: Monitor
    ) -> Iterator[Answers]:
        """Answers of every target: the last one, then those in the middle of what is left."""
        ordered = _ordered(targets)
        if not ordered:
            return
        steps = [Part(monitor, place, place + 1, len(ordered)) for place in range(len(ordered))]
        last = run(ordered[-1], None, steps[0])
        yield Answers(ordered[-1], last, len(last))
        stops = {-1: _Stop(known.achieved, known.logits)}
        stops[len(ordered) - 1] = _Stop(ordered[-1].achieved, last)
        open_ranges, done = [(-1, len(ordered) - 1)], 1
        while open_ranges:
            low, high = open_ranges.pop(0)
            if high - low < 2:
                continue
            middle = (low + high) // 2
            target = ordered[middle]
            between = _Between.of(stops[low], stops[high], target.achieved, known)
            logits, ran = self._logits(target, between, run, steps[done])
            stops[middle] = _Stop(target.achieved, logits)
            yield Answers(target, logits, ran)
            done += 1
            open_ranges += [(low, middle), (middle, high)]

    def _logits(
        self, target: AnyTarget, between: "_Between", run: Run, monitor: Monitor
    ) -> tuple[Logits, int]:
        chosen = between.within(self.first)
        if between.one_class > self.collapsed:
            chosen[:] = True
        logits = between.logits.copy()
        if not chosen.any():
            return logits, 0
        logits[chosen] = run(target, None if chosen.all() else chosen, monitor)
        for _ in range(_ROUNDS):
            if chosen.sum() < _FEWEST:
                break
            more = between.within(self.then * between.deviations(logits, chosen)) & ~chosen
            if not more.any():
                break
            logits[more] = run(target, more, monitor)
            chosen |= more
        return logits, int(chosen.sum())


@dataclass(frozen=True, eq=False)
class _Between:
    """Scores interpolated between two ratios, and how far off they may be.

    Attributes:
        logits: Linear in the achieved ratio, input by input.
        margins: By how much the right class leads then.
        spread: Expected deviation of each margin: as of a bridge between the two ends.
        one_class: Largest share of inputs that an end answers with one class.
        labels: Right classes.
    """

    logits: Logits
    margins: NDArray[Any]
    spread: NDArray[Any]
    one_class: float
    labels: NDArray[np.int64]

    @classmethod
    def of(cls, low: _Stop, high: _Stop, achieved: float, known: Known) -> "_Between":
        span = high.achieved - low.achieved
        share = (achieved - low.achieved) / span if span else 0.5
        logits = low.logits + np.float32(share) * (high.logits - low.logits)
        moved = np.abs(margins(high.logits, known.labels) - margins(low.logits, known.labels))
        typical = (moved + np.sqrt((moved**2).mean())) / 2
        return cls(
            logits,
            margins(logits, known.labels),
            np.sqrt(share * (1 - share)) * typical,
            max(_largest_share(low.logits), _largest_share(high.logits)),
            known.labels,
        )

    def within(self, times: float) -> Chosen:
        """Inputs whose answer changes if their margin is off by so many deviations."""
        near: Chosen = np.abs(self.margins) < times * self.spread
        return near

    def deviations(self, logits: Logits, ran: Chosen) -> float:
        """How far the margins of the inputs that ran were off, in expected deviations."""
        off = margins(logits[ran], self.labels[ran]) - self.margins[ran]
        return float(np.sqrt(((off / np.maximum(self.spread[ran], 1e-12)) ** 2).mean()))


def _ordered(targets: Sequence[AnyT]) -> list[AnyT]:
    return sorted(targets, key=lambda target: target.achieved)


def _largest_share(logits: Logits) -> float:
    return max(Counter(logits.argmax(axis=1).tolist()).values()) / len(logits)
