"""Small hand-written networks, one construct each, and the groups they must have."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Groups = dict[str, tuple[int, tuple[str, ...]]]
"""Every prunable group: name to size and producing layers."""


class Network(nn.Module):
    """A network whose forward pass is a function of its layers and the input."""

    def __init__(self, run: Callable[["Network", Tensor], Tensor], **layers: nn.Module) -> None:
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)
        self._run = run

    def forward(self, x: Tensor) -> Tensor:
        return self._run(self, x)


@dataclass(frozen=True)
class Trap:
    """A network, the shape of one input, and its prunable groups, written by hand."""

    make: Callable[[], nn.Module]
    shape: tuple[int, ...]
    groups: Groups


def conv(inputs: int, outputs: int, size: int = 3, **settings: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, size, padding=size // 2, **settings)


def pooled(x: Tensor) -> Tensor:
    return F.adaptive_avg_pool2d(x, 1).flatten(1)


def chain() -> nn.Module:
    return nn.Sequential(
        conv(3, 8), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(32, 5)
    )


def residual() -> nn.Module:
    return Network(
        lambda m, x: m.head(pooled(F.relu(m.stem(x) + m.second(F.relu(m.first(m.stem(x))))))),
        stem=conv(3, 8),
        first=conv(8, 6),
        second=conv(6, 8),
        head=nn.Linear(8, 5),
    )


def concatenation() -> nn.Module:
    def run(m: nn.Module, x: Tensor) -> Tensor:
        return m.head(pooled(m.last(torch.cat([m.first(x), m.second(x)], 1))))

    return Network(run, first=conv(3, 4), second=conv(3, 6), last=conv(10, 8), head=nn.Linear(8, 5))


def depthwise_multiplier() -> nn.Module:
    return Network(
        lambda m, x: m.head(pooled(m.depthwise(m.stem(x)))),
        stem=conv(3, 4),
        depthwise=conv(4, 8, groups=4),
        head=nn.Linear(8, 5),
    )


def grouped() -> nn.Module:
    return Network(
        lambda m, x: m.head(pooled(m.grouped(m.stem(x)))),
        stem=conv(3, 8),
        grouped=conv(8, 12, groups=2),
        head=nn.Linear(12, 5),
    )


def transposed() -> nn.Module:
    return Network(
        lambda m, x: m.head(pooled(m.up(m.stem(x)))),
        stem=conv(3, 6),
        up=nn.ConvTranspose2d(6, 4, 2, stride=2),
        head=nn.Linear(4, 5),
    )


def one_dimensional() -> nn.Module:
    return nn.Sequential(
        nn.Conv1d(2, 6, 3), nn.BatchNorm1d(6), nn.Conv1d(6, 4, 3), nn.Flatten(), nn.Linear(16, 3)
    )


def three_dimensional() -> nn.Module:
    return nn.Sequential(
        nn.Conv3d(1, 6, 3),
        nn.BatchNorm3d(6),
        nn.AdaptiveAvgPool3d(1),
        nn.Flatten(),
        nn.Linear(6, 3),
    )


def shared_twice() -> nn.Module:
    return Network(
        lambda m, x: m.head(pooled(m.shared(F.relu(m.shared(m.stem(x)))))),
        stem=conv(3, 6),
        shared=conv(6, 6),
        head=nn.Linear(6, 5),
    )


def tied_weights() -> nn.Module:
    module = Network(
        lambda m, x: m.head(pooled(m.second(F.relu(m.first(m.stem(x)))))),
        stem=conv(3, 6),
        first=conv(6, 6),
        second=conv(6, 6),
        head=nn.Linear(6, 5),
    )
    module.second.weight = module.first.weight
    return module


def squeeze_and_excite() -> nn.Module:
    def run(m: nn.Module, x: Tensor) -> Tensor:
        x = m.stem(x)
        scale = torch.sigmoid(m.excite(F.relu(m.squeeze(F.adaptive_avg_pool2d(x, 1)))))
        return m.head(pooled(x * scale))

    return Network(
        run, stem=conv(3, 8), squeeze=conv(8, 4, 1), excite=conv(4, 8, 1), head=nn.Linear(8, 5)
    )


class LayerScale(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.block = conv(3, 8), conv(8, 8)
        self.scale = nn.Parameter(torch.linspace(0.5, 1.5, 8).reshape(8, 1, 1))
        self.head = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        return self.head(pooled(x + self.scale * self.block(x)))


class Tokens(nn.Module):
    """Class token, position embedding, layer norm."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, stride=4)
        self.token = nn.Parameter(torch.randn(1, 1, 8))
        self.position = nn.Parameter(torch.randn(1, 5, 8))
        self.norm = nn.LayerNorm(8)
        self.wide, self.narrow = nn.Linear(8, 16), nn.Linear(16, 8)
        self.head = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.position
        x = x + self.narrow(F.gelu(self.wide(self.norm(x))))
        return self.head(x[:, 0])


def group_norm() -> nn.Module:
    return Network(
        lambda m, x: m.head(pooled(m.norm(m.stem(x)))),
        stem=conv(3, 8),
        norm=nn.GroupNorm(2, 8),
        head=nn.Linear(8, 5),
    )


def instance_norm() -> nn.Module:
    return Network(
        lambda m, x: m.head(pooled(F.relu(m.norm(m.stem(x))))),
        stem=conv(3, 8),
        norm=nn.InstanceNorm2d(8, affine=True),
        head=nn.Linear(8, 5),
    )


def chunked() -> nn.Module:
    def run(m: nn.Module, x: Tensor) -> Tensor:
        first, second = m.stem(x).chunk(2, 1)
        return m.head(pooled(torch.cat([m.left(first), m.right(second)], 1)))

    return Network(run, stem=conv(3, 8), left=conv(4, 6), right=conv(4, 6), head=nn.Linear(12, 5))


def gated() -> nn.Module:
    def run(m: nn.Module, x: Tensor) -> Tensor:
        value, gate = m.stem(x).chunk(2, 1)
        return m.head(pooled(value * torch.sigmoid(gate)))

    return Network(run, stem=conv(3, 8), head=nn.Linear(4, 5))


def shuffled() -> nn.Module:
    def run(m: nn.Module, x: Tensor) -> Tensor:
        x = torch.cat([m.first(x), m.second(x)], 1)
        batch, channels, height, width = x.shape
        x = x.view(batch, 2, channels // 2, height, width).transpose(1, 2)
        return m.head(pooled(m.last(x.reshape(batch, channels, height, width))))

    return Network(run, first=conv(3, 6), second=conv(3, 6), last=conv(12, 4), head=nn.Linear(4, 5))


def pixel_shuffled() -> nn.Module:
    return Network(
        lambda m, x: m.head(pooled(m.last(F.pixel_shuffle(m.stem(x), 2)))),
        stem=conv(3, 16),
        last=conv(4, 6),
        head=nn.Linear(6, 5),
    )


def padded_shortcut() -> nn.Module:
    def run(m: nn.Module, x: Tensor) -> Tensor:
        x = m.stem(x)
        shortcut = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 2, 2))
        return m.head(pooled(shortcut + m.wide(x)))

    return Network(run, stem=conv(3, 4), wide=conv(4, 8, stride=2), head=nn.Linear(8, 5))


def flattened() -> nn.Module:
    return Network(
        lambda m, x: m.head(F.relu(m.hidden(F.max_pool2d(m.stem(x), 2).flatten(1)))),
        stem=conv(3, 4),
        hidden=nn.Linear(4 * 16, 10),
        head=nn.Linear(10, 5),
    )


TRAPS = {
    "chain": Trap(chain, (3, 4, 4), {"0": (8, ("0",))}),
    "residual": Trap(
        residual, (3, 4, 4), {"stem": (8, ("stem", "second")), "first": (6, ("first",))}
    ),
    "concatenation": Trap(
        concatenation,
        (3, 4, 4),
        {"first": (4, ("first",)), "second": (6, ("second",)), "last": (8, ("last",))},
    ),
    "depthwise with multiplier": Trap(
        depthwise_multiplier, (3, 4, 4), {"stem": (4, ("stem", "depthwise"))}
    ),
    "grouped convolution": Trap(
        grouped, (3, 4, 4), {"stem": (4, ("stem",)), "grouped": (6, ("grouped",))}
    ),
    "transposed convolution": Trap(
        transposed, (3, 4, 4), {"stem": (6, ("stem",)), "up": (4, ("up",))}
    ),
    "one-dimensional": Trap(one_dimensional, (2, 8), {"0": (6, ("0",)), "2": (4, ("2",))}),
    "three-dimensional": Trap(three_dimensional, (1, 4, 4, 4), {"0": (6, ("0",))}),
    "shared module": Trap(shared_twice, (3, 4, 4), {"stem": (6, ("stem", "shared"))}),
    "tied weights": Trap(tied_weights, (3, 4, 4), {"stem": (6, ("stem", "first", "second"))}),
    "squeeze and excite": Trap(
        squeeze_and_excite,
        (3, 4, 4),
        {"stem": (8, ("stem", "excite")), "squeeze": (4, ("squeeze",))},
    ),
    "layer scale": Trap(LayerScale, (3, 4, 4), {"stem": (8, ("stem", "block"))}),
    "tokens": Trap(
        Tokens, (3, 8, 8), {"patches": (8, ("patches", "narrow")), "wide": (16, ("wide",))}
    ),
    "group norm": Trap(group_norm, (3, 4, 4), {"stem": (4, ("stem",))}),
    "instance norm": Trap(instance_norm, (3, 4, 4), {"stem": (8, ("stem",))}),
    "chunk": Trap(
        chunked,
        (3, 4, 4),
        {"stem": (4, ("stem",)), "left": (6, ("left",)), "right": (6, ("right",))},
    ),
    "gate": Trap(gated, (3, 4, 4), {"stem": (4, ("stem",))}),
    "channel shuffle": Trap(
        shuffled, (3, 4, 4), {"first": (6, ("first", "second")), "last": (4, ("last",))}
    ),
    "pixel shuffle": Trap(
        pixel_shuffled, (3, 4, 4), {"stem": (4, ("stem",)), "last": (6, ("last",))}
    ),
    "padded shortcut": Trap(padded_shortcut, (3, 4, 4), {"stem": (4, ("stem", "wide"))}),
    "flatten": Trap(flattened, (3, 8, 8), {"stem": (4, ("stem",)), "hidden": (10, ("hidden",))}),
}
