"""The plain way: prune a copy, and run all of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from workbench.data.dataset import Split
from workbench.measure.accuracy import evaluate
from workbench.progress import Monitor
from workbench.pruned import PrunedModel
from workbench.recalibration import Recalibration
from workbench.sensitivity.routes import Chosen, Logits, Portion
from workbench.sensitivity.targets import AnyTarget

BATCH_SIZE = 128


class TorchRoute:
    """Runs every pruned model in PyTorch, whole.

    Args:
        model: The model that targets are pruned from.
        probe: The inputs.
        recalibration: Batches that batch norms are re-estimated on first, if they are.
    """

    name = "pytorch"

    def __init__(
        self, model: PrunedModel, probe: Split, recalibration: Recalibration | None = None
    ) -> None:
        self._model, self._probe, self._recalibration = model, probe, recalibration
        self._last: tuple[AnyTarget, nn.Module] | None = None

    def baseline(self, monitor: Monitor) -> Logits:
        """Scores of the model as it is."""
        return self._logits(self._recalibrated(self._model.module), self._probe, monitor)

    def portions(self, targets: Sequence[AnyTarget]) -> Iterator[Portion]:
        """All inputs at once; they are read batch by batch anyway."""
        yield Portion(slice(0, len(self._probe)), self._run)

    def _run(self, target: AnyTarget, chosen: Chosen | None, monitor: Monitor) -> Logits:
        split = self._probe if chosen is None else _ChosenSplit(self._probe, chosen)
        return self._logits(self._pruned(target), split, monitor)

    def _pruned(self, target: AnyTarget) -> nn.Module:
        if self._last is None or self._last[0] is not target:
            pruned, _ = self._model.prune(target.plan)
            self._last = target, self._recalibrated(pruned.module)
        return self._last[1]

    def _recalibrated(self, module: nn.Module) -> nn.Module:
        return module if self._recalibration is None else self._recalibration.applied_to(module)

    def _logits(self, module: nn.Module, split: Split, monitor: Monitor) -> Logits:
        recorder = _Recorder(module)
        device = next((p.device for p in module.parameters()), "cpu")
        # Evaluated as accuracy always is, with all its checks of outputs and labels.
        evaluate(recorder, split, batch_size=BATCH_SIZE, device=device, monitor=monitor)
        return np.concatenate([scores.cpu().numpy() for scores in recorder.seen])


class _Recorder(nn.Module):
    """Remembers what a model answers."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module
        self.seen: list[Tensor] = []

    def forward(self, inputs: Tensor) -> Tensor:
        scores: Tensor = self.module(inputs)
        self.seen.append(scores)
        return scores


@dataclass(frozen=True, eq=False)
class _ChosenSplit:
    """Some inputs of a split, in its order."""

    split: Split
    chosen: Chosen

    @property
    def labels(self) -> Tensor:
        return self.split.labels[torch.from_numpy(self.chosen)]

    def __len__(self) -> int:
        return int(self.chosen.sum())

    def batches(
        self, batch_size: int, *, shuffle: torch.Generator | None = None
    ) -> Iterator[tuple[Tensor, Tensor]]:
        start = 0
        for inputs, labels in self.split.batches(batch_size, shuffle=shuffle):
            here = torch.from_numpy(self.chosen[start : start + len(labels)])
            start += len(labels)
            if here.any():
                yield inputs[here], labels[here]
