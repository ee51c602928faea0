import copy

import numpy as np
import pytest
import torch
from torch import nn
from toys import ToyNet, dense_model, toy_net
from training.nets import fresh

from workbench import Plan, Session
from workbench.criteria.subject import Channels
from workbench.data import Dataset
from workbench.errors import TrainingError
from workbench.masks import mask_channels
from workbench.pruned import PrunedModel
from workbench.training import FinetuneSettings, finetune
from workbench.training.regularization import penalty_for


def penalty(name: str, module: nn.Module, channels: Channels | None = None) -> float:
    found = penalty_for(name, module, channels)
    assert found is not None
    return float(found(module).detach())


def norm_of(module: nn.Module, channel: int, *slices: tuple[str, int]) -> float:
    parts = [
        module.get_parameter(name).detach().select(dim, channel).flatten() for name, dim in slices
    ]
    whole = torch.cat(parts)
    return len(whole) ** 0.5 * float(whole.norm())


def lasso_by_hand(module: nn.Module) -> float:
    first = [("conv1.weight", 0), ("bn.weight", 0), ("bn.bias", 0), ("conv2.weight", 1)]
    second = [("conv2.weight", 0), ("conv2.bias", 0), ("classifier.weight", 1)]
    widths = len(module.get_parameter("bn.weight")), len(module.get_parameter("conv2.bias"))
    return sum(
        norm_of(module, channel, *slices)
        for slices, width in zip((first, second), widths, strict=True)
        for channel in range(width)
    )


def test_nothing_is_added_unless_asked_for() -> None:
    assert penalty_for("none", toy_net(), None) is None


def test_batch_norm_scales_count_by_their_size() -> None:
    module = toy_net()
    module.get_parameter("bn.weight").data.copy_(torch.tensor([1.0, -2.0, 0.0, 0.5]))
    assert penalty("bn-scale", module) == 3.5


def test_group_lasso_is_the_norm_of_all_that_a_channel_owns(dense: PrunedModel) -> None:
    found = penalty("group-lasso", dense.module, dense.channels_left())
    assert found == pytest.approx(lasso_by_hand(dense.module), rel=1e-5)


def test_group_lasso_knows_what_pruning_left(dense: PrunedModel) -> None:
    pruned, _ = dense.prune(Plan(ratio=0.5))
    found = penalty("group-lasso", pruned.module, pruned.channels_left())
    assert found == pytest.approx(lasso_by_hand(pruned.module), rel=1e-5)


def test_channels_that_are_zero_have_gradients_that_are_numbers(dense: PrunedModel) -> None:
    module = copy.deepcopy(dense.module)
    mask_channels(module, dense.anatomy.graph, {"conv1": np.array([False, True, True, True])})
    found = penalty_for("group-lasso", module, dense.channels_left())
    assert found is not None
    found(module).backward()  # type: ignore[no-untyped-call]
    assert all(p.grad is None or p.grad.isfinite().all() for p in module.parameters())


@pytest.mark.parametrize("name", ["bn-scale", "group-lasso"])
def test_training_with_a_regularizer_shrinks_what_it_penalises(data: Dataset, name: str) -> None:
    def trained(**settings: str | float) -> float:
        module = fresh(ToyNet())
        model = dense_model(module, (1, 4, 4))
        chosen = FinetuneSettings(epochs=3, learning_rate=0.02, **settings)  # type: ignore[arg-type]
        finetune(module, data, chosen, channels=model.channels_left())
        return penalty(name, module, model.channels_left())

    shrunk = trained(regularization=name, regularization_strength=0.1)
    assert shrunk < 0.9 * trained()


def test_models_with_nothing_to_penalise_are_refused(data: Dataset) -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(16, 3))
    message = r"'bn-scale' needs a model with at least 1 batch norm .*, and this one has 0\."
    with pytest.raises(TrainingError, match=message):
        finetune(module, data, FinetuneSettings(regularization="bn-scale"))
    message = r"'group-lasso' needs at least 1 group of channels .*, and this model has 0\."
    channels = dense_model(module, (1, 4, 4)).channels_left()
    for known in (None, channels):
        with pytest.raises(TrainingError, match=message):
            finetune(module, data, FinetuneSettings(regularization="group-lasso"), channels=known)


def test_a_session_knows_the_groups_of_its_current_model(session: Session) -> None:
    session.plan = session.plan.with_ratios(0.5)
    session.prune()
    step = session.finetune(1, regularization="group-lasso", regularization_strength=1.0)
    assert step.epochs[0].training_loss > 10  # the penalty is part of what was minimised
