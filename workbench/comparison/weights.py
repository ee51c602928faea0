"""The weights of one layer in two steps, in the same bins."""

import difflib
from dataclasses import dataclass

import torch
from torch import Tensor

from workbench.comparison.layers import masks_by_layer
from workbench.errors import ModelError
from workbench.layers import main_weight
from workbench.pruned import PrunedModel
from workbench.session.history import History

BINS = 60


@dataclass(frozen=True)
class WeightsBeside:
    """Two histograms of one layer.

    Attributes:
        layer: Its name.
        edges: Of the bins, ascending, symmetric about 0.
        first, second: Weights per bin; those that were removed are not counted.
    """

    layer: str
    edges: tuple[float, ...]
    first: tuple[int, ...]
    second: tuple[int, ...]


def compare_weights(
    history: History, first_id: int, second_id: int, layer: str, bins: int = BINS
) -> WeightsBeside:
    """Histograms of a layer's remaining weights in two steps.

    Args:
        history: A session's.
        first_id, second_id: Any two of its steps.
        layer: A convolution or linear layer, by name.
        bins: How many.

    Raises:
        HistoryError: If there is no such step.
        ModelError: If there is no such layer.
    """
    models = history.model_of(first_id), history.model_of(second_id)
    names = [info.name for info in models[0].anatomy.layers if info.weighted]
    if layer not in names:
        close = difflib.get_close_matches(layer, names, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ModelError(
            f"layer must be a convolution or linear layer of the model, got {layer!r}.{hint}"
        )
    values = [_remaining(model, layer) for model in models]
    limit = max((float(value.abs().max()) for value in values if len(value)), default=0.0) or 1.0
    counts = [torch.histc(value, bins, -limit, limit).to(torch.int64).tolist() for value in values]
    edges = torch.linspace(-limit, limit, bins + 1).tolist()
    return WeightsBeside(layer, tuple(edges), tuple(counts[0]), tuple(counts[1]))


def _remaining(model: PrunedModel, layer: str) -> Tensor:
    weight = main_weight(model.module.get_submodule(layer)).detach().cpu().float()
    mask = masks_by_layer(model).get(layer)
    return weight.flatten() if mask is None else weight[mask.cpu()]
