"""The submitting side of a scan over workers: errands out, figures in, in any order."""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from itertools import count

from workbench.errors import InternalError, WorkbenchError, WorkerError
from workbench.progress import Cancelled
from workbench.sensitivity.measuring import Measuring
from workbench.sensitivity.targets import Target
from workbench.sensitivity.unit_work import Found, UnitWork
from workbench.sensitivity.workers.delivery import Delivery
from workbench.sensitivity.workers.jobs import REMEDY, pack_graph, pack_module
from workbench.sensitivity.workers.liveness import PATIENCE_S, Liveness
from workbench.sensitivity.workers.messages import Errand, Outcome, SentTarget
from workbench.sensitivity.workers.worker import run

TARGETS_PER_ERRAND = 3
"""So few that workers end at about the same time, and a lost one loses little."""

MOST_UNDER_WAY = 256
"""Errands that have not come back; masks of single weights take room."""

_POLL_S = 0.05


@dataclass(frozen=True, eq=False)
class _Share:
    """Some targets of a unit, wherever they are run."""

    unit: str
    targets: tuple[Target, ...]


def spread(measuring: Measuring, executor: Executor, units: Sequence[Sequence[Target]]) -> Found:
    """Figures of all targets of all units, as workers find them.

    Raises:
        WorkerError: If a worker died and nobody else took over, or cannot run the model.
        Cancelled: If the monitor was cancelled; errands that have not begun never run.
    """
    works = {}
    for targets in units:
        works[targets[0].unit] = work = measuring.work(targets)
        yield from work.known()
        if not work.wanted:
            measuring.effort.finish(targets[0].unit)
    if any(work.wanted for work in works.values()):
        crew = _Spread(measuring, executor, works, sum(len(targets) for targets in units))
        yield from crew.found()


class _Spread:
    def __init__(
        self, measuring: Measuring, executor: Executor, works: dict[str, UnitWork], total: int
    ) -> None:
        self._measuring, self._executor, self._works = measuring, executor, works
        self._queue = deque(self._shares())
        self._left = Counter(share.unit for share in self._queue)
        self._under_way: dict[Future[Outcome], tuple[_Share, Delivery[_Share]]] = {}
        self._deliveries: dict[str, Delivery[_Share]] = {}
        self._numbers = count()
        self._total = total
        self._liveness = Liveness(executor)

    def found(self) -> Found:
        try:
            while self._queue or self._under_way:
                while self._queue and len(self._under_way) < MOST_UNDER_WAY:
                    self._submit(self._queue.popleft())
                    self._measuring.effort.report()
                done, _ = wait(self._under_way, timeout=_POLL_S, return_when=FIRST_COMPLETED)
                self._measuring.effort.report()
                if done:
                    self._liveness.seen()
                elif self._liveness.lost():
                    raise self._failed(
                        WorkerError(f"the cluster has had no worker for {PATIENCE_S:.0f} s")
                    )
                for future in done:
                    yield from self._take(future)
        finally:
            for future in self._under_way:
                future.cancel()
            for delivery in self._deliveries.values():
                delivery.close()

    def _shares(self) -> Iterator[_Share]:
        """Adaptive figures depend on the unit's other targets: these stay together."""
        for unit, work in self._works.items():
            if not work.wanted:
                continue
            together = bool(self._measuring.setting.strategy.settings)
            size = len(work.wanted) if together else TARGETS_PER_ERRAND
            for start in range(0, len(work.wanted), size):
                yield _Share(unit, work.wanted[start : start + size])

    def _submit(self, share: _Share) -> None:
        strategy = self._measuring.setting.strategy
        route = self._measuring.fast(share.unit)
        expected = {}
        if route is not None:
            first = strategy.ordered(share.targets)[0]
            expected = {first.digest: route.expected(first)}
        delivery = self._delivery("module" if route is None else "graph")
        errand = Errand(
            next(self._numbers),
            tuple(SentTarget.of(target) for target in share.targets),
            strategy,
            self._measuring.known(share.targets[0]).achieved,
            expected,
        )
        try:
            future = self._executor.submit(run, delivery.parcel_for(share), errand)
        except Exception as error:  # broken, or shut down
            raise self._failed(error) from error
        self._under_way[future] = share, delivery

    def _delivery(self, kind: str) -> Delivery[_Share]:
        if kind not in self._deliveries:
            measuring = self._measuring
            baseline, route = measuring.baseline_logits(), measuring.fast("")
            content = (
                pack_module(measuring.setting, baseline)
                if kind == "module" or route is None
                else pack_graph(route, measuring.setting, baseline)
            )
            self._deliveries[kind] = Delivery.of(content)
        return self._deliveries[kind]

    def _take(self, future: Future[Outcome]) -> Found:
        share, delivery = self._under_way.pop(future)
        try:
            outcome = future.result()
        except (WorkbenchError, InternalError, Cancelled):
            raise
        except Exception as error:  # a pool's, a cluster's, or whatever a model raises
            raise self._failed(error) from error
        self._queue.extendleft(delivery.returned(share, outcome))
        if outcome.missing:
            return
        if outcome.unreadable:
            raise WorkerError(
                f"the model cannot be opened by a worker: {outcome.unreadable}. {REMEDY}"
            )
        if outcome.refused:
            self._measuring.refuse(share.unit, outcome.refused)
            self._queue.appendleft(share)
            return
        self._measuring.effort.finish(share.unit, 1 / self._left[share.unit])
        self._left[share.unit] -= 1
        for digest, entry in outcome.found:
            yield from self._works[share.unit].found(digest, entry)

    def _failed(self, error: BaseException) -> WorkerError:
        known = sum(work.told for work in self._works.values())
        reason = ": ".join(filter(None, (type(error).__name__, str(error).rstrip("."))))
        return WorkerError(
            f"a worker failed when {known} of {self._total} points were known ({reason}). Scan "
            "again with a new executor, or without one: in a session, or with a cache, it goes on "
            "where it stopped."
        )
