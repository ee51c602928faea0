"""The process that is killed: it works on a stored session and says in which phase it is."""

import faulthandler
import itertools
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

from workbench import Plan, Session
from workbench.measure.metrics import Metrics
from workbench.pruned import PrunedModel
from workbench.session.measuring import Gauge
from workbench.store.steps import StepFiles

PHASES = ("prune", "fine-tune", "save", "export")
EPOCHS = 4


def leave_runtimes_out() -> None:
    """What takes seconds of every step, and writes one small file in the end."""

    def unmeasured(
        self: Gauge, model: PrunedModel, metrics: Metrics, *_: Any, **__: Any
    ) -> tuple[Metrics, bytes]:
        return metrics, b"onnx"

    Gauge.deployment = unmeasured  # type: ignore[method-assign]


class Markers:
    """Tells the parent of every phase when it begins and when it ends."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        self._pipe.send(("begin", name, time.monotonic()))
        yield
        self._pipe.send(("end", name, time.monotonic()))


def work(pipe: Connection, home: Path, exports: Path, phase: str, seed: int) -> None:
    """Do one thing over and over, until the parent ends it."""
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    torch.set_num_threads(1)
    leave_runtimes_out()
    markers = Markers(pipe)
    _mark_saving(markers)
    with Session("digits_cnn", "digits", directory=home) as session:
        assert session.read_only == "", session.read_only
        _ = session.baseline
        for number in itertools.count(seed):
            _DO[phase](session, markers, exports, number)


def _mark_saving(markers: Markers) -> None:
    write = StepFiles.write

    def marked(self: StepFiles, *arguments: Any) -> None:
        with markers.phase("save"):
            write(self, *arguments)

    StepFiles.write = marked  # type: ignore[method-assign]


def _prune(session: Session, markers: Markers, exports: Path, number: int) -> None:
    session.checkout(0)
    session.plan = Plan(granularity=("channel", "weight")[number % 2], ratio=0.1 + number % 7 / 10)
    with markers.phase("prune"):
        session.prune()


def _finetune(session: Session, markers: Markers, exports: Path, number: int) -> None:
    with markers.phase("fine-tune"):
        if session.interrupted is not None:
            session.resume()
        else:
            session.finetune(EPOCHS, batch_size=64, seed=number)


def _export(session: Session, markers: Markers, exports: Path, number: int) -> None:
    session.checkout(0)  # later steps are timed beside the dense file, which is left out here
    with markers.phase("export"):
        session.export(exports, ("onnx",), overwrite=True)


_DO: dict[str, Callable[[Session, Markers, Path, int], None]] = {
    "prune": _prune,
    "save": _prune,
    "fine-tune": _finetune,
    "export": _export,
}
