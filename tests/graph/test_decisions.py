"""Code whose course depends on the data: what it can see stays, the rest is pruned exactly.

The example input takes one branch. The other branch has to agree as well afterwards, although
the analysis has never seen it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
import torch.nn.functional as F
from networks import Network, conv, pooled
from removing import difference, lively, masked_and_removed
from torch import Tensor, nn

from workbench.errors import ModelError
from workbench.graph import analyze_channels

IMAGE = (3, 4, 4)


class Inner(nn.Module):
    """Two convolutions: the channels between them are nobody else's."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first, self.second = conv(inputs, 8), conv(8, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(F.relu(self.first(x)))


class EarlyExit(nn.Module):
    """Returns early when the features are large."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.after = Inner(3, 6), Inner(6, 6)
        self.early, self.late = nn.Linear(6, 5), nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.before(x)
        if x.abs().mean() > 1:
            return self.early(pooled(x))
        return self.late(pooled(self.after(x)))


class Judge(nn.Module):
    """Says, as a Python truth value, whether its features are large."""

    def __init__(self) -> None:
        super().__init__()
        self.look = Inner(6, 4)

    def forward(self, x: Tensor) -> bool:
        return bool(self.look(x).sum() > 0)


class Asks(nn.Module):
    """A child decides, the parent acts."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.judge = Inner(3, 6), Judge()
        self.left, self.right = Inner(6, 6), Inner(6, 6)
        self.head = nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.before(x)
        x = self.left(x) if self.judge(x) else self.right(x)
        return self.head(pooled(x))


class Chooses(nn.Module):
    """Decides by itself and returns a tensor only."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = Inner(6, 6), Inner(6, 6)

    def forward(self, x: Tensor) -> Tensor:
        if x.max() > x.min().abs():
            return self.left(x)
        return x + self.right(x)


class Contains(nn.Module):
    """The decision is inside of a child; before and after it, everything is as ever."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.chooses, self.after = Inner(3, 6), Chooses(), Inner(6, 6)
        self.head = nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(pooled(self.after(self.chooses(self.before(x)))))


class Repeats(nn.Module):
    """Refines until it is small enough, or three times."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.refine = Inner(3, 6), Inner(6, 6)
        self.head = nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.before(x)
        for _ in range(3):
            if x.norm().item() < 1:
                break
            x = self.refine(x)
        return self.head(pooled(x))


class Scales(nn.Module):
    """Takes a number out of a tensor and calculates with it."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.after = Inner(3, 6), Inner(6, 6)
        self.head = nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.before(x)
        largest = x.abs().max().item()
        return self.head(pooled(self.after(x / largest if largest > 1e-3 else x)))


class Lists(Scales):
    """As `Scales`, by a list."""

    def forward(self, x: Tensor) -> Tensor:
        x = self.before(x)
        largest = max(abs(value) for value in x.flatten().tolist())
        return self.head(pooled(self.after(x / largest if largest > 1e-3 else x)))


class Experts(nn.Module):
    """A mixture of experts: every token goes to one of them."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.router = nn.Linear(3, 8), nn.Linear(8, 3)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(8, 10), nn.ReLU(), nn.Linear(10, 8)) for _ in range(3)
        )
        self.head = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x)
        choice = self.router(x).argmax(-1)
        out = torch.zeros_like(x)
        for number, expert in enumerate(self.experts):
            chosen = (choice == number).nonzero(as_tuple=True)
            out[chosen] = expert(x[chosen])
        return self.head(out.mean(1))


@dataclass(frozen=True)
class Decision:
    """A network that decides, the shape of one input, groups that must be prunable whichever
    branch the example takes, and whether the branches call other modules.
    """

    make: Callable[[], nn.Module]
    shape: tuple[int, ...]
    always: set[str]
    calls_differ: bool = True


DECISIONS = {
    "early exit": Decision(EarlyExit, IMAGE, {"before.first"}),
    "a child tells": Decision(Asks, IMAGE, {"before.first"}),
    "inside a child": Decision(Contains, IMAGE, {"before.first", "after.first"}),
    "in a loop": Decision(Repeats, IMAGE, {"before.first"}),
    "by a number": Decision(Scales, IMAGE, {"before.first", "after.first"}, calls_differ=False),
}


def one_of_each(module: nn.Module, shape: tuple[int, ...]) -> list[Tensor]:
    """Inputs of several sizes and signs, so that every branch is taken by some."""
    random = torch.Generator().manual_seed(1)
    noise = [torch.randn(1, *shape, generator=random, dtype=torch.float64) for _ in range(6)]
    return [factor * x for x in noise for factor in (0.01, -0.01, 1, -1, 50, -50)]


def branches(module: nn.Module, inputs: list[Tensor]) -> list[tuple[str, ...]]:
    """By input, the modules that were called."""
    called: list[str] = []
    handles = [
        part.register_forward_pre_hook(lambda *_, path=path: called.append(path))
        for path, part in module.named_modules()
    ]
    taken = []
    for x in inputs:
        called.clear()
        module(x)
        taken.append(tuple(called))
    for handle in handles:
        handle.remove()
    return taken


@pytest.mark.parametrize("decision", DECISIONS.values(), ids=DECISIONS)
def test_whichever_branch_was_analysed_both_agree_afterwards(decision: Decision) -> None:
    module = lively(decision.make())
    inputs = one_of_each(module, decision.shape)
    taken = branches(module, inputs)
    examples = [inputs[taken.index(branch)] for branch in dict.fromkeys(taken)]
    assert (len(examples) > 1) == decision.calls_differ
    for example in examples:
        graph = analyze_channels(module, example)
        assert decision.always <= {group.name for group in graph.prunable}
        masked, pruned = masked_and_removed(module, graph)
        assert max(difference(masked, pruned, x) for x in inputs) < 1e-10


def test_hidden_widths_of_experts_are_pruned_and_an_expert_without_tokens_agrees_too() -> None:
    module = lively(Experts())
    tokens = 20 * torch.randn(1, 40, 3, dtype=torch.float64)
    graph = analyze_channels(module, tokens)
    hidden = {f"experts.{number}.0" for number in range(3)}
    assert {group.name for group in graph.prunable} == hidden
    masked, pruned = masked_and_removed(module, graph)
    for inputs in (tokens, tokens[:, :1], tokens[:, 1:2]):
        assert difference(masked, pruned, inputs) < 1e-10


def test_an_expert_without_tokens_in_the_example_stays_and_says_why() -> None:
    module = lively(Experts())
    tokens = torch.randn(1, 1, 3, dtype=torch.float64)
    graph = analyze_channels(module, tokens)
    reached = {group.name for group in graph.prunable}
    assert len(reached) == 1
    for name in {f"experts.{number}.0" for number in range(3)} - reached:
        assert "nothing to work on; a larger one may" in graph.group(name).reason


class Counts(nn.Module):
    """Looks how many tokens are large, and works on those only."""

    def __init__(self, find: nn.Module) -> None:
        super().__init__()
        self.embed, self.find = nn.Linear(3, 8), find
        self.extra, self.head = nn.Linear(8, 5), nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        large = self.find(x)
        x = self.embed(x)
        scores = self.head(x.mean(1))
        if len(large):
            scores = scores + self.extra(x[0, large]).sum(0)
        return scores


class Large(nn.Module):
    """Says which tokens are large; how many, the length of the answer tells."""

    def forward(self, x: Tensor) -> Tensor:
        return (x[0].abs().amax(-1) > 100).nonzero()[:, 0]


def test_a_length_that_depends_on_values_is_a_decision_even_if_a_child_found_it() -> None:
    module = lively(Counts(Large()))
    small = torch.randn(1, 6, 3, dtype=torch.float64)
    graph = analyze_channels(module, small)
    reason = graph.group("embed").reason
    assert reason.startswith("what the code does with it depends on the data (aten.nonzero)")
    assert not graph.prunable
    module(200 * small)  # would fail had a channel of `embed` gone: `extra` was never seen


def test_what_the_decision_sees_is_pinned_and_the_line_named() -> None:
    graph = analyze_channels(lively(Asks()), torch.randn(1, *IMAGE, dtype=torch.float64))
    reason = graph.group("before.second").reason
    assert reason.startswith("what the code does with it depends on the data (aten.")
    assert "test_decisions.py (return bool(self.look(x).sum() > 0))" in reason


def test_a_number_that_the_code_takes_pins_what_it_was_taken_from() -> None:
    graph = analyze_channels(lively(Scales()), torch.randn(1, *IMAGE, dtype=torch.float64))
    assert graph.group("before.second").reason
    assert not graph.group("after.first").reason


def test_layers_of_the_other_branch_are_listed_as_not_reached() -> None:
    module = lively(EarlyExit())
    inputs = one_of_each(module, IMAGE)
    early = next(x for x in inputs if module.before(x).abs().mean() > 1)
    graph = analyze_channels(module, early)
    for name in ("after.first", "after.second", "late"):
        assert "does not reach it" in graph.group(name).reason


def test_a_list_of_values_refuses_everything_and_names_the_line() -> None:
    """What the code does with a list cannot be followed."""
    graph = analyze_channels(lively(Lists()), torch.randn(1, *IMAGE, dtype=torch.float64))
    assert not graph.prunable
    assert "for value in x.flatten().tolist())" in graph.group("before.first").reason


def test_values_that_leave_pytorch_are_refused_with_the_line() -> None:
    class Leaves(Scales):
        def forward(self, x: Tensor) -> Tensor:
            x = self.before(x)
            return self.head(pooled(self.after(x / float(abs(x.detach().numpy()).max()))))

    with pytest.raises(
        ModelError, match=r"Leaves cannot be traced.*numpy.* in line \d+ of test_dec"
    ):
        analyze_channels(lively(Leaves()), torch.randn(1, *IMAGE, dtype=torch.float64))


class Holds(nn.Module):
    """Keeps a tensor as a plain attribute and makes others in the forward pass."""

    def __init__(self, device: str | None) -> None:
        super().__init__()
        self.device = device
        self.weights = torch.linspace(0.5, 1.5, 4, dtype=torch.float64)
        self.stem, self.last, self.head = conv(3, 6), conv(6, 8), nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        device = self.device or x.device
        x = self.stem(x) * self.weights
        x = x + torch.arange(4, device=device, dtype=x.dtype)
        x = x + torch.ones(4, 4, device=device, dtype=x.dtype).tril()
        x = x * torch.zeros(1, device=device, dtype=x.dtype).add(2)
        return self.head(pooled(self.last(F.relu(x))))


@pytest.mark.parametrize("device", [None, "cpu"])
def test_tensors_that_the_code_holds_or_makes_are_followed(device: str | None) -> None:
    module = lively(Holds(device))
    inputs = torch.randn(2, *IMAGE, dtype=torch.float64)
    graph = analyze_channels(module, inputs[:1])
    assert [group.name for group in graph.prunable] == ["stem", "last"]
    assert difference(*masked_and_removed(module, graph), inputs) < 1e-10


def test_a_decision_about_a_constant_pins_nothing() -> None:
    module = Network(
        lambda m, x: m.head(pooled(m.stem(x) if torch.tensor(1.0) > 0 else x)),
        stem=conv(3, 6),
        head=nn.Linear(6, 5),
    )
    graph = analyze_channels(module, torch.zeros(1, *IMAGE))
    assert [group.name for group in graph.prunable] == ["stem"]
