"""What one layer puts out when a model runs, as images per channel; the rest is not run."""

import contextlib
import math
from typing import Any

import torch
from torch import Tensor, nn

from workbench.channels.producer import Producer
from workbench.channels.reaching import Reach


class _Enough(Exception):  # noqa: N818 - no error: the layer has answered
    pass


class Capture:
    """Runs a model up to a layer.

    Args:
        module: The model; a copy of its own, since a hook stays on it.
        producer: The layer, and which of its outputs are wanted.
    """

    def __init__(self, module: nn.Module, producer: Producer) -> None:
        self._module, self._axis = module, producer.channel_axis
        self._places = torch.from_numpy(producer.places)
        self._output: Any = None
        self._layer = module.get_submodule(producer.layer)
        self._layer.register_forward_hook(self._keep)

    @property
    def device(self) -> torch.device:
        """Where the module is."""
        parameter = next(self._module.parameters(), None)
        return torch.device("cpu") if parameter is None else parameter.device

    def run(self, inputs: Tensor, reach: Reach | None = None) -> Tensor | None:
        """Responses of the wanted channels to a batch, shape ``(B, C, H, W)``, float32.

        Lines and tokens become one row, or a square where they are one (of patches, without the
        class token). None if the layer was not run, or its output is of no such form.

        Args:
            inputs: Shape ``(B, *input_shape)``.
            reach: Computes what the layer reads; the module does by default.
        """
        self._output = None
        with contextlib.suppress(_Enough):
            if reach is None:
                self._module(inputs)
            else:
                self._layer(reach(inputs))
        output, self._output = self._output, None
        if not isinstance(output, Tensor) or self._axis is None or output.dim() < 2:
            return None
        batch = len(inputs)
        if len(output) != batch:  # windows of one input follow each other
            if len(output) % batch or self._axis == 1:
                return None
            output = output.reshape(batch, -1, output.shape[-1])
        wanted = output.movedim(self._axis, 1)
        return _as_images(wanted[:, self._places.to(output.device)].float().cpu(), self._axis)

    def _keep(self, module: nn.Module, inputs: Any, output: Any) -> None:
        self._output = output
        raise _Enough


def _as_images(values: Tensor, axis: int) -> Tensor:
    """Values ``(B, C, ...)`` as ``(B, C, H, W)``."""
    if values.dim() == 2:
        return values[:, :, None, None]
    if values.dim() == 4:
        return values
    if values.dim() > 4:
        return values.flatten(2, -3).mean(2)
    length = values.shape[2]
    for skipped in (0, 1) if axis == -1 else ():
        side = math.isqrt(length - skipped)
        if side > 1 and side**2 == length - skipped:
            return values[:, :, skipped:].reshape(*values.shape[:2], side, side)
    return values[:, :, None]
