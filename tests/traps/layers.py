"""Layers with weights, one kind a network."""

import torch
import torch.nn.functional as F
from networks import Network, Trap, conv, pooled
from torch import Tensor, nn


def transposed(inputs: int, outputs: int, groups: int) -> nn.Module:
    """Between two convolutions, with output padding."""
    return Network(
        lambda m, x: m.head(pooled(m.last(m.up(m.stem(x))))),
        stem=conv(3, inputs),
        up=nn.ConvTranspose2d(inputs, outputs, 3, stride=2, output_padding=1, groups=groups),
        last=conv(outputs, 6),
        head=nn.Linear(6, 5),
    )


def transposed_line() -> nn.Module:
    return Network(
        lambda m, x: m.head(m.up(m.stem(x)).mean(2)),
        stem=nn.Conv1d(2, 6, 3),
        up=nn.ConvTranspose1d(6, 4, 3, stride=2, output_padding=1),
        head=nn.Linear(4, 5),
    )


def transposed_volume() -> nn.Module:
    return Network(
        lambda m, x: m.head(m.up(m.stem(x)).mean((2, 3, 4))),
        stem=nn.Conv3d(1, 6, 3),
        up=nn.ConvTranspose3d(6, 4, 2, stride=2),
        head=nn.Linear(4, 5),
    )


def two_in_each_part() -> nn.Module:
    """Half of the inputs gone, a part has one left: still no depthwise convolution."""
    return Network(
        lambda m, x: m.head(pooled(m.grouped(m.stem(x)))),
        stem=conv(3, 4),
        grouped=conv(4, 12, groups=2),
        head=nn.Linear(12, 5),
    )


def padded_in(mode: str) -> nn.Module:
    """A convolution that pads by itself, with something else than 0."""
    return Network(
        lambda m, x: m.head(pooled(m.last(m.stem(x)))),
        stem=conv(3, 4),
        last=nn.Conv2d(4, 6, 3, padding=1, padding_mode=mode),
        head=nn.Linear(6, 5),
    )


def pairs() -> nn.Module:
    return Network(
        lambda m, x: m.head(m.pair(m.first(x), m.second(x))),
        first=nn.Linear(3, 8),
        second=nn.Linear(3, 6),
        pair=nn.Bilinear(8, 6, 7),
        head=nn.Linear(7, 5),
    )


def slopes(count: int) -> nn.Module:
    return Network(
        lambda m, x: m.head(pooled(m.slope(m.stem(x)))),
        stem=conv(3, 6),
        slope=nn.PReLU(count),
        head=nn.Linear(6, 5),
    )


def image_norm(norm: nn.Module) -> nn.Module:
    return Network(
        lambda m, x: m.head(pooled(F.relu(m.norm(m.stem(x))))),
        stem=conv(3, 6),
        norm=norm,
        head=nn.Linear(6, 5),
    )


class Words(nn.Module):
    """Two embeddings, a hidden layer; the output may share the first embedding's weight."""

    def __init__(self, *, tied: bool) -> None:
        super().__init__()
        self.word, self.place = nn.Embedding(11, 8), nn.Embedding(6, 8)
        self.wide, self.narrow = nn.Linear(8, 12), nn.Linear(12, 8)
        self.head = nn.Linear(8, 11, bias=False)
        if tied:
            self.head.weight = self.word.weight

    def forward(self, x: Tensor) -> Tensor:
        words = (10 * x).abs().long() % 11
        x = self.word(words) + self.place(torch.arange(x.shape[1], device=x.device))
        return self.head(x + self.narrow(F.relu(self.wide(x))))


class Positions(nn.Module):
    """Learned positions for longer inputs than the example."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.positions = nn.Linear(3, 8), nn.Parameter(torch.randn(1, 9, 8))
        self.norm, self.head = nn.LayerNorm(8), nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x) + self.positions[:, : x.shape[1]]
        return self.head(self.norm(x).mean(1))


LAYER_TRAPS = {
    "transposed with output padding": Trap(
        lambda: transposed(8, 12, 1),
        (3, 4, 4),
        {"stem": (8, ("stem",)), "up": (12, ("up",)), "last": (6, ("last",))},
    ),
    "grouped transposed": Trap(
        lambda: transposed(8, 12, 2),
        (3, 4, 4),
        {"stem": (4, ("stem",)), "up": (6, ("up",)), "last": (6, ("last",))},
    ),
    "grouped transposed, two in each part": Trap(
        lambda: transposed(4, 8, 2),
        (3, 4, 4),
        {"stem": (2, ("stem",)), "up": (4, ("up",)), "last": (6, ("last",))},
    ),
    "depthwise transposed": Trap(
        lambda: transposed(8, 8, 8),
        (3, 4, 4),
        {"stem": (8, ("stem", "up")), "last": (6, ("last",))},
    ),
    "depthwise transposed with multiplier": Trap(
        lambda: transposed(4, 8, 4),
        (3, 4, 4),
        {"stem": (4, ("stem", "up")), "last": (6, ("last",))},
    ),
    "transposed in one dimension": Trap(
        transposed_line, (2, 8), {"stem": (6, ("stem",)), "up": (4, ("up",))}
    ),
    "transposed in three dimensions": Trap(
        transposed_volume, (1, 4, 4, 4), {"stem": (6, ("stem",)), "up": (4, ("up",))}
    ),
    "grouped, two in each part": Trap(
        two_in_each_part, (3, 4, 4), {"stem": (2, ("stem",)), "grouped": (6, ("grouped",))}
    ),
    "circular padding": Trap(
        lambda: padded_in("circular"), (3, 4, 4), {"stem": (4, ("stem",)), "last": (6, ("last",))}
    ),
    "reflecting padding": Trap(
        lambda: padded_in("reflect"), (3, 4, 4), {"stem": (4, ("stem",)), "last": (6, ("last",))}
    ),
    "bilinear": Trap(
        pairs,
        (3,),
        {"first": (8, ("first",)), "second": (6, ("second",)), "pair": (7, ("pair",))},
    ),
    "PReLU, a slope a channel": Trap(lambda: slopes(6), (3, 4, 4), {"stem": (6, ("stem",))}),
    "PReLU, one slope": Trap(lambda: slopes(1), (3, 4, 4), {"stem": (6, ("stem",))}),
    "instance norm with statistics": Trap(
        lambda: image_norm(nn.InstanceNorm2d(6, affine=True, track_running_stats=True)),
        (3, 4, 4),
        {"stem": (6, ("stem",))},
    ),
    "batch norm without weights": Trap(
        lambda: image_norm(nn.BatchNorm2d(6, affine=False)), (3, 4, 4), {"stem": (6, ("stem",))}
    ),
    "more positions than the example has": Trap(Positions, (6, 3), {"embed": (8, ("embed",))}),
    "embedding": Trap(
        lambda: Words(tied=False),
        (6,),
        {"word": (8, ("word", "place", "narrow")), "wide": (12, ("wide",))},
    ),
    "embedding that is also the output": Trap(
        lambda: Words(tied=True),
        (6,),
        {"word": (8, ("word", "place", "narrow")), "wide": (12, ("wide",))},
    ),
}
