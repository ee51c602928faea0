"""Models and inputs that cannot be analysed are refused in words, and nothing is changed."""

import copy

import pytest
import torch
import torch.nn.functional as F
from networks import TRAPS, Network, conv, pooled
from removing import difference, lively, masked_and_removed
from torch import Tensor, nn
from torch.nn.utils import prune

from workbench.errors import ModelError
from workbench.graph import analyze_channels
from workbench.graph.removal import remove_channels
from workbench.graph.structure import Structure, tensor_shapes

IMAGE = (1, 3, 4, 4)


def small() -> nn.Module:
    return nn.Sequential(conv(3, 6), nn.ReLU(), conv(6, 8), nn.Flatten(), nn.Linear(128, 5))


class Refuses(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = conv(3, 6)

    def forward(self, x: Tensor) -> Tensor:
        raise KeyError("colour")


class Decides(nn.Module):
    """Asks for a value, so that it is run on the example input itself."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head = conv(3, 6), nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        return self.head(pooled(x if x.mean() > 0 else -x))


def masked_by_torch() -> nn.Module:
    module = small()
    prune.l1_unstructured(module[2], "weight", 0.5)  # type: ignore[no-untyped-call]
    return module


REFUSED = {
    "raises": (
        Refuses,
        torch.zeros(IMAGE),
        r"Refuses cannot be traced.*\(1, 3, 4, 4\): KeyError: 'colour' in line \d+ of "
        r"test_bad_input\.py \(raise KeyError",
    ),
    "other channels": (
        small,
        torch.zeros(1, 1, 4, 4),
        r"Sequential cannot be traced with an example input of shape \(1, 1, 4, 4\).*3 channels",
    ),
    "no batch": (small, torch.zeros(4, 4), r"example input of shape \(4, 4\)"),
    "empty": (small, torch.zeros(0, 3, 4, 4), r"at least one input, got shape \(0, 3, 4, 4\)"),
    "double input": (
        small,
        torch.zeros(IMAGE, dtype=torch.float64),
        r"weights are torch\.float32, example_input is torch\.float64: convert one",
    ),
    "half weights": (
        lambda: small().to(torch.bfloat16),
        torch.zeros(IMAGE),
        r"weights are torch\.bfloat16, example_input is torch\.float32: convert one",
    ),
    "elsewhere": (
        lambda: Decides().to("meta"),
        torch.zeros(IMAGE),
        "weights are on meta, example_input is on cpu: move one",
    ),
    "two inputs": (small, (torch.zeros(IMAGE),), "must be one tensor.*got a tuple.*wrapper"),
    "its class": (lambda: Refuses, torch.zeros(IMAGE), "must be a torch.nn.Module, got a type"),
    "masked by torch": (
        masked_by_torch,
        torch.zeros(IMAGE),
        r"'2\.weight' is computed by a hook.*torch\.nn\.utils\.prune\.remove\(layer, name\)",
    ),
    "lazy": (
        lambda: nn.Sequential(nn.LazyConv2d(6, 3), nn.Flatten(), nn.LazyLinear(5)),
        torch.zeros(IMAGE),
        r"'0\.weight' is still lazy.*Run the model once",
    ),
    "no forward": (nn.Module, torch.zeros(IMAGE), "Module cannot be traced.*forward"),
}


@pytest.mark.parametrize(("make", "example", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_analysed_is_refused_with_the_remedy(
    make: object, example: object, message: str
) -> None:
    module = make()  # type: ignore[operator]
    with pytest.raises(ModelError, match=message):
        analyze_channels(module, example)  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:FutureWarning")
def test_torchscript_is_refused_with_the_remedy() -> None:
    script = torch.jit.trace(small(), torch.zeros(IMAGE))
    with pytest.raises(ModelError, match=r"must be Python code, got TorchScript.*it was made of"):
        analyze_channels(script, torch.zeros(IMAGE))


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
def test_a_weight_norm_by_hooks_is_refused_with_the_remedy() -> None:
    module = small()
    nn.utils.weight_norm(module[0])
    with pytest.raises(ModelError, match=r"'0\.weight' is computed by a hook.*remove_weight_norm"):
        analyze_channels(module, torch.zeros(IMAGE))


def test_a_failed_analysis_leaves_the_module_as_it_was() -> None:
    module = Refuses().train()
    module.stem.eval()
    before = copy.deepcopy(module.state_dict())
    with pytest.raises(ModelError):
        analyze_channels(module, torch.zeros(IMAGE))
    assert module.training and not module.stem.training
    assert all(torch.equal(before[name], tensor) for name, tensor in module.state_dict().items())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in module.modules())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.complex64])
def test_weights_of_other_types_are_analysed_and_removed(dtype: torch.dtype) -> None:
    module = Network(
        lambda m, x: m.head(m.last(m.stem(x))),
        stem=nn.Linear(6, 8, dtype=dtype),
        last=nn.Linear(8, 10, dtype=dtype),
        head=nn.Linear(10, 5, dtype=dtype),
    )
    inputs = torch.randn(2, 6).to(dtype)
    graph = analyze_channels(module, inputs)
    assert [group.name for group in graph.prunable] == ["stem", "last"]
    masked, pruned = masked_and_removed(module, graph)
    assert all(parameter.dtype == dtype for parameter in pruned.parameters())
    torch.testing.assert_close(masked(inputs), pruned(inputs))


def test_a_model_without_data_is_analysed_like_any_other() -> None:
    graph = analyze_channels(small().to("meta"), torch.zeros(IMAGE))
    assert [group.name for group in graph.prunable] == ["0", "2"]


@pytest.mark.parametrize("module", [nn.Sequential(), nn.ReLU()], ids=["empty", "no weights"])
def test_a_network_without_weights_has_no_groups(module: nn.Module) -> None:
    assert analyze_channels(module, torch.zeros(IMAGE)).groups == ()


def test_a_network_of_one_layer_has_nothing_to_prune_and_says_why() -> None:
    (group,) = analyze_channels(nn.Linear(3, 5), torch.zeros(1, 3)).groups
    assert group.reason == "these are the model outputs"


def test_frozen_parameters_stay_frozen_and_the_others_do_not() -> None:
    module = small()
    module[0].requires_grad_(False)
    graph = analyze_channels(module, torch.zeros(IMAGE))
    flags = {name: parameter.requires_grad for name, parameter in module.named_parameters()}
    _, pruned = masked_and_removed(module, graph)
    assert {name: p.requires_grad for name, p in pruned.named_parameters()} == flags
    assert not flags["0.weight"] and flags["2.weight"]


def test_gradients_and_hooks_of_the_module_survive_the_analysis() -> None:
    module = small()
    calls = []
    module[0].register_forward_hook(lambda *_: calls.append(1))
    module(torch.ones(IMAGE)).sum().backward()
    gradient = module[0].weight.grad.clone()
    analyze_channels(module, torch.zeros(IMAGE))
    assert torch.equal(module[0].weight.grad, gradient)
    assert all(parameter.requires_grad for parameter in module.parameters())


def test_a_module_in_training_mode_is_analysed_in_evaluation_mode_and_put_back() -> None:
    module = TRAPS["chain"].make().train()
    module[1].eval()
    graph = analyze_channels(module, torch.zeros(1, 3, 4, 4))
    assert module.training and module[0].training and not module[1].training
    remove_channels(module, Structure.of(graph, {}, tensor_shapes(module)))
    assert module.training and not module[1].training


def test_a_data_parallel_wrapper_is_analysed_as_it_is() -> None:
    module = lively(nn.DataParallel(small()))
    inputs = torch.randn(2, *IMAGE[1:], dtype=torch.float64)
    graph = analyze_channels(module, inputs[:1])
    assert [group.name for group in graph.prunable] == ["module.0", "module.2"]
    assert difference(*masked_and_removed(module, graph), inputs) < 1e-10


def test_an_optional_argument_that_is_left_out_is_no_obstacle() -> None:
    class Optional(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.head = conv(3, 6), nn.Linear(6, 5)

        def forward(
            self, x: Tensor, mask: Tensor | None = None, *, scale: float | None = None
        ) -> Tensor:
            x = F.relu(self.stem(x))
            x = x if mask is None else x * mask
            return self.head(pooled(x if scale is None else scale * x))

    module = lively(Optional())
    inputs = torch.randn(2, *IMAGE[1:], dtype=torch.float64)
    graph = analyze_channels(module, inputs[:1])
    assert [group.name for group in graph.prunable] == ["stem"]
    assert difference(*masked_and_removed(module, graph), inputs) < 1e-10
