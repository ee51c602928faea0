"""What is left of every layer in two steps."""

from dataclasses import dataclass

from torch import Tensor, nn

from workbench.pruned import PrunedModel


@dataclass(frozen=True)
class Counts:
    """How many of something a layer has: in the dense model, and in two steps."""

    dense: int
    first: int
    second: int

    @property
    def shares(self) -> tuple[float, float]:
        """What the two steps keep, as fractions of the dense model's count."""
        return self.first / self.dense, self.second / self.dense


@dataclass(frozen=True)
class LayerChange:
    """One convolution or linear layer.

    Attributes:
        layer: Its name.
        kind: Its class, such as ``"Conv2d"``.
        channels: Its output channels, or features: its width.
        weights: Its weights that were not removed, biases left out.
    """

    layer: str
    kind: str
    channels: Counts
    weights: Counts


def compare_layers(
    dense: PrunedModel, first: PrunedModel, second: PrunedModel
) -> tuple[LayerChange, ...]:
    """Widths and weights of every convolution and linear layer, in the model's order.

    Args:
        dense: The model as it was opened.
        first, second: What became of it in two steps.
    """
    models = dense, first, second
    masks = [masks_by_layer(model) for model in models]
    changes = []
    for info in dense.anatomy.layers:
        if not info.weighted:
            continue
        layers = [model.module.get_submodule(info.name) for model in models]
        weights = (
            _left(layer, mask.get(info.name)) for layer, mask in zip(layers, masks, strict=True)
        )
        changes.append(
            LayerChange(info.name, info.kind, Counts(*map(_width, layers)), Counts(*weights))
        )
    return tuple(changes)


def masks_by_layer(model: PrunedModel) -> dict[str, Tensor]:
    """Weight masks, also of layers that share the weight of the one a mask is kept for."""
    infos = model.anatomy.layers
    owned = {model.anatomy.layer(name).weight_name: mask for name, mask in model.masks.items()}
    return {info.name: owned[info.weight_name] for info in infos if info.weight_name in owned}


def _width(layer: nn.Module) -> int:
    width = layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels
    assert isinstance(width, int)
    return width


def _left(layer: nn.Module, mask: Tensor | None) -> int:
    weight = layer.weight
    assert isinstance(weight, Tensor)
    return weight.numel() if mask is None else int(mask.sum())
