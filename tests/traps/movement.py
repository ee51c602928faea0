"""Data movement: cutting, joining, reordering and writing into parts of a tensor."""

import torch
import torch.nn.functional as F
from networks import Network, Trap, conv, pooled
from torch import Tensor, nn


def split_equally() -> nn.Module:
    def run(m: nn.Module, x: Tensor) -> Tensor:
        stem = m.stem(x)
        first, second = stem.split(stem.shape[1] // 2, 1)
        return m.head(pooled(torch.cat([m.left(first), second], 1)))

    return Network(run, stem=conv(3, 8), left=conv(4, 6), head=nn.Linear(10, 5))


def split_unequally() -> nn.Module:
    def run(m: nn.Module, x: Tensor) -> Tensor:
        first, second = m.stem(x).split([6, 2], 1)
        return m.head(pooled(torch.cat([m.left(first), second], 1)))

    return Network(run, stem=conv(3, 8), left=conv(6, 6), head=nn.Linear(8, 5))


def chunked_unequally() -> nn.Module:
    """Seven channels in two chunks: four and three."""

    def run(m: nn.Module, x: Tensor) -> Tensor:
        first, second = m.stem(x).chunk(2, 1)
        return m.head(pooled(torch.cat([m.left(first), second], 1)))

    return Network(run, stem=conv(3, 7), left=conv(4, 6), head=nn.Linear(9, 5))


def after_stem(move: nn.Module, channels: int, result: int) -> nn.Module:
    """A convolution, something without weights, another convolution."""
    return Network(
        lambda m, x: m.head(pooled(m.last(m.move(m.stem(x))))),
        stem=conv(3, channels),
        move=move,
        last=conv(result, 6),
        head=nn.Linear(6, 5),
    )


def unfolded() -> nn.Module:
    return Network(
        lambda m, x: m.head(m.patches(m.stem(x)).mean(2)),
        stem=conv(3, 4),
        patches=nn.Unfold(2),
        head=nn.Linear(16, 5),
    )


def folded() -> nn.Module:
    """Patches, a layer on patches, and an image again."""

    def run(m: nn.Module, x: Tensor) -> Tensor:
        patches = m.mix(F.unfold(m.stem(x), 2, stride=2))
        return m.head(pooled(F.fold(patches, (4, 4), 2, stride=2)))

    return Network(run, stem=conv(3, 4), mix=nn.Conv1d(16, 24, 1), head=nn.Linear(6, 5))


def resized(**how: object) -> nn.Module:
    return Network(
        lambda m, x: m.head(pooled(m.last(F.interpolate(m.stem(x), scale_factor=2, **how)))),
        stem=conv(3, 8),
        last=conv(8, 6),
        head=nn.Linear(6, 5),
    )


def written_into_slices() -> nn.Module:
    """The place of a slice is a number in the code."""

    def run(m: nn.Module, x: Tensor) -> Tensor:
        out = x.new_zeros(x.shape[0], 8, *x.shape[2:])
        out[:, :4] = m.first(x)
        out[:, 4:] = m.second(x)
        return m.head(pooled(m.last(out)))

    return Network(run, first=conv(3, 4), second=conv(3, 4), last=conv(8, 6), head=nn.Linear(6, 5))


def written_over_pixels() -> nn.Module:
    """Slices of pixels, in place: channels are untouched."""

    def run(m: nn.Module, x: Tensor) -> Tensor:
        out = m.first(x)
        out[:, :, :2] = m.second(x)[:, :, 2:]
        return m.head(pooled(m.last(out)))

    return Network(run, first=conv(3, 4), second=conv(3, 4), last=conv(4, 6), head=nn.Linear(6, 5))


def added_to_a_slice() -> nn.Module:
    def run(m: nn.Module, x: Tensor) -> Tensor:
        out = m.stem(x)
        half = out.shape[1] // 2
        out[:, :half] += m.side(x)
        return m.head(pooled(m.last(out)))

    return Network(run, stem=conv(3, 8), side=conv(3, 4), last=conv(8, 6), head=nn.Linear(6, 5))


def first_of_the_tokens() -> nn.Module:
    """A slice of tokens, of which the first has another origin than the rest."""

    def run(m: nn.Module, x: Tensor) -> Tensor:
        tokens = torch.cat([m.whole(x.mean(1, keepdim=True)), m.each(x)], 1)
        return m.head(tokens[:, :1].flatten(1)) + m.head(tokens[:, 1:].mean(1))

    return Network(run, whole=nn.Linear(3, 8), each=nn.Linear(3, 8), head=nn.Linear(8, 5))


IMAGE = (3, 4, 4)
STEM_AND_LAST = {"stem": (8, ("stem",)), "last": (6, ("last",))}

MOVEMENT_TRAPS = {
    "equal split": Trap(split_equally, IMAGE, {"stem": (4, ("stem",)), "left": (6, ("left",))}),
    "unequal split": Trap(split_unequally, IMAGE, {"left": (6, ("left",))}),
    "unequal chunks": Trap(chunked_unequally, IMAGE, {"left": (6, ("left",))}),
    "channel shuffle, the operator": Trap(
        lambda: after_stem(nn.ChannelShuffle(2), 8, 8),
        IMAGE,
        {"stem": (4, ("stem",)), "last": (6, ("last",))},
    ),
    "pixel unshuffle": Trap(lambda: after_stem(nn.PixelUnshuffle(2), 8, 32), IMAGE, STEM_AND_LAST),
    "unfold": Trap(unfolded, IMAGE, {"stem": (4, ("stem",))}),
    "fold": Trap(folded, IMAGE, {"stem": (4, ("stem",)), "mix": (6, ("mix",))}),
    "upsampling layer": Trap(
        lambda: after_stem(nn.Upsample(scale_factor=2), 8, 8), IMAGE, STEM_AND_LAST
    ),
    "dropout of channels": Trap(lambda: after_stem(nn.Dropout2d(), 8, 8), IMAGE, STEM_AND_LAST),
    "reflection padding": Trap(
        lambda: after_stem(nn.ReflectionPad2d(1), 8, 8), IMAGE, STEM_AND_LAST
    ),
    "resized to the nearest": Trap(lambda: resized(mode="nearest"), IMAGE, STEM_AND_LAST),
    "resized to the exactly nearest": Trap(
        lambda: resized(mode="nearest-exact"), IMAGE, STEM_AND_LAST
    ),
    "resized bilinearly": Trap(
        lambda: resized(mode="bilinear", align_corners=True), IMAGE, STEM_AND_LAST
    ),
    "resized by areas": Trap(lambda: resized(mode="area"), IMAGE, STEM_AND_LAST),
    "written into slices": Trap(written_into_slices, IMAGE, {"last": (6, ("last",))}),
    "written over pixels": Trap(
        written_over_pixels, IMAGE, {"first": (4, ("first", "second")), "last": (6, ("last",))}
    ),
    "added to a slice": Trap(
        added_to_a_slice, IMAGE, {"stem": (4, ("stem", "side")), "last": (6, ("last",))}
    ),
    "first of the tokens": Trap(first_of_the_tokens, (6, 3), {"whole": (8, ("whole", "each"))}),
}
