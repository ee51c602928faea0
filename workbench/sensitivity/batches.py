"""One ONNX model on many inputs: batches side by side, one thread each.

Small operators gain little from threads within them; whole batches side by side gain all of it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from math import ceil
from typing import Any, TypeVar

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from workbench.onnx_graph.axes import Axes
from workbench.progress import SILENT, Monitor

Values = Mapping[str, NDArray[Any]]
"""By name, a value for all inputs; the first axis counts them."""

T = TypeVar("T")
R = TypeVar("R")

NOTHING_CUT: Mapping[str, Axes] = {}

_ROUNDS = 4
"""Batches for each thread where there are inputs enough: one that is slow for a moment is then not
waited for long."""

_SHORTEST = 8
"""Fewest inputs in such a batch; with less, each input takes longer."""


class BatchRunner:
    """Runs ONNX models on as many threads as PyTorch would use.

    Args:
        threads: How many batches run at once.
        batch_size: Most inputs in one of them.
        divided_for: For how many threads inputs are divided into batches; for as many as run by
            default. The same division gives the same figures, to the last bit.
    """

    def __init__(self, threads: int, batch_size: int, divided_for: int | None = None) -> None:
        self._divided_for, self._batch_size = divided_for or threads, batch_size
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="sensitivity")

    def close(self) -> None:
        """Let go of the threads; batches that have not begun are dropped."""
        self._pool.shutdown(cancel_futures=True)

    def run(
        self,
        session: onnxruntime.InferenceSession,
        given: Values,
        outputs: Values,
        *,
        cut: Mapping[str, Axes] = NOTHING_CUT,
        chosen: NDArray[np.bool_] | None = None,
        monitor: Monitor = SILENT,
    ) -> None:
        """Compute values for all inputs, or for the chosen ones.

        Args:
            session: The model, opened for one thread; its inputs are `given`, cut as `cut` says.
            given: What it reads, whole, for all inputs.
            outputs: Where results go, by name; as many as there are inputs, or chosen ones.
            cut: What is left of some of the values given.
            chosen: True for the inputs that are wanted.
            monitor: Told after every batch.

        Raises:
            Cancelled: If the monitor was cancelled.
        """
        names = list(outputs)
        count = len(next(iter(outputs.values())))
        places = None if chosen is None else np.flatnonzero(chosen)

        def one(rows: slice) -> None:
            wanted = rows if places is None else places[rows]
            feed = {name: cut_rows(value[wanted], cut.get(name)) for name, value in given.items()}
            for name, found in zip(names, session.run(names, feed), strict=True):
                outputs[name][rows] = found

        self.each(one, list(self._rows(count)), monitor)

    def each(
        self, work: Callable[[T], R], items: Sequence[T], monitor: Monitor = SILENT
    ) -> list[R]:
        """What work makes of each item, side by side; `monitor` as for `run`."""
        futures = [self._pool.submit(work, item) for item in items]
        found = []
        try:
            for done, future in enumerate(futures, 1):
                found.append(future.result())
                monitor.report(done, len(futures), "running the network")
        finally:
            for future in futures:
                future.cancel()
            wait(futures)  # nobody writes into arrays any more
        return found

    def _rows(self, count: int) -> Iterator[slice]:
        """Ranges of nearly equal length, so short that no thread waits long for the last one."""
        if count == 0:
            return
        short = min(_ROUNDS, count // (_SHORTEST * self._divided_for))
        rounds = max(ceil(count / (self._batch_size * self._divided_for)), short)
        size = ceil(count / min(rounds * self._divided_for, count))
        for start in range(0, count, size):
            yield slice(start, min(start + size, count))


def cut_rows(value: NDArray[Any], axes: Axes | None) -> NDArray[Any]:
    """What is left of a value for some inputs, in one piece of memory."""
    for axis, left in enumerate(axes or ()):
        if left is not None:
            value = value.take(left, axis=axis)
    return np.ascontiguousarray(value)
