"""Rules for operators with weights: they hand out channels and consume them."""

from typing import Any

import torch
from torch import Tensor, nn

from workbench.graph.interpreter import Call, Interpreter, Rule
from workbench.graph.reasons import (
    Reason,
    computed_weight,
    mixes_channels,
    normalised_without_weights,
    recurrent,
)
from workbench.graph.table import ParameterView, Role

RECURRENT = """
lstm gru rnn_tanh rnn_relu lstm_cell gru_cell rnn_tanh_cell rnn_relu_cell
""".split()


def linear(run: Interpreter, call: Call) -> Any:
    """``aten.linear(x, weight (out, in), bias)``: channels are the last dimension."""
    weight, bias = call.args[1], call.argument(2, "bias")
    if not isinstance(weight, ParameterView) or (rows := weight.rows()) is None:
        return _refuse(run, call)
    reason = mixes_channels(call.operator, call.place)
    ids = run.as_ids(call.args[0])
    consumed = run.ids.unite_along(ids, (ids.dim() - 1,), reason)
    _assign(run, weight, 1, consumed, "input", reason)
    produced = _produce(run, weight, rows, bias, reason)
    return produced.expand(call.output_shape)


def convolution(run: Interpreter, call: Call) -> Any:
    """``aten.conv{1,2,3}d(x, weight (out, in / groups, *kernel), bias, ..., groups)``."""
    weight, bias, groups = call.args[1], call.argument(2, "bias"), call.argument(6, "groups", 1)
    if not isinstance(weight, ParameterView) or not weight.whole():
        return _refuse(run, call)
    reason = mixes_channels(call.operator, call.place)
    consumed = _image_channels(run, call, reason)
    if groups == 1:
        _assign(run, weight, 1, consumed, "input", reason)
    elif weight.shape[1] > 1:
        tied = consumed.reshape(groups, -1)
        run.ids.unite(tied, tied[:1].expand_as(tied), reason)
        _assign(run, weight, 1, tied[0], "input", reason)
    produced = _produce(run, weight, torch.arange(weight.shape[0]), bias, reason)
    if groups > 1:
        _tie_parts(run, consumed, produced, groups, weight.shape[1] == 1, reason)
    return _as_image(produced, call.output_shape)


def _tie_parts(
    run: Interpreter,
    consumed: Tensor,
    produced: Tensor,
    groups: int,
    depthwise: bool,
    reason: Reason,
) -> None:
    """What a grouped convolution couples.

    Depthwise: a filter goes with its input channel. Otherwise every part must keep equally
    many channels, so the channels at one place of all parts go together.
    """
    parts = produced.reshape(groups, -1)
    if depthwise:
        run.ids.unite(parts, consumed.reshape(groups, 1).expand_as(parts), reason)
    else:
        run.ids.unite(parts, parts[:1].expand_as(parts), reason)


def transposed_convolution(run: Interpreter, call: Call) -> Any:
    """``aten.conv_transpose{1,2,3}d(x, weight (in, out / groups, *kernel), bias, ..., groups)``."""
    weight, bias, groups = call.args[1], call.argument(2, "bias"), call.argument(6, "groups", 1)
    if not isinstance(weight, ParameterView) or not weight.whole():
        return _refuse(run, call)
    reason = mixes_channels(call.operator, call.place)
    consumed = _image_channels(run, call, reason)
    if 1 < groups == len(consumed):  # depthwise: a filter goes with its input channel
        _assign(run, weight, 0, consumed, "output", reason)
        produced = consumed.repeat_interleave(weight.shape[1])
    else:
        tied = consumed.reshape(groups, -1)
        run.ids.unite(tied, tied[:1].expand_as(tied), reason)
        _assign(run, weight, 0, consumed, "input", reason)
        every = torch.arange(weight.shape[1])
        known = run.table.known(weight, 1, every)
        places = run.ids.fresh(len(every)) if known is None else known
        _assign(run, weight, 1, places, "output", reason)
        produced = places.repeat(groups)  # one slice of the weight serves every part
    if isinstance(bias, ParameterView):
        _assign(run, bias, 0, produced, "output", reason)
    return _as_image(produced, call.output_shape)


def batch_norm(run: Interpreter, call: Call) -> Any:
    """``aten.batch_norm(x, weight, bias, running_mean, running_var, ...)``: one scale a channel."""
    ids = run.as_ids(call.args[0])
    reason = mixes_channels(call.operator, call.place)
    channels = _image_channels(run, call, reason)
    for tensor in call.args[1:5]:
        if isinstance(tensor, ParameterView):
            _assign(run, tensor, 0, channels, "elementwise", reason)
    return run.residues.clear(ids) if isinstance(call.args[1], ParameterView) else ids


def layer_norm(run: Interpreter, call: Call) -> Any:
    """``aten.layer_norm(x, normalized_shape, weight, bias)`` over the last dimension.

    Its statistics then count the channels that are left.
    """
    ids = run.as_ids(call.args[0])
    reason = mixes_channels(call.operator, call.place)
    if len(call.args[1]) > 1:
        run.pin_inputs(call, reason)
        return ids
    if not _counts_kept_channels(run, call, nn.LayerNorm):
        run.pin_inputs(call, normalised_without_weights(call.operator, call.place))
        return ids
    channels = run.ids.unite_along(ids, (ids.dim() - 1,), reason)
    for position, name in ((2, "weight"), (3, "bias")):
        tensor = call.argument(position, name)
        if isinstance(tensor, ParameterView):
            _assign(run, tensor, 0, channels, "elementwise", reason)
    return run.residues.clear(ids)


def group_norm(run: Interpreter, call: Call) -> Any:
    """``aten.group_norm(x, groups, weight, bias)``: every part keeps equally many channels."""
    ids, groups = run.as_ids(call.args[0]), call.args[1]
    if not _counts_kept_channels(run, call, nn.GroupNorm):
        run.pin_inputs(call, normalised_without_weights(call.operator, call.place))
        return ids
    reason = mixes_channels(call.operator, call.place)
    channels = _image_channels(run, call, reason)
    parts = channels.reshape(groups, -1)
    run.ids.unite(parts, parts[:1].expand_as(parts), reason)
    for position, name in ((2, "weight"), (3, "bias")):
        tensor = call.argument(position, name)
        if isinstance(tensor, ParameterView):
            _assign(run, tensor, 0, channels, "elementwise", reason)
    return run.residues.clear(ids)


def _counts_kept_channels(run: Interpreter, call: Call, kind: type[nn.Module]) -> bool:
    """Whether the masked model can take the statistics from the kept channels alone: where a
    layer of this kind applies its own weight.
    """
    weight = call.argument(2, "weight")
    owner = run.parts.get(call.place)
    return (
        isinstance(weight, ParameterView)
        and isinstance(owner, kind)
        and weight.name.rpartition(".")[0] == call.place
    )


def prelu(run: Interpreter, call: Call) -> Any:
    """``aten.prelu(x, weight)``: a slope a channel, or one for all."""
    ids, weight = run.as_ids(call.args[0]), call.args[1]
    if isinstance(weight, ParameterView) and weight.view.numel() > 1:
        reason = mixes_channels(call.operator, call.place)
        _assign(run, weight, 0, _image_channels(run, call, reason), "elementwise", reason)
    return ids


def bilinear(run: Interpreter, call: Call) -> Any:
    """``aten.bilinear(x, y, weight (out, in x, in y), bias)``."""
    weight, bias = call.args[2], call.argument(3, "bias")
    if not isinstance(weight, ParameterView) or not weight.whole():
        return _refuse(run, call)
    reason = mixes_channels(call.operator, call.place)
    for dim in (1, 2):
        ids = run.as_ids(call.args[dim - 1])
        _assign(
            run, weight, dim, run.ids.unite_along(ids, (-1 % ids.dim(),), reason), "input", reason
        )
    produced = _produce(run, weight, torch.arange(weight.shape[0]), bias, reason)
    return produced.expand(call.output_shape)


def embedding(run: Interpreter, call: Call) -> Any:
    """``aten.embedding(weight (words, width), indices)``: channels are the width."""
    weight = call.args[0]
    if not isinstance(weight, ParameterView) or not weight.whole():
        return _refuse(run, call)
    every = torch.arange(weight.shape[1])
    produced = run.table.known(weight, 1, every)
    if produced is None:
        produced = run.ids.fresh(len(every))
        reason = mixes_channels(call.operator, call.place)
        run.table.assign(weight, 1, every, produced, "output", reason)
    return produced.expand(call.output_shape)


def refuse_recurrent(run: Interpreter, call: Call) -> Any:
    """LSTM, GRU and RNN: their channels of one step are their inputs at the next."""
    run.pin_inputs(call, recurrent(call.operator, call.place))
    return call.blank()


def _image_channels(run: Interpreter, call: Call, reason: Reason) -> Tensor:
    return run.ids.unite_along(run.as_ids(call.args[0]), (1,), reason)


def _as_image(channels: Tensor, shape: torch.Size) -> Tensor:
    return channels.reshape(-1, *[1] * (len(shape) - 2)).expand(shape)


def _produce(
    run: Interpreter, weight: ParameterView, rows: Tensor, bias: Any, reason: Reason
) -> Tensor:
    """Ids of a layer's output channels: new ones, or those of its weight's first use."""
    produced = run.table.known(weight, 0, rows)
    if produced is None:
        produced = run.ids.fresh(len(rows))
        run.table.assign(weight, 0, rows, produced, "output", reason)
    if isinstance(bias, ParameterView) and (bias_rows := bias.rows()) is not None:
        run.table.assign(bias, 0, bias_rows, produced, "output", reason)
    return produced


def _assign(
    run: Interpreter, tensor: ParameterView, dim: int, ids: Tensor, role: Role, reason: Reason
) -> None:
    rows = tensor.rows() if dim == 0 else torch.arange(tensor.shape[dim])
    if rows is None:
        run.ids.pin(ids, computed_weight(tensor.name))
        return
    run.table.assign(tensor, dim, rows, ids, role, reason)


def _refuse(run: Interpreter, call: Call) -> Any:
    reason = computed_weight(call.place)
    run.pin_inputs(call, reason)
    if call.place in run.parts:
        run.refused[call.place] = reason
    return call.blank()


def layer_rules() -> dict[str, Rule]:
    """Rules by operator name."""
    rules: dict[str, Rule] = {
        "aten.linear": linear,
        "aten.batch_norm": batch_norm,
        "aten.instance_norm": batch_norm,
        "aten.layer_norm": layer_norm,
        "aten.group_norm": group_norm,
        "aten.embedding": embedding,
        "aten.prelu": prelu,
        "aten.bilinear": bilinear,
    }
    rules |= {f"aten.{name}": refuse_recurrent for name in RECURRENT}
    for count in (1, 2, 3):
        rules[f"aten.conv{count}d"] = convolution
        rules[f"aten.conv_transpose{count}d"] = transposed_convolution
    return rules
