"""Kill a process at a random moment of a phase, then see what is left and go on."""

import json
import multiprocessing
import os
import random
import signal
import time
from collections import defaultdict
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import onnx
import torch
from faults.victim import EPOCHS, work

from workbench import Session, load
from workbench.export.staging import PREFIX
from workbench.store.files import UNFINISHED

PATIENCE_S = 240

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["faults.victim"])


@dataclass(frozen=True)
class Kill:
    """What one kill led to.

    Attributes:
        aimed: The phase that was waited for.
        phase: The phase that was going on, as the victim said; empty between two.
        steps: Committed steps, each opened and verified afterwards.
        resumed_epoch: Where fine-tuning went on; None if none was under way.
    """

    aimed: str
    phase: str
    steps: int
    resumed_epoch: int | None


@dataclass
class Killer:
    """Kills processes that work on one session.

    Attributes:
        home: The session's directory.
        exports: Where exports go.
        random: Chooses the moments.
    """

    home: Path
    exports: Path
    random: random.Random
    kills: list[Kill] = field(default_factory=list)
    _lengths_s: dict[str, float] = field(default_factory=lambda: defaultdict(lambda: 1.0))

    def kill_in(self, phase: str) -> Kill:
        """Start a process that does a phase over and over, and kill it somewhere in there."""
        receiving, sending = _SERVER.Pipe(duplex=False)
        number = len(self.kills)
        victim = _SERVER.Process(
            target=work, args=(sending, self.home, self.exports, phase, number), daemon=True
        )
        victim.start()
        sending.close()
        markers = _Heard(receiving, self._lengths_s)
        try:
            for _ in range(self.random.randint(1, 2)):
                markers.wait_for("begin", phase)
        except TimeoutError:
            os.kill(victim.pid, signal.SIGUSR1)  # it says where it stands
            victim.join(1)
            raise
        markers.listen(self.random.uniform(0, self._lengths_s[phase]))
        victim.kill()
        victim.join(PATIENCE_S)
        markers.listen(None)
        receiving.close()
        kill = self._look(phase, markers.phase)
        self.kills.append(kill)
        return kill

    def _look(self, aimed: str, phase: str) -> Kill:
        """Open what is left, verify all of it, and finish what was under way."""
        with Session.open(self.home) as session:
            assert session.read_only == "", session.read_only
            steps = tuple(session.history)
            assert not session.history.damaged, dict(session.history.damaged)
            for step in steps:
                model = session.history.model_of(step.id)
                assert all(torch.isfinite(p).all() for p in model.module.parameters())
            check_export(self.exports)
            if aimed == "export":
                session.checkout(0)
                session.export(self.exports, ("onnx",), overwrite=True)
                assert not left_over(self.exports), "the next export clears what a killed one left"
            resumed = session.interrupted and session.interrupted.epoch
            if session.interrupted is not None:
                step = session.resume()
                assert len(step.epochs) == EPOCHS
                assert session.training.runs[-1].outcome == "done"
        assert not [*self.home.rglob(f"{UNFINISHED}*")]
        return Kill(aimed, phase, len(steps), resumed)


class _Heard:
    """The markers of a victim, as they come in."""

    def __init__(self, pipe: Connection, lengths_s: dict[str, float]) -> None:
        self._pipe, self._lengths_s = pipe, lengths_s
        self._open: list[tuple[str, float]] = []

    @property
    def phase(self) -> str:
        """The innermost phase that has begun and not ended."""
        return self._open[-1][0] if self._open else ""

    def wait_for(self, kind: str, phase: str) -> None:
        while self._next(PATIENCE_S) != (kind, phase):
            pass

    def listen(self, seconds: float | None) -> None:
        """Take what comes in so long, or until the victim is gone."""
        deadline = None if seconds is None else time.monotonic() + seconds
        try:
            while True:
                left = PATIENCE_S if deadline is None else deadline - time.monotonic()
                if left <= 0 or self._next(left) is None:
                    return
        except EOFError:
            assert deadline is None, "the victim ended by itself"

    def _next(self, seconds: float) -> tuple[str, str] | None:
        if not self._pipe.poll(seconds):
            if seconds >= PATIENCE_S:
                raise TimeoutError("the victim does nothing")
            return None
        kind, phase, when = self._pipe.recv()
        if kind == "begin":
            self._open.append((phase, when))
        else:
            name, begun = self._open.pop()
            assert name == phase
            self._lengths_s[phase] = when - begun
        return kind, phase


def check_export(directory: Path) -> None:
    """There is a whole export, or none."""
    if not directory.exists():
        return
    json.loads((directory / "model.json").read_text())
    onnx.checker.check_model(onnx.load(directory / "model.onnx"))
    load(directory)


def left_over(exports: Path) -> list[Path]:
    """Where unfinished exports were made."""
    return [*exports.parent.glob(f"{PREFIX}*"), *exports.glob(f"{PREFIX}*")]


def table(kills: list[Kill]) -> str:
    """What happened, for people."""
    lines = ["phase      kills  steps verified  runs resumed"]
    for phase in ("prune", "fine-tune", "save", "export", ""):
        some = [kill for kill in kills if kill.phase == phase]
        resumed = sum(kill.resumed_epoch is not None for kill in some)
        verified = sum(kill.steps for kill in some)
        lines.append(f"{phase or 'between':<9} {len(some):>6} {verified:>15} {resumed:>13}")
    resumed = sum(kill.resumed_epoch is not None for kill in kills)
    lines.append(
        f"{'all':<9} {len(kills):>6} {sum(kill.steps for kill in kills):>15} {resumed:>13}"
    )
    return "\n".join(lines)
