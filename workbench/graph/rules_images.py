"""Rules for operators on images: pooling, resizing, padding, and channels that become pixels."""

from typing import Any

import torch

from workbench.graph.ids import NO_CHANNEL, varies
from workbench.graph.interpreter import Call, Interpreter, Rule
from workbench.graph.reasons import mixes_channels, split_in_parts
from workbench.graph.rules_movement import tie_parts

POOLING = [
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool2d",
    "max_pool2d_with_indices",
    "upsample_nearest1d",
    "upsample_nearest2d",
    "upsample_bilinear2d",
    "upsample_bicubic2d",
    "_upsample_bilinear2d_aa",
    "upsample_nearest3d",
    "_upsample_nearest_exact1d",
    "_upsample_nearest_exact2d",
    "_upsample_nearest_exact3d",
    "upsample_linear1d",
    "_upsample_bicubic2d_aa",
    "adaptive_max_pool1d",
    "adaptive_max_pool3d",
    "max_pool1d_with_indices",
    "max_pool3d_with_indices",
    "lp_pool1d",
    "lp_pool3d",
    "upsample_trilinear3d",
    "lp_pool2d",
]

CHANNEL_SHUFFLES = "channel_shuffle native_channel_shuffle".split()


def pool(run: Interpreter, call: Call) -> Any:
    """Pooling and resizing: channels stay, pixels of one channel are mixed."""
    ids = run.as_ids(call.args[0])
    shape = call.output_shape
    spatial = len(shape) - 2 if ids.dim() == len(shape) else 0
    keep = tuple(range(ids.dim() - spatial))
    along = run.ids.unite_along(ids, keep, mixes_channels(call.operator, call.place))
    result = along.reshape(*along.shape, *[1] * spatial).expand(shape)
    return [result] * call.several if call.several else result


def shuffle_pixels(run: Interpreter, call: Call) -> Any:
    """Pixel shuffle: the factor-squared channels that become one go together."""
    source = run.as_ids(call.args[0])
    factor = call.args[1]
    blocks = source.unflatten(-3, (-1, factor * factor))  # type: ignore[no-untyped-call]
    dim = blocks.dim() - 3
    tie_parts(run, blocks, (dim,), split_in_parts(call.operator, call.place))
    return torch.nn.functional.pixel_shuffle(source, factor)


def gather_pixels(run: Interpreter, call: Call) -> Any:
    """Pixel unshuffle and unfold: every channel becomes several, one next to the other."""
    ids = run.as_ids(call.args[0])
    channels = run.ids.unite_along(ids, (ids.dim() - 3,), mixes_channels(call.operator, call.place))
    shape = call.output_shape
    behind = 2 if call.operator == "aten.pixel_unshuffle" else 1  # dimensions after the channels
    each = shape[len(shape) - behind - 1] // len(channels)
    return channels.repeat_interleave(each).reshape(-1, *[1] * behind).expand(shape)


def scatter_pixels(run: Interpreter, call: Call) -> Any:
    """Fold: several channels, one next to the other, become one."""
    ids, shape = run.as_ids(call.args[0]), call.output_shape
    reason = mixes_channels(call.operator, call.place)
    blocks = run.ids.unite_along(ids, (ids.dim() - 2,), reason).reshape(shape[-3], -1)
    tie_parts(run, blocks, (1,), split_in_parts(call.operator, call.place))
    return blocks[:, :1, None].expand(shape)


def shuffle_channels(run: Interpreter, call: Call) -> Any:
    """Channel shuffle: every part keeps equally many channels."""
    source, parts = run.as_ids(call.args[0]), call.args[1]
    cut = source.unflatten(1, (parts, -1))  # type: ignore[no-untyped-call]
    tie_parts(run, cut, (1,), split_in_parts(call.operator, call.place))
    return cut.transpose(1, 2).flatten(1, 2)


def pad(run: Interpreter, call: Call) -> Any:
    """Padding with a constant: new pixels belong to their channel, new channels are none."""
    ids, widths = run.as_ids(call.args[0]), call.args[1]
    if not any(widths):
        return ids
    for number in range(len(widths) // 2):
        dim = ids.dim() - 1 - number
        before, after = widths[2 * number], widths[2 * number + 1]
        if varies(ids, dim):
            around = [0] * (2 * number) + [before, after]
            ids = torch.nn.functional.pad(ids, around, value=NO_CHANNEL)
        else:
            shape = [*ids.shape[:dim], ids.shape[dim] + before + after, *ids.shape[dim + 1 :]]
            ids = ids.narrow(dim, 0, 1).expand(shape)
    return ids


def image_rules() -> dict[str, Rule]:
    """Rules by operator name."""
    rules: dict[str, Rule] = {f"aten.{name}": pool for name in POOLING}
    rules |= {f"aten.{name}": shuffle_channels for name in CHANNEL_SHUFFLES}
    rules |= {"aten.pixel_shuffle": shuffle_pixels, "aten.col2im": scatter_pixels}
    rules |= {"aten.pixel_unshuffle": gather_pixels, "aten.im2col": gather_pixels}
    return rules | {"aten.pad": pad, "aten.constant_pad_nd": pad}
