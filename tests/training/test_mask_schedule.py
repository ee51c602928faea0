from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from toys import ToyNet
from training.nets import Dropping, fresh, same, tensors

from workbench.data import Dataset
from workbench.errors import TrainingError
from workbench.training import FinetuneSettings, TrainingState, finetune

SETTINGS = FinetuneSettings(epochs=4, batch_size=16)  # three batches an epoch


class OneAnEpoch:
    """Masks another output of the first layer after every epoch, up to three."""

    settled = 3.0

    def __init__(self) -> None:
        self.masked = 0

    def masks_at(self, epoch: float, module: nn.Module) -> dict[str, Tensor] | None:
        due = min(3, int(epoch))
        if due == self.masked:
            return None
        self.masked = due
        return self._masks()

    def state(self) -> dict[str, Any]:
        return {"masked": self.masked}

    def restore(self, state: Mapping[str, Any], module: nn.Module) -> dict[str, Tensor]:
        self.masked = state["masked"]
        return self._masks()

    def _masks(self) -> dict[str, Tensor]:
        return {"conv1.weight": (torch.arange(4) >= self.masked).view(-1, 1, 1, 1)}


def widths(module: nn.Module) -> int:
    return int(module.get_parameter("conv1.weight").detach().abs().sum((1, 2, 3)).count_nonzero())


def test_masks_change_while_a_module_trains(data: Dataset) -> None:
    module, seen = fresh(ToyNet()), []
    module.register_forward_hook(
        lambda part, *_: seen.append(widths(part)) if part.training else None
    )
    finetune(module, data, SETTINGS, mask_schedule=OneAnEpoch())
    assert seen == [4] * 3 + [3] * 3 + [2] * 3 + [1] * 3
    assert widths(module) == 1


@pytest.mark.parametrize("epoch", [1, 3])
def test_masks_are_resumed(data: Dataset, epoch: int) -> None:
    states: list[TrainingState] = []
    whole, resumed = fresh(Dropping()), fresh(Dropping())
    finetune(whole, data, SETTINGS, mask_schedule=OneAnEpoch(), checkpoint=states.append)
    seen: list[int] = []
    resumed.register_forward_hook(
        lambda part, *_: seen.append(widths(part)) if part.training else None
    )
    schedule = OneAnEpoch()
    asked = []
    restore = schedule.restore

    def watched(state: Mapping[str, Any], module: nn.Module) -> dict[str, Tensor]:
        asked.append(state["masked"])
        return restore(state, module)

    schedule.restore = watched  # type: ignore[method-assign]
    state = TrainingState.from_bytes(states[epoch - 1].to_bytes())
    finetune(resumed, data, SETTINGS, mask_schedule=schedule, resume=state)
    assert same(tensors(whole), tensors(resumed))
    assert asked == [epoch, 3] and seen[0] == 4 - epoch


def test_the_best_epoch_comes_with_its_own_masks(data: Dataset) -> None:
    schedule = OneAnEpoch()
    settings = FinetuneSettings(epochs=6, batch_size=16, restore_best=True, learning_rate=1e-9)
    module = fresh(ToyNet())
    outcome = finetune(module, data, settings, mask_schedule=schedule)
    assert outcome.epoch == 3  # the first with all masks in place
    assert (widths(module), schedule.masked) == (1, 3)


def test_a_run_with_masks_that_change_goes_on_with_a_schedule_only(data: Dataset) -> None:
    states: list[TrainingState] = []
    finetune(fresh(ToyNet()), data, SETTINGS, mask_schedule=OneAnEpoch(), checkpoint=states.append)
    with pytest.raises(TrainingError, match="and no other run with one; got none after epoch 1"):
        finetune(fresh(ToyNet()), data, SETTINGS, resume=states[0])
    finetune(fresh(ToyNet()), data, SETTINGS, checkpoint=states.append)
    with pytest.raises(TrainingError, match="got one after epoch 4"):
        finetune(fresh(ToyNet()), data, SETTINGS, resume=states[-1], mask_schedule=OneAnEpoch())
