import dataclasses
import io
import random
import re
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from toys import ToyNet, toy_data
from training.nets import Dropping, Exploding, fresh, same, tensors

from workbench.data import Dataset
from workbench.data.splits import ArraySplit
from workbench.errors import TrainingError
from workbench.events import EpochTrained, Event, TrainingStarted
from workbench.progress import Cancelled
from workbench.training import FinetuneSettings, TrainingOutcome, TrainingState, finetune
from workbench.training.optimizers import OPTIMIZERS
from workbench.training.schedules import SCHEDULES


def teacher() -> nn.Module:
    torch.manual_seed(1)
    return ToyNet().eval()


def interrupted(module: nn.Module, data: Dataset, settings: FinetuneSettings, epoch: int) -> bytes:
    """What was saved after an epoch, before the run was cancelled."""
    saved = []

    def save(state: TrainingState) -> None:
        saved.append(state.to_bytes())
        if state.epoch == epoch:
            raise Cancelled

    with pytest.raises(Cancelled):
        finetune(module, data, settings, teacher=teacher(), checkpoint=save)
    return saved[-1]


def state_after(
    epoch: int, settings: FinetuneSettings | None = None, module: nn.Module | None = None
) -> TrainingState:
    settings = settings or FinetuneSettings()
    module = module or fresh(Dropping())
    return TrainingState.from_bytes(interrupted(module, toy_data(), settings, epoch))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("augmentation", ["none", "crop-flip"])
@pytest.mark.parametrize("distillation", [False, True])
@pytest.mark.parametrize("restore_best", [False, True])
def test_an_interrupted_run_ends_with_the_weights_of_one_that_was_not(
    data: Dataset,
    optimizer: str,
    schedule: str,
    augmentation: str,
    distillation: bool,
    restore_best: bool,
) -> None:
    settings = FinetuneSettings(
        epochs=3,
        batch_size=16,
        learning_rate=0.05,
        optimizer=optimizer,
        schedule=schedule,
        augmentation=augmentation,
        distillation=distillation,
        restore_best=restore_best,
    )
    whole, resumed = fresh(Dropping()), fresh(Dropping())
    expected = finetune(whole, data, settings, teacher=teacher())
    saved = interrupted(resumed, data, settings, epoch=2)
    assert same(tensors(resumed), tensors(fresh(Dropping())))
    resumed.get_parameter("conv1.weight").data.zero_()  # its weights come from the saved run
    torch.rand(7)
    state = TrainingState.from_bytes(saved)
    found = finetune(resumed, data, settings, teacher=teacher(), resume=state)
    assert found == expected
    assert same(tensors(whole), tensors(resumed))


@pytest.mark.parametrize("epoch", [1, 2])
def test_everything_else_in_force_is_resumed_too(data: Dataset, epoch: int) -> None:
    settings = FinetuneSettings(
        epochs=4,
        gradient_clip_norm=0.5,
        label_smoothing=0.1,
        regularization="bn-scale",
        patience=3,
        seed=3,
    )
    masks = {"conv2": torch.arange(216).reshape(6, 4, 3, 3) % 3 == 0}
    states: list[TrainingState] = []
    whole, resumed = fresh(Dropping()), fresh(Dropping())
    finetune(whole, data, settings, masks=masks, checkpoint=states.append)
    finetune(resumed, data, settings, masks=masks, resume=states[epoch - 1])
    assert same(tensors(whole), tensors(resumed))


class Drawing(ArraySplit):
    """Noise from Python's, NumPy's and PyTorch's own generators, as transforms may add it."""

    def batches(
        self, batch_size: int, *, shuffle: torch.Generator | None = None
    ) -> Iterator[tuple[Tensor, Tensor]]:
        for inputs, labels in super().batches(batch_size, shuffle=shuffle):
            yield inputs * random.random() + np.random.rand() + torch.rand(1), labels


def test_random_numbers_of_the_users_transforms_are_resumed(data: Dataset) -> None:
    assert isinstance(data.train, ArraySplit)
    drawing = dataclasses.replace(data, train=Drawing(data.train.images, data.train.labels))
    whole, resumed = fresh(ToyNet()), fresh(ToyNet())
    finetune(whole, drawing, FinetuneSettings())
    saved = interrupted(resumed, drawing, FinetuneSettings(), epoch=1)
    random.random(), np.random.rand()
    state = TrainingState.from_bytes(saved)
    finetune(resumed, drawing, FinetuneSettings(), resume=state)
    assert same(tensors(whole), tensors(resumed))


def test_random_numbers_of_the_user_are_as_before(data: Dataset) -> None:
    def drawn() -> list[float]:
        return [random.random(), float(np.random.rand()), float(torch.rand(1))]

    module = fresh(Dropping())
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    expected = drawn()
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    finetune(module, data, FinetuneSettings(epochs=1))
    assert drawn() == expected


def test_a_saved_state_does_not_change_when_the_run_goes_on(data: Dataset) -> None:
    states: list[TrainingState] = []
    at_once: list[bytes] = []

    def keep(state: TrainingState) -> None:
        states.append(state)
        at_once.append(state.to_bytes())

    settings = FinetuneSettings(restore_best=True)
    finetune(fresh(Dropping()), data, settings, checkpoint=keep)
    assert [state.epoch for state in states] == [1, 2, 3]
    assert [state.to_bytes() for state in states] == at_once


def test_a_run_that_was_saved_after_its_last_epoch_only_hands_over(data: Dataset) -> None:
    states: list[TrainingState] = []
    whole, again = fresh(Dropping()), fresh(Dropping())
    expected = finetune(whole, data, FinetuneSettings(), checkpoint=states.append)
    events: list[Event] = []
    found = finetune(again, data, FinetuneSettings(), resume=states[-1], report=events.append)
    assert found == expected and same(tensors(whole), tensors(again))
    assert events == [TrainingStarted(3, resumed_from=3)]


def test_a_run_that_had_stopped_early_stays_stopped(data: Dataset) -> None:
    settings = FinetuneSettings(epochs=9, learning_rate=1e-9, patience=1)
    states: list[TrainingState] = []
    expected = finetune(fresh(ToyNet()), data, settings, checkpoint=states.append)
    found = finetune(fresh(ToyNet()), data, settings, resume=states[-1])
    assert found == expected and found.stopped == "patience"


def test_a_resumed_run_reports_the_epochs_that_are_left(data: Dataset) -> None:
    events: list[Event] = []
    finetune(
        fresh(Dropping()), data, FinetuneSettings(), resume=state_after(2), report=events.append
    )
    assert events[0] == TrainingStarted(3, resumed_from=2)
    assert [event.epoch for event in events if isinstance(event, EpochTrained)] == [3]


def test_a_resumed_run_that_diverges_keeps_what_was_saved(data: Dataset) -> None:
    settings = FinetuneSettings(schedule="constant")
    state = state_after(1, settings, fresh(Exploding(100)))
    module = fresh(Exploding(1))
    outcome: TrainingOutcome = finetune(module, data, settings, resume=state)
    assert (outcome.stopped, outcome.epoch) == ("diverged", 1)
    saved = {name: state.last.tensors[name] for name in tensors(module)}
    assert same(tensors(module), saved)


def test_other_settings_are_refused(data: Dataset) -> None:
    module = fresh(Dropping())
    message = (
        r"learning_rate of fine-tuning must be 0\.003 to go on after epoch 1, as that run began, "
        r"got 0\.01"
    )
    with pytest.raises(TrainingError, match=message):
        finetune(module, data, FinetuneSettings(learning_rate=0.01), resume=state_after(1))
    assert same(tensors(module), tensors(fresh(Dropping())))


def test_another_model_is_refused(data: Dataset) -> None:
    module = fresh(Dropping())
    module.get_submodule("classifier").weight = nn.Parameter(torch.zeros(3, 5))
    message = r"tensor 'classifier\.weight' had shape \(3, 6\), and has shape \(3, 5\) now"
    with pytest.raises(TrainingError, match=message):
        finetune(module, data, FinetuneSettings(), resume=state_after(1))
    module.register_buffer("extra", torch.zeros(2))
    module.get_submodule("classifier").weight = nn.Parameter(torch.zeros(3, 6))
    with pytest.raises(TrainingError, match=r"'extra' had no such tensor, and has shape \(2,\)"):
        finetune(module, data, FinetuneSettings(), resume=state_after(1))


def test_a_saved_run_holds_no_pickled_code() -> None:
    loaded = torch.load(io.BytesIO(state_after(1).to_bytes()), weights_only=True)
    assert loaded["settings"]["learning_rate"] == 0.003


def test_a_saved_run_that_is_cut_off_is_refused() -> None:
    saved = state_after(1).to_bytes()
    for length in (0, 1, 100, len(saved) // 2, len(saved) - 1):
        with pytest.raises(TrainingError, match=r"must be as it was written, and this one is dam"):
            TrainingState.from_bytes(saved[:length])


def test_no_changed_byte_goes_unnoticed() -> None:
    saved = state_after(1).to_bytes()
    state = TrainingState.from_bytes(saved)
    refused = 0
    for place in range(0, len(saved), 211):
        changed = bytearray(saved)
        changed[place] ^= 0x10
        try:
            found = TrainingState.from_bytes(bytes(changed))
        except TrainingError as error:
            refused += 1
            assert "is damaged" in str(error) or "format" in str(error)
        else:  # padding, or a date
            assert same(dict(found.last.tensors), dict(state.last.tensors))
            assert found.results == state.results and found.settings == state.settings
            assert torch.equal(found.order, state.order)
    assert refused > 100


def test_another_format_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.training.state.FORMAT", 2)
    saved = state_after(1).to_bytes()
    monkeypatch.setattr("workbench.training.state.FORMAT", 1)
    with pytest.raises(TrainingError, match=re.escape("must have format 1, got 2.")):
        TrainingState.from_bytes(saved)


def test_another_archive_is_refused() -> None:
    buffer = io.BytesIO()
    torch.save({"format": 1}, buffer)
    with pytest.raises(TrainingError, match="is damaged"):
        TrainingState.from_bytes(buffer.getvalue())
