"""Figures of targets by the fastest way there is: remembered, in ONNX Runtime, or in PyTorch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from workbench.data.dataset import Split
from workbench.errors import WorkbenchError
from workbench.onnx_graph import CutError
from workbench.progress import Monitor, Part
from workbench.pruned import PrunedModel
from workbench.sensitivity.cache import Cache, Entry
from workbench.sensitivity.fingerprint import key_of
from workbench.sensitivity.onnx_route import MEMORY_LIMIT_BYTES, OnnxRoute
from workbench.sensitivity.points import Figures
from workbench.sensitivity.recalibration import Recalibration
from workbench.sensitivity.routes import Logits, Route
from workbench.sensitivity.strategies import Exact, Known, Strategy
from workbench.sensitivity.targets import Target, by_digest
from workbench.sensitivity.torch_route import TorchRoute

PLAIN_COST = 2.5
"""What a run of a whole model costs in PyTorch, in runs in ONNX Runtime; for time left only."""

Found = Iterator[tuple[Target, Entry]]


@dataclass(frozen=True)
class Setting:
    """What figures are measured on, and how.

    Attributes:
        model: What targets are pruned from.
        probe: The inputs.
        recalibration: Batches for batch-norm statistics, if they are estimated again.
        strategy: What is run of a unit.
        memory_limit_bytes: Most memory for values kept between runs.
        exported: The model as ONNX, where that is at hand.
    """

    model: PrunedModel = field(repr=False)
    probe: Split = field(repr=False)
    recalibration: Recalibration | None = None
    strategy: Strategy = field(default_factory=Exact)
    memory_limit_bytes: int = MEMORY_LIMIT_BYTES
    exported: bytes | None = field(default=None, repr=False)


class Measuring:
    """Measures targets of one model on one probe set, and remembers.

    Args:
        setting: The model, the inputs, the way.
        context: What all figures depend on.
        cache: Figures measured before.
        monitor: Receives progress; may cancel.
    """

    def __init__(
        self, setting: Setting, context: dict[str, Any], cache: Cache, monitor: Monitor
    ) -> None:
        self._setting, self._context, self._cache, self._monitor = setting, context, cache, monitor
        self.notes: dict[str, str] = {}
        """By unit, why it was measured in PyTorch."""
        self._fast: OnnxRoute | None = None
        self._why_not = ""
        self._baseline: Logits | None = None
        self._costs: dict[str, float] = {}
        self._done, self._total = 0.0, 1.0

    def __enter__(self) -> "Measuring":
        return self

    def __exit__(self, *_: object) -> None:
        if self._fast is not None:
            self._fast.close()

    def expect(self, targets: Sequence[Sequence[Target]]) -> None:
        """Say what will be asked for, unit by unit, so that progress knows the whole."""
        for unit in targets:
            missing = [same[0] for same in by_digest(unit).values() if self._known(same[0]) is None]
            if missing:
                self._costs[missing[0].unit] = self._share(missing[0]) * len(missing)
        self._total = 1.0 + sum(self._costs.values())

    def baseline(self) -> Figures:
        """Figures of the model as it is."""
        key = key_of(self._context)
        entry = self._cache.find(key)
        if entry is None:
            tally = _Tally()
            logits = self._baseline_logits()
            tally.add(logits, self._setting.probe.labels, len(logits))
            entry = Entry(tally.figures(), self._route("").name, tally.ran)
            self._cache.add(key, entry, {})
        return entry.figures

    def measure(self, targets: Sequence[Target]) -> Found:
        """Figures of all targets of one unit, each as soon as it is known."""
        groups = by_digest(targets)
        distinct = [same[0] for same in groups.values()]
        known = {target.digest: self._known(target, distinct) for target in distinct}
        for digest, entry in known.items():
            if entry is not None:
                yield from ((target, entry) for target in groups[digest])
        # An adaptive figure depends on the unit's other targets, so none of them is left out.
        missing = [target for target in distinct if known[target.digest] is None]
        wanted = missing
        if missing and self._setting.strategy.settings:
            wanted = [target for target in distinct if not target.nothing]
        emitted = {digest for digest, entry in known.items() if entry is not None}
        while wanted:
            route = self._route(wanted[0].unit)
            try:
                for target, entry in self._run(route, wanted):
                    if target.digest in emitted:
                        continue
                    emitted.add(target.digest)
                    for same in groups[target.digest]:
                        self._remember(same, entry, distinct)
                        yield same, entry
                wanted = []
            except CutError as error:
                self.notes[wanted[0].unit] = str(error)
        self._done += self._costs.pop(targets[0].unit, 0.0)
        self._monitor.report(self._done, self._total, "measuring sensitivity")

    def _run(self, route: Route, targets: list[Target]) -> Found:
        baseline, labels = self._baseline_logits(), self._setting.probe.labels
        count, unit = len(labels), targets[0].unit
        cost = self._costs.get(unit, 0.0)
        whole = Part(self._monitor, self._done, self._done + cost, self._total)
        tallies = {target.digest: _Tally() for target in targets}
        alive = self._setting.model.alive(targets[0].plan.granularity)[unit]
        achieved = 1 - float(alive.sum()) / targets[0].size
        for portion in route.portions(targets):
            rows = portion.rows
            known = Known(baseline[rows], labels[rows].numpy(), achieved)
            part = Part(whole, rows.start, rows.stop, count)
            for found in self._setting.strategy.answers(targets, known, portion.run, part):
                tally = tallies[found.target.digest]
                tally.add(found.logits, labels[rows], found.ran)
                if tally.count == count:
                    yield found.target, Entry(tally.figures(), route.name, tally.ran)

    def _known(self, target: Target, all_targets: Sequence[Target] = ()) -> Entry | None:
        if target.nothing:
            return Entry(self.baseline(), "", len(self._setting.probe))
        exact = self._cache.find(key_of(self._context, target))
        if exact is not None or not self._setting.strategy.settings:
            return exact
        return self._cache.find(self._adaptive_key(target, all_targets))

    def _remember(self, target: Target, entry: Entry, all_targets: Sequence[Target]) -> None:
        exact = entry.ran == entry.figures.inputs
        key = key_of(self._context, target) if exact else self._adaptive_key(target, all_targets)
        about = {"unit": target.unit, "ratio": target.ratio, "kept": target.kept}
        self._cache.add(key, entry, about)

    def _adaptive_key(self, target: Target, all_targets: Sequence[Target]) -> str:
        strategy = self._setting.strategy
        how = {"strategy": strategy.name, **strategy.settings}
        return key_of(self._context, target, {**how, "among": [t.digest for t in all_targets]})

    def _baseline_logits(self) -> Logits:
        if self._baseline is None:
            monitor = Part(self._monitor, self._done, self._done + 1, self._total)
            try:
                self._baseline = self._route("").baseline(monitor)
            except CutError as error:
                self._give_up(str(error))
                self._baseline = self._route("").baseline(monitor)
            self._done += 1
        return self._baseline

    def _route(self, unit: str) -> Route:
        """What runs a unit's targets, or the model as it is."""
        setting = self._setting
        if unit not in self.notes and not self._why_not:
            if self._fast is None:
                self._open_fast()
            if self._fast is not None:
                return self._fast
        if unit:
            self.notes.setdefault(unit, self._why_not)
        return TorchRoute(setting.model, setting.probe, setting.recalibration)

    def _open_fast(self) -> None:
        setting = self._setting
        devices = {parameter.device.type for parameter in setting.model.module.parameters()}
        if setting.recalibration is not None:
            self._why_not = "batch-norm statistics are estimated again in PyTorch"
        elif devices - {"cpu"}:
            self._why_not = f"the model is on {', '.join(sorted(devices))}, not on the CPU"
        else:
            try:
                self._fast = OnnxRoute(
                    setting.model,
                    setting.probe,
                    memory_limit_bytes=setting.memory_limit_bytes,
                    exported=setting.exported,
                )
            except WorkbenchError as error:
                self._why_not = str(error)

    def _give_up(self, reason: str) -> None:
        self._why_not = reason
        if self._fast is not None:
            self._fast.close()
            self._fast = None

    def _share(self, target: Target) -> float:
        route = self._route(target.unit)
        if not isinstance(route, OnnxRoute):
            return PLAIN_COST
        try:
            return route.share(target)
        except CutError:
            return PLAIN_COST


class _Tally:
    """Adds up right answers and losses."""

    def __init__(self) -> None:
        self.count, self.ran = 0, 0
        self._right, self._loss = 0, 0.0

    def add(self, logits: Logits, labels: torch.Tensor, ran: int) -> None:
        scores = torch.from_numpy(np.ascontiguousarray(logits))
        self._right += int((scores.argmax(1) == labels).sum())
        self._loss += F.cross_entropy(scores.double(), labels, reduction="sum").item()
        self.count += len(labels)
        self.ran += ran

    def figures(self) -> Figures:
        return Figures(self._right / self.count, self._loss / self.count, self.count)
