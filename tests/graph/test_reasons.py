"""Constructs whose channels stay: each says why, and the rest of the network is still pruned."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
import torch.nn.functional as F
from networks import Network, conv, pooled
from removing import difference, lively, masked_and_removed
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from workbench.graph import analyze_channels


@dataclass(frozen=True)
class Refusal:
    """A network, the shape of one input, the reasons of its pinned layers as regular expressions,
    and the names of the groups that remain prunable.
    """

    make: Callable[[], nn.Module]
    shape: tuple[int, ...]
    reasons: dict[str, str]
    prunable: set[str]


def on_images(change: Callable[[Tensor], Tensor], **layers: nn.Module) -> nn.Module:
    """Two convolutions, and something between them that the test is about."""
    return Network(
        lambda m, x: m.head(pooled(m.last(change(m.stem(x))))),
        stem=conv(3, 6),
        last=conv(6, 8),
        head=nn.Linear(8, 5),
        **layers,
    )


def around(norm: nn.Module) -> nn.Module:
    """A hidden layer behind a normalisation, around a residual stream."""
    return Network(
        lambda m, x: m.head((s := m.embed(x)) + m.narrow(F.relu(m.wide(m.norm(s))))),
        embed=nn.Linear(3, 8),
        norm=norm,
        wide=nn.Linear(8, 12),
        narrow=nn.Linear(12, 8),
        head=nn.Linear(8, 5),
    )


class HandWritten(nn.Module):
    """A root mean square norm as language models have it."""

    def __init__(self, *, by_length: bool) -> None:
        super().__init__()
        self.weight, self.by_length = nn.Parameter(torch.linspace(0.5, 1.5, 8)), by_length

    def forward(self, x: Tensor) -> Tensor:
        if self.by_length:
            return F.normalize(x, dim=-1) * x.shape[-1] ** 0.5 * self.weight
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.weight


class Standardised(nn.Conv2d):
    """A convolution whose filters have mean 0 and deviation 1."""

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight - self.weight.mean((1, 2, 3), keepdim=True)
        return F.conv2d(x, weight / weight.std((1, 2, 3), keepdim=True), self.bias, padding=1)


def computed(layer: nn.Module) -> nn.Module:
    return Network(
        lambda m, x: m.head(pooled(m.last(m.computed(m.stem(x))))),
        stem=conv(3, 6),
        computed=layer,
        last=conv(8, 4),
        head=nn.Linear(4, 5),
    )


def heads_of_four() -> nn.Module:
    """The width of a head is a number in the code, how many there are follows."""

    def run(m: nn.Module, x: Tensor) -> Tensor:
        x = m.embed(x)
        query, key, value = (
            layer(x).view(*x.shape[:2], -1, 4).transpose(1, 2) for layer in (m.q, m.k, m.v)
        )
        weighed = (query @ key.transpose(-2, -1) / 2).softmax(-1) @ value
        return m.head(x + m.out(weighed.transpose(1, 2).flatten(2)))

    widths = {"q": (12, 16), "k": (12, 16), "v": (12, 16), "out": (16, 12), "head": (12, 5)}
    layers = {name: nn.Linear(*width) for name, width in widths.items()}
    return Network(run, embed=nn.Linear(3, 12), **layers)


def linear_attention() -> nn.Module:
    """Features are positive, so a masked channel adds 1 times 1 to every sum."""

    def run(m: nn.Module, x: Tensor) -> Tensor:
        query, key = F.elu(m.q(x)) + 1, F.elu(m.k(x)) + 1
        scores = query @ key.transpose(1, 2)
        return m.head(scores @ m.v(x) / scores.sum(-1, keepdim=True))

    layers = {name: nn.Linear(3, 8) for name in ("q", "k", "v")}
    return Network(run, **layers, head=nn.Linear(8, 5))


def recurrent(layer: nn.Module) -> nn.Module:
    return Network(
        lambda m, x: m.head(
            F.relu(m.hidden(m.memory(F.relu(m.stem(x)).transpose(1, 2))[0][:, -1]))
        ),
        stem=nn.Conv1d(2, 6, 3),
        memory=layer,
        hidden=nn.Linear(10, 8),
        head=nn.Linear(8, 5),
    )


IMAGE = (3, 4, 4)

REFUSALS = {
    "local response norm": Refusal(
        lambda: on_images(lambda x: F.local_response_norm(x, 3)),
        IMAGE,
        {"stem": "avg_pool3d mixes channels"},
        {"last"},
    ),
    "cosine similarity": Refusal(
        lambda: on_images(lambda x: x * F.cosine_similarity(x, x.flip(3), 1)[:, None]),
        IMAGE,
        {"stem": "cosine_similarity has no pruning rule"},
        {"last"},
    ),
    "Fourier transform": Refusal(
        lambda: on_images(lambda x: torch.fft.fft2(x).real),
        IMAGE,
        {"stem": r"fft_fft2 has no pruning rule \(at line \d+ of test_reasons\.py"},
        {"last"},
    ),
    "distances": Refusal(
        lambda: Network(
            lambda m, x: m.head(F.relu(m.hidden(torch.cdist(m.first(x), m.second(x))))),
            first=nn.Linear(3, 8),
            second=nn.Linear(3, 8),
            hidden=nn.Linear(6, 7),
            head=nn.Linear(7, 5),
        ),
        (6, 3),
        {"first": "cdist has no pruning rule", "second": "cdist has no pruning rule"},
        {"hidden"},
    ),
    "group norm without weights": Refusal(
        lambda: on_images(lambda x: F.group_norm(x, 2)),
        IMAGE,
        {"stem": "group_norm normalises across channels outside of a layer with weights"},
        {"last"},
    ),
    "layer norm without weights": Refusal(
        lambda: around(nn.LayerNorm(8, elementwise_affine=False)),
        (6, 3),
        {"embed": r"layer_norm normalises across channels outside.*\(at norm\)"},
        {"wide"},
    ),
    "layer norm over two dimensions": Refusal(
        lambda: around(nn.LayerNorm((6, 8))),
        (6, 3),
        dict.fromkeys(("embed", "norm"), r"layer_norm mixes channels \(at norm\)"),
        {"wide"},
    ),
    "root mean square, by hand": Refusal(
        lambda: around(HandWritten(by_length=False)),
        (6, 3),
        {"embed": r"mean mixes channels \(at norm\)"},
        {"wide"},
    ),
    "root mean square, by the length": Refusal(
        lambda: around(HandWritten(by_length=True)),
        (6, 3),
        {"embed": r"sets a number.* in line \d+ of test_reasons.*mul takes .* instead of 2\.8"},
        {"wide"},
    ),
    "root mean square layer": Refusal(
        lambda: around(nn.RMSNorm(8)), (6, 3), {"embed": "rms_norm"}, {"wide"}
    ),
    "standardised weight": Refusal(
        lambda: computed(Standardised(6, 8, 3)),
        IMAGE,
        {"stem": "weight is computed.*at computed", "computed": "weight is computed"},
        {"last"},
    ),
    "weight norm": Refusal(
        lambda: computed(parametrizations.weight_norm(conv(6, 8))),
        IMAGE,
        {"stem": "weight is computed.*at computed", "computed": "weight is computed"},
        {"last"},
    ),
    "spectral norm": Refusal(
        lambda: computed(parametrizations.spectral_norm(conv(6, 8))),
        IMAGE,
        {"stem": "weight is computed.*at computed", "computed": "weight is computed"},
        {"last"},
    ),
    "heads of a fixed width": Refusal(
        heads_of_four,
        (6, 3),
        {
            "q": r"hard-coded in line \d+.*view gives .*\(1, 6, 3, 4\) instead of \(1, 6, 4, 3\)",
            "v": r"hard-coded in line \d+",
        },
        {"embed"},
    ),
    "linear attention": Refusal(
        linear_attention,
        (6, 3),
        {"q": "matmul sums over it where it is not 0 when masked"},
        {"v"},
    ),
    "length after a sigmoid": Refusal(
        lambda: on_images(lambda x: F.normalize(x.sigmoid())),
        IMAGE,
        {"stem": "norm sums over it where it is not 0 when masked"},
        {"last"},
    ),
    "length after one number is added to all": Refusal(
        lambda: on_images(lambda x: F.normalize(x + 1)),
        IMAGE,
        {"stem": "norm sums over it where it is not 0 when masked"},
        {"last"},
    ),
    "LSTM": Refusal(
        lambda: recurrent(nn.LSTM(6, 10, batch_first=True)),
        (2, 8),
        {"stem": r"recurrent layer \(aten\.lstm\)", "memory": r"recurrent layer.*\(at memory\)"},
        {"hidden"},
    ),
    "GRU": Refusal(
        lambda: recurrent(nn.GRU(6, 10, batch_first=True)),
        (2, 8),
        {"stem": r"recurrent layer \(aten\.gru\)", "memory": r"recurrent layer.*\(at memory\)"},
        {"hidden"},
    ),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_what_cannot_be_pruned_says_why_and_the_rest_is_pruned_exactly(refusal: Refusal) -> None:
    module = lively(refusal.make())
    inputs = torch.randn(2, *refusal.shape, dtype=torch.float64)
    graph = analyze_channels(module, inputs[:1])
    assert {group.name for group in graph.prunable} == refusal.prunable
    pinned = {group.name: group.reason for group in graph.groups if not group.prunable}
    assert set(pinned) == {*refusal.reasons, "head"}
    for name, reason in refusal.reasons.items():
        assert re.search(reason, pinned[name]), pinned[name]
    assert difference(*masked_and_removed(module, graph), inputs) < 1e-10


def test_a_weight_that_the_code_uses_by_itself_is_listed_as_such() -> None:
    module = Network(
        lambda m, x: m.head(m.stem(x) * m.unused.weight[0, 0]),
        stem=nn.Linear(3, 6),
        unused=nn.Linear(1, 1),
        head=nn.Linear(6, 5),
    )
    graph = analyze_channels(module, torch.zeros(1, 3))
    assert "uses its weight by itself" in graph.group("unused").reason


def test_a_layer_that_only_shares_its_weight_with_a_reached_one_is_not_called_unreached() -> None:
    module = Network(
        lambda m, x: m.head(F.relu(m.first(x)) + F.relu(m.second(x))),
        first=nn.Linear(3, 6, bias=False),
        second=nn.Linear(3, 6, bias=False),
        head=nn.Linear(6, 5),
    )
    module.second.weight = module.first.weight
    graph = analyze_channels(module, torch.zeros(1, 3))
    assert [group.name for group in graph.groups] == ["first", "head"]
