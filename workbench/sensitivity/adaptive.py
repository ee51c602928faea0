"""The adaptive scan: at every ratio, only inputs whose answer cannot be foreseen are run.

The highest ratio is run on all inputs. Between two ratios the scores of an input are interpolated,
and a few inputs, from the surest to the least sure, are run at the ratio in the middle. They tell
how far interpolation is off: by how much for all inputs alike, which is corrected, and how much it
scatters, which gives every other input a chance to answer otherwise than it seems. Of those, the
least sure are run until the figure is sure enough; the others count by their chances. So a flat
stretch costs little, a bend as much as it bends.

Reference:
    Särndal et al., Model Assisted Survey Sampling, 1992, chapter 6, for figures of all from a model
    and the answers of some.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from workbench.progress import Monitor, Part
from workbench.sensitivity.routes import Chosen, Logits, Run
from workbench.sensitivity.strategies import Answers, AnyT, Known, margins
from workbench.sensitivity.targets import AnyTarget

_ROUNDS = 3  # of more inputs: those that ran may tell that interpolation is further off
_LEAST = 1e-9


@dataclass(frozen=True, eq=False)
class _Stop:
    """A ratio whose scores are known or foreseen for all inputs."""

    achieved: float
    logits: Logits


@dataclass(frozen=True)
class Adaptive:
    """Runs as few inputs as tell each figure.

    Attributes:
        error: Standard error of an accuracy, as a fraction of the inputs, that is sure enough.
        pilots: Inputs run at every ratio, from the surest to the least sure.
        near: Inputs within this many expected deviations of another answer are run with them.
        caution: How many times further off than it was seen to be, interpolation is taken to be
            where it is decided what else to run.
        most: Largest share of the inputs that is run before all of them are.
    """

    error: float = 0.004
    pilots: int = 20
    near: float = 0.2
    caution: float = 1.2
    most: float = 0.6
    name = "adaptive"

    @property
    def settings(self) -> dict[str, Any]:
        """Its thresholds."""
        return asdict(self)

    def ordered(self, targets: Sequence[AnyT]) -> list[AnyT]:
        """The one with the highest ratio, then those in the middle of what is left."""
        rising = sorted(targets, key=lambda target: target.achieved)
        return rising[-1:] + [rising[middle] for _, middle, _ in _middles(len(rising))]

    def answers(
        self, targets: Sequence[AnyTarget], known: Known, run: Run, monitor: Monitor
    ) -> Iterator[Answers]:
        """Answers of every target, in that order."""
        if not targets:
            return
        steps = [Part(monitor, place, place + 1, len(targets)) for place in range(len(targets))]
        highest, *others = self.ordered(targets)
        last = run(highest, None, steps[0])
        yield Answers(highest, last, len(last))
        stops = {-1: _Stop(known.achieved, known.logits)}
        stops[len(others)] = _Stop(highest.achieved, last)
        places = zip(others, _middles(len(targets)), steps[1:], strict=True)
        for target, (low, middle, high), step in places:
            between = _Between.of(stops[low], stops[high], target.achieved, known)
            found = self._answer(target, between, run, step)
            stops[middle] = _Stop(target.achieved, found.logits)
            yield found

    def _answer(
        self, target: AnyTarget, between: "_Between", run: Run, monitor: Monitor
    ) -> Answers:
        logits, ran = between.logits.copy(), between.first(self.pilots, self.near)
        logits[ran] = run(target, ran, monitor)
        foreseen = between.corrected(logits, ran)
        for _ in range(_ROUNDS):
            more = foreseen.unsure(self.caution, self.error) & ~ran
            if not more.any():
                break
            if (ran | more).mean() > self.most:
                more = ~ran
            logits[more] = run(target, more, monitor)
            ran |= more
            foreseen = between.corrected(logits, ran)
        logits[~ran] = foreseen.logits[~ran]
        return Answers(target, logits, int(ran.sum()), foreseen.surplus)


@dataclass(frozen=True, eq=False)
class _Between:
    """Scores interpolated between two ratios, and how far off they may be.

    Attributes:
        logits: Linear in the achieved ratio, input by input.
        spread: Expected deviation of each lead of the right class: as of a bridge between the two
            ends.
        labels: Right classes.
    """

    logits: Logits
    spread: NDArray[Any]
    labels: NDArray[np.int64]

    @classmethod
    def of(cls, low: _Stop, high: _Stop, achieved: float, known: Known) -> "_Between":
        span = high.achieved - low.achieved
        share = (achieved - low.achieved) / span if span else 0.5
        logits = low.logits + np.float32(share) * (high.logits - low.logits)
        moved = np.abs(margins(high.logits, known.labels) - margins(low.logits, known.labels))
        typical = (moved + np.sqrt((moved**2).mean())) / 2
        spread = np.sqrt(share * (1 - share)) * typical + _LEAST
        return cls(logits, spread, known.labels)

    def first(self, pilots: int, near: float) -> Chosen:
        """Inputs that tell how far off the scores are, and those sure to be needed."""
        distance = np.abs(margins(self.logits, self.labels)) / self.spread
        order = np.argsort(distance, kind="stable")
        edges = np.linspace(0, len(order), min(pilots, len(order)) + 1).round().astype(int)
        chosen: Chosen = distance < near
        chosen[order[(edges[:-1] + edges[1:]) // 2]] = True
        return chosen

    def corrected(self, logits: Logits, ran: Chosen) -> "_Foreseen":
        """What the inputs that ran, and their scores, tell of the others."""
        shifted = self.logits + (logits[ran] - self.logits[ran]).mean(axis=0)
        leads = margins(shifted, self.labels)
        off = (margins(logits[ran], self.labels[ran]) - leads[ran]) / self.spread[ran]
        deviations = np.sqrt((off**2).mean()) * self.spread + _LEAST
        return _Foreseen(shifted, leads, deviations, ran.copy())


@dataclass(frozen=True, eq=False)
class _Foreseen:
    """Answers of inputs that were not run.

    Attributes:
        logits: Their scores; of all inputs, but those of the ones that ran do not count.
        leads: By how much the right class leads by these scores.
        deviations: How far off each lead is, typically.
        ran: Inputs that were run.
    """

    logits: Logits
    leads: NDArray[Any]
    deviations: NDArray[Any]
    ran: Chosen

    @property
    def surplus(self) -> float:
        """How many more of them are expected to be right than seem so."""
        others = ~self.ran
        chances = self._chances(1.0)[others]
        return float(np.where(self.leads[others] > 0, -chances, chances).sum())

    def unsure(self, caution: float, error: float) -> Chosen:
        """The fewest inputs to run, so that the others leave the accuracy sure enough."""
        chances = self._chances(caution)
        variance = np.where(self.ran, 0.0, chances * (1 - chances))
        order = np.argsort(variance, kind="stable")
        chosen = np.zeros(len(order), np.bool_)
        chosen[order[np.cumsum(variance[order]) > (error * len(order)) ** 2]] = True
        return chosen

    def _chances(self, caution: float) -> NDArray[Any]:
        """How likely each input is to answer otherwise than it seems."""
        found: NDArray[Any] = norm.cdf(-np.abs(self.leads) / (caution * self.deviations))
        return found


def _middles(count: int) -> Iterator[tuple[int, int, int]]:
    """Places before the last one, halving what is left: (place below, place, place above).

    Below the first place is -1.
    """
    ranges = deque([(-1, count - 1)])
    while ranges:
        low, high = ranges.popleft()
        if high - low >= 2:
            middle = (low + high) // 2
            yield low, middle, high
            ranges += [(low, middle), (middle, high)]
