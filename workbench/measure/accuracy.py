"""How well a model classifies: accuracy and mean cross entropy on a split."""

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workbench.data.dataset import Split
from workbench.errors import DataError, ModelError
from workbench.modes import evaluation_mode
from workbench.progress import SILENT, Monitor


@dataclass(frozen=True)
class Evaluation:
    """What a model answered on a split."""

    accuracy: float
    """Fraction of inputs whose highest output is their label, in [0, 1]."""

    loss: float
    """Mean cross entropy over the inputs, in nats."""

    inputs: int
    """Number of inputs, N."""

    predictions: Tensor = field(compare=False, repr=False)
    """Predicted class of every input, shape ``(N,)``, int64, on the CPU, in the split's order."""

    ranks: Tensor = field(compare=False, repr=False)
    """How many classes every input scores higher than its label, in the same form."""

    leads: Tensor = field(compare=False, repr=False)
    """By how much the right class's score leads all others, shape ``(N,)``; negative if wrong."""

    def top(self, count: int) -> float:
        """Fraction of inputs whose label is among their `count` highest outputs, in [0, 1]."""
        return float((self.ranks < count).double().mean())


def evaluate(
    model: nn.Module,
    split: Split,
    *,
    batch_size: int = 256,
    device: torch.device | str = "cpu",
    monitor: Monitor = SILENT,
) -> Evaluation:
    """Classify every input of a split.

    The model is run in evaluation mode without gradients, and left as it was: the training flag
    of every submodule is restored, also after an error.

    Args:
        model: Maps ``(B, *input_shape)`` to class scores ``(B, classes)``; already on `device`.
        split: Labelled inputs, N of them.
        batch_size: Inputs per batch, at least 1.
        device: Where the inputs are sent.
        monitor: Told after every batch.

    Raises:
        DataError: If the split is empty, or a label is not one of the model's classes.
        ModelError: If the output is not ``(B, classes)``, or is not a number.
        Cancelled: If the monitor was cancelled.
    """
    if batch_size < 1:
        raise DataError(f"batch_size must be at least 1, got {batch_size}.")
    total = len(split)
    if total == 0:
        raise DataError(
            "accuracy needs at least 1 input, got a split with 0. Check how the data was divided."
        )
    loss_sum, predictions, ranks, leads, labels = 0.0, [], [], [], []
    done = 0
    with evaluation_mode(model), torch.inference_mode():
        monitor.report(0, total, "evaluating")
        for inputs, batch_labels in split.batches(batch_size):
            # On the CPU from here on: Apple's GPUs have no float64.
            scores, targets = _scores(model, inputs.to(device), done).cpu(), batch_labels.cpu()
            _check_labels(targets, scores.shape[1], done)
            # Summed in float64, so that the mean does not depend on the batch size.
            loss_sum += F.cross_entropy(scores.double(), targets, reduction="sum").item()
            predictions.append(scores.argmax(1))
            ranks.append(_ranks(scores, targets))
            leads.append(_leads(scores, targets))
            labels.append(targets)
            done += len(batch_labels)
            monitor.report(done, total, "evaluating")
    if done == 0:
        raise DataError(f"a split of {total} inputs gave no batch; its batches() must yield them.")
    # Joined outside inference mode, as an inference tensor is barred from later training code.
    predicted = torch.cat(predictions)
    correct = int((predicted == torch.cat(labels)).sum())
    found = predicted, torch.cat(ranks), torch.cat(leads)
    return Evaluation(correct / done, loss_sum / done, done, *found)


def _leads(scores: Tensor, labels: Tensor) -> Tensor:
    right = scores.gather(1, labels[:, None])
    others = scores.scatter(1, labels[:, None], -torch.inf).amax(1, keepdim=True)
    return (right - others).squeeze(1)


def _scores(model: nn.Module, inputs: Tensor, position: int) -> Tensor:
    scores = model(inputs)
    if not isinstance(scores, Tensor):
        raise ModelError(
            "a classifier must return one tensor of shape (batch, classes), got "
            f"{type(scores).__name__}. Wrap the model in a module that returns its class scores."
        )
    if scores.ndim != 2 or len(scores) != len(inputs):
        raise ModelError(
            f"a classifier must return shape ({len(inputs)}, classes) for {len(inputs)} inputs, "
            f"got {tuple(scores.shape)}. Wrap the model in a module that returns its class scores."
        )
    broken = scores.isnan().any(1)
    if broken.any():
        raise ModelError(
            "model outputs must be numbers, got nan for input "
            f"{position + int(broken.int().argmax())} of the split. Check the model's weights, "
            "and the data for values that are not finite."
        )
    return scores


def _ranks(scores: Tensor, labels: Tensor) -> Tensor:
    """Of equal outputs the first counts as the higher one, as in `argmax`."""
    own = scores.gather(1, labels[:, None])
    earlier = torch.arange(scores.shape[1]) < labels[:, None]
    return ((scores > own) | ((scores == own) & earlier)).sum(1)


def _check_labels(labels: Tensor, classes: int, position: int) -> None:
    outside = (labels < 0) | (labels >= classes)
    if outside.any():
        index = int(outside.int().argmax())
        raise DataError(
            f"labels must be in [0, {classes}) for a model with {classes} outputs, got "
            f"{int(labels[index])} for input {position + index} of the split. Open the model "
            "with as many classes as the data has."
        )
