"""Figures of targets by the fastest way there is: remembered, in ONNX Runtime, or in PyTorch."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from workbench.data.dataset import Split
from workbench.errors import WorkbenchError
from workbench.onnx_graph import CutError
from workbench.progress import Monitor
from workbench.pruned import PrunedModel
from workbench.recalibration import Recalibration
from workbench.sensitivity.answering import answered, figures_of
from workbench.sensitivity.cache import Entry
from workbench.sensitivity.effort import Effort
from workbench.sensitivity.ledger import Ledger
from workbench.sensitivity.onnx_route import MEMORY_LIMIT_BYTES, OnnxRoute
from workbench.sensitivity.points import Figures
from workbench.sensitivity.routes import Logits, Route
from workbench.sensitivity.strategies import Exact, Known, Strategy
from workbench.sensitivity.targets import Target, by_digest
from workbench.sensitivity.torch_route import TorchRoute
from workbench.sensitivity.unit_work import Found, UnitWork

PLAIN_COST = 2.5
"""What a run of a whole model costs in PyTorch, in runs in ONNX Runtime; for time left only."""


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
        ledger: Figures measured before.
        monitor: Receives progress; may cancel.

    Attributes:
        notes: By unit, why it was measured in PyTorch.
        effort: How far it is.
    """

    def __init__(self, setting: Setting, ledger: Ledger, monitor: Monitor) -> None:
        self.setting, self._ledger = setting, ledger
        self.effort = Effort(monitor)
        self.notes: dict[str, str] = {}
        self._fast: OnnxRoute | None = None
        self._why_not = ""
        self._baseline: Logits | None = None

    def __enter__(self) -> "Measuring":
        return self

    def __exit__(self, *_: object) -> None:
        if self._fast is not None:
            self._fast.close()

    def expect(self, targets: Sequence[Sequence[Target]]) -> None:
        """Say what will be asked for, unit by unit, so that progress knows the whole."""
        for unit in targets:
            distinct = [same[0] for same in by_digest(unit).values() if not same[0].nothing]
            missing = [one for one in distinct if self._ledger.find(one, distinct) is None]
            if missing:
                self.effort.expect(missing[0].unit, self._share(missing[0]) * len(missing))

    def baseline(self) -> Figures:
        """Figures of the model as it is."""
        entry = self._ledger.baseline()
        if entry is None:
            logits = self.baseline_logits()
            figures = figures_of(logits, self.setting.probe.labels)
            entry = Entry(figures, self._route("").name, len(logits))
            self._ledger.add_baseline(entry)
        return entry.figures

    def work(self, targets: Sequence[Target]) -> UnitWork:
        """What is known of a unit's targets, and what has to be run."""
        return UnitWork.of(targets, self._ledger, self.setting.strategy, self.baseline())

    def measure(self, targets: Sequence[Target]) -> Found:
        """Figures of all targets of one unit, each as soon as it is known."""
        unit, work = targets[0].unit, self.work(targets)
        yield from work.known()
        while work.wanted:
            route = self._route(unit)
            known = self.known(work.wanted[0])
            try:
                for digest, entry in answered(
                    route, self.setting.strategy, work.wanted, known, self.effort.part(unit)
                ):
                    yield from work.found(digest, entry)
                work.done()
            except CutError as error:
                self.refuse(unit, str(error))
        self.effort.finish(unit)

    def known(self, target: Target) -> Known:
        """What is known of all inputs before a target of a unit is run."""
        alive = self.setting.model.alive(target.plan.granularity)[target.unit]
        achieved = 1 - float(alive.sum()) / target.size
        return Known(self.baseline_logits(), self.setting.probe.labels.numpy(), achieved)

    def refuse(self, unit: str, reason: str) -> None:
        """Measure a unit in PyTorch from now on."""
        self.notes[unit] = reason

    def fast(self, unit: str) -> OnnxRoute | None:
        """The route in ONNX Runtime, if it can run a unit."""
        route = self._route(unit)
        return route if isinstance(route, OnnxRoute) else None

    def baseline_logits(self) -> Logits:
        """Scores of the model as it is, for all inputs."""
        if self._baseline is None:
            try:
                self._baseline = self._route("").baseline(self.effort.part())
            except CutError as error:
                self._give_up(str(error))
                self._baseline = self._route("").baseline(self.effort.part())
            self.effort.finish()
        return self._baseline

    def _route(self, unit: str) -> Route:
        """What runs a unit's targets, or the model as it is."""
        setting = self.setting
        if unit not in self.notes and not self._why_not:
            if self._fast is None:
                self._open_fast()
            if self._fast is not None:
                return self._fast
        if unit:
            self.notes.setdefault(unit, self._why_not)
        return TorchRoute(setting.model, setting.probe, setting.recalibration)

    def _open_fast(self) -> None:
        setting = self.setting
        devices = {parameter.device.type for parameter in setting.model.module.parameters()}
        if devices - {"cpu"}:
            self._why_not = f"the model is on {', '.join(sorted(devices))}, not on the CPU"
        else:
            try:
                self._fast = OnnxRoute.of(
                    setting.model,
                    setting.probe,
                    memory_limit_bytes=setting.memory_limit_bytes,
                    exported=setting.exported,
                    recalibration=setting.recalibration,
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
