import copy
import re

import pytest
import torch
from torch import Tensor, nn
from toys import toy_net

from workbench import Plan
from workbench.errors import CriterionError, ModelError, PlanError, UnknownUnitError
from workbench.progress import Cancelled
from workbench.surgery import prune_channels

EXAMPLE = torch.zeros(1, 1, 4, 4)


def test_the_pruned_module_is_smaller_and_of_the_same_class() -> None:
    pruned, results = prune_channels(toy_net(), EXAMPLE, ratio=0.5)
    assert type(pruned) is type(toy_net())
    assert (pruned.conv1.out_channels, pruned.conv2.out_channels) == (2, 3)
    assert pruned(torch.zeros(5, 1, 4, 4)).shape == (5, 3)
    assert [(result.unit, result.kept) for result in results] == [
        ("conv1", 2),
        ("conv2", 3),
        ("classifier", 3),
    ]


def test_the_given_module_is_left_as_it_is() -> None:
    module = toy_net().train()
    before = copy.deepcopy(module.state_dict())
    pruned, _ = prune_channels(module, EXAMPLE, ratio=0.5)
    assert module.training and pruned.training
    assert all(torch.equal(before[name], tensor) for name, tensor in module.state_dict().items())


def test_the_criterion_decides_what_goes() -> None:
    module = toy_net()
    module.conv1.weight.data = torch.zeros(4, 1, 3, 3)
    module.conv1.weight.data[:, 0, 0, 0] = torch.tensor([4.0, 3, 0, 0])
    module.conv1.weight.data[2:] = 1.2 / 9  # l1 1.2; l2 0.4
    module.conv1.weight.data[1] = 0.3 / 9 * 3  # l1 0.9; l2 0.3
    pruned, _ = prune_channels(module, EXAMPLE, plan=Plan(ratios={"conv1": 0.25}))
    assert torch.equal(pruned.conv1.weight, module.conv1.weight[[0, 2, 3]])


def test_a_plan_may_be_given_instead_of_a_ratio() -> None:
    pruned, _ = prune_channels(toy_net(), EXAMPLE, plan=Plan(ratio=0.5).lock("conv1"))
    assert (pruned.conv1.out_channels, pruned.conv2.out_channels) == (4, 3)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"ratio": 1.2}, PlanError, "ratio of the plan must be in [0, 1), got 1.2."),
        ({"criterion": "l3"}, CriterionError, "taylor, taylor_activation; got 'l3'."),
        ({"plan": Plan(ratios={"conv9": 0.5})}, UnknownUnitError, "no channel unit 'conv9'"),
        (
            {"plan": Plan(granularity="weight")},
            PlanError,
            "must be 'channel', got 'weight'. Use a Session for weight pruning.",
        ),
        (
            {"plan": Plan(ratios={"classifier": 0.5})},
            PlanError,
            "ratio of unit 'classifier' must be 0, got 0.5",
        ),
    ],
)
def test_a_plan_that_does_not_fit_is_refused(
    settings: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=re.escape(message)):
        prune_channels(toy_net(), EXAMPLE, **settings)  # type: ignore[arg-type]


def test_a_module_that_cannot_be_traced_is_refused() -> None:
    class LeavesPyTorch(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(torch.from_numpy(x.numpy()))

    with pytest.raises(ModelError, match="LeavesPyTorch cannot be traced"):
        prune_channels(LeavesPyTorch(4, 3), torch.ones(1, 4))


def test_the_analysis_can_be_cancelled() -> None:
    class Stops:
        def report(self, done: float, total: float, message: str = "") -> None:
            raise Cancelled

    with pytest.raises(Cancelled):
        prune_channels(toy_net(), EXAMPLE, monitor=Stops())
