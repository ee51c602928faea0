import math
from typing import Any

import pytest
import torch
from torch import nn
from toys import toy_data
from training.nets import Exploding, Spoiling, fresh, same, tensors

from workbench import Session
from workbench.data import Dataset
from workbench.errors import TrainingError
from workbench.events import BatchTrained, EpochTrained, Event
from workbench.training import FinetuneSettings, finetune
from workbench.training.batch_losses import BatchLosses, Diverged

ONE = FinetuneSettings(epochs=4, schedule="constant")  # two batches an epoch


def trained(epochs: int, **settings: Any) -> dict[str, torch.Tensor]:
    """What so many epochs without trouble lead to."""
    module = fresh(Spoiling(100))
    finetune(module, toy_data(), FinetuneSettings(epochs=epochs, schedule="constant", **settings))
    return tensors(module)


@pytest.mark.parametrize("batch", [1, 2])
def test_a_loss_that_is_no_number_in_the_first_epoch_changes_nothing(
    data: Dataset, batch: int
) -> None:
    module = fresh(Spoiling(batch))
    before = tensors(module)
    message = (
        r"^the training loss must be a finite number, got nan: training diverged in its first "
        r"epoch\. Nothing was committed; lower the learning rate, which is 0\.003\.$"
    )
    with pytest.raises(TrainingError, match=message):
        finetune(module, data, ONE)
    assert same(before, tensors(module))


def test_weights_that_are_no_numbers_after_the_last_batch_are_noticed(data: Dataset) -> None:
    message = r"weights must be finite numbers, got others in '\w+\.\w+': training diverged in its"
    with pytest.raises(TrainingError, match=message):
        finetune(fresh(Exploding(2)), data, ONE)


def test_a_validation_loss_that_is_no_number_is_noticed(data: Dataset) -> None:
    module = fresh(Spoiling(100))
    module.register_forward_hook(
        lambda part, inputs, output: output if part.training else output * math.inf
    )
    with pytest.raises(TrainingError, match=r"(got nan|got inf).*: training diverged in its first"):
        finetune(module, data, ONE)


@pytest.mark.parametrize("make", [Spoiling, Exploding])
@pytest.mark.parametrize("batch", [5, 6])
def test_later_the_weights_of_the_last_good_epoch_are_kept(
    data: Dataset, make: type[nn.Module], batch: int
) -> None:
    module = fresh(make(batch))
    outcome = finetune(module, data, ONE)
    assert (outcome.stopped, outcome.epoch, len(outcome.results)) == ("diverged", 2, 2)
    assert same(tensors(module), trained(2))
    (note,) = outcome.notes
    assert note.startswith("Training diverged in epoch 3: ")
    assert note.endswith("Everything since epoch 2 was undone; lower the learning rate.")


def test_a_session_commits_the_last_good_weights_with_a_note(data: Dataset) -> None:
    with Session(fresh(Spoiling(6)), data) as session:
        step = session.finetune(4)
        assert (step.title, len(step.epochs)) == ("fine-tuned 2 of 4 epochs", 2)
        assert any(note.startswith("Training diverged in epoch 3: ") for note in step.notes)
        assert step.metrics.accuracy is not None


def test_losses_of_a_gpu_are_read_together_and_in_order() -> None:
    events: list[Event] = []
    losses = BatchLosses(events.append, read_every_s=math.inf)
    for number in range(4):
        losses.add(number / 4, 0.1, torch.tensor(float(number)))
    assert events == []
    losses.read()
    assert events == [BatchTrained(n / 4, float(n), 0.1) for n in range(4)]
    assert losses.mean == 1.5


def test_losses_before_the_one_that_is_no_number_are_reported() -> None:
    events: list[Event] = []
    losses = BatchLosses(events.append, read_every_s=math.inf)
    for value in (1.0, math.inf, 2.0):
        losses.add(0, 0.1, torch.tensor(value))
    with pytest.raises(Diverged, match="must be a finite number, got inf"):
        losses.read()
    assert events == [BatchTrained(0, 1.0, 0.1)]


def test_no_epoch_is_reported_that_diverged(data: Dataset) -> None:
    events: list[Event] = []
    finetune(fresh(Exploding(4)), data, ONE, report=events.append)
    assert [event.epoch for event in events if isinstance(event, EpochTrained)] == [1]
