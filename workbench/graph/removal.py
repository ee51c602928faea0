"""Physical removal of channels: parameters are sliced, the modules and their code stay."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from workbench.errors import InternalError
from workbench.graph.structure import Structure

DENSE = Structure()

Cut = Mapping[str, frozenset[int]]
"""By parameter of a module, the dimensions that lack some of the dense model's slices."""


def remove_channels(
    module: nn.Module,
    structure: Structure,
    current: Structure = DENSE,
    *,
    shapes_only: bool = False,
) -> None:
    """Leave only what `structure` has, in place.

    Modules keep their class and code; their sizes (``out_channels``, ``num_features``, ...)
    follow their parameters. Gradients are dropped.

    Args:
        module: A model with the structure `current`.
        structure: What is to be left, a part of it.
        current: What the model has now; everything by default.
        shapes_only: Leave what the parameters hold undefined.
    """
    holders = _holders(module)
    touched: dict[nn.Module, dict[str, frozenset[int]]] = {}
    for name in {**structure.kept, **structure.scales}:
        path, _, leaf = name.rpartition(".")
        owner = module.get_submodule(path)
        tensor = getattr(owner, leaf)
        if shapes_only:
            sliced = tensor.new_empty(structure.shape(name, tuple(tensor.shape)))
        else:
            sliced = _sliced(tensor, name, structure, current)
        if isinstance(tensor, nn.Parameter):
            sliced = nn.Parameter(sliced, requires_grad=tensor.requires_grad)
        for holder, name_there in holders[id(tensor)]:
            setattr(holder, name_there, sliced)
            cut = touched.setdefault(holder, {})
            cut[name_there] = frozenset(structure.kept.get(name, {}))
    for owner, cut in touched.items():
        _resize(owner, cut)
    for path, attributes in structure.attributes.items():
        for attribute, value in attributes.items():
            setattr(module.get_submodule(path), attribute, value)


@torch.no_grad()
def _sliced(tensor: Tensor, name: str, structure: Structure, current: Structure) -> Tensor:
    sliced = tensor.detach()
    for dim in structure.kept.get(name, {}):
        positions = structure.positions(name, dim, current)
        sliced = sliced.index_select(dim, torch.as_tensor(positions, device=tensor.device))
    if (factors := structure.row_factors(name, current)) is not None:
        shape = (-1, *[1] * (sliced.dim() - 1))
        sliced = sliced * torch.as_tensor(factors).to(sliced).reshape(shape)
    return sliced


def _holders(module: nn.Module) -> dict[int, list[tuple[nn.Module, str]]]:
    """Every module that holds a parameter or buffer, by the tensor's id; some are shared."""
    holders: dict[int, list[tuple[nn.Module, str]]] = {}
    for part in module.modules():
        for leaf, tensor in [*part._parameters.items(), *part._buffers.items()]:
            if tensor is not None:
                holders.setdefault(id(tensor), []).append((part, leaf))
    return holders


def _resize(owner: nn.Module, cut: Cut) -> None:
    for kind, resize in _RESIZE.items():
        if isinstance(owner, kind):
            resize(owner, cut)
            return


def _resize_convolution(owner: nn.Module, cut: Cut) -> None:
    assert isinstance(owner, nn.Conv1d | nn.Conv2d | nn.Conv3d)
    depthwise = owner.weight.shape[1] == 1 and 1 not in cut.get("weight", ())
    if owner.groups > 1 and depthwise:
        multiplier = owner.out_channels // owner.groups
        owner.groups, left = divmod(owner.weight.shape[0], multiplier)
        if left:
            raise InternalError(f"depthwise filters removed without their input channel: {owner}")
    owner.in_channels = owner.weight.shape[1] * owner.groups
    owner.out_channels = owner.weight.shape[0]


def _resize_transposed(owner: nn.Module, cut: Cut) -> None:
    assert isinstance(owner, nn.ConvTranspose1d | nn.ConvTranspose2d | nn.ConvTranspose3d)
    if owner.groups == owner.in_channels:  # depthwise
        owner.groups = owner.weight.shape[0]
    owner.in_channels = owner.weight.shape[0]
    owner.out_channels = owner.weight.shape[1] * owner.groups


def _resize_linear(owner: nn.Module, cut: Cut) -> None:
    assert isinstance(owner, nn.Linear)
    owner.out_features, owner.in_features = owner.weight.shape


def _resize_batch_norm(owner: nn.Module, cut: Cut) -> None:
    tensor = owner.weight if owner.weight is not None else owner.running_mean
    assert isinstance(tensor, Tensor)
    owner.num_features = len(tensor)  # type: ignore[assignment]


def _resize_layer_norm(owner: nn.Module, cut: Cut) -> None:
    assert isinstance(owner, nn.LayerNorm)
    owner.normalized_shape = tuple(owner.weight.shape)


def _resize_group_norm(owner: nn.Module, cut: Cut) -> None:
    assert isinstance(owner, nn.GroupNorm)
    owner.num_channels = len(owner.weight)


def _resize_prelu(owner: nn.Module, cut: Cut) -> None:
    assert isinstance(owner, nn.PReLU)
    owner.num_parameters = len(owner.weight)


def _resize_bilinear(owner: nn.Module, cut: Cut) -> None:
    assert isinstance(owner, nn.Bilinear)
    owner.out_features, owner.in1_features, owner.in2_features = owner.weight.shape


def _resize_embedding(owner: nn.Module, cut: Cut) -> None:
    assert isinstance(owner, nn.Embedding)
    owner.num_embeddings, owner.embedding_dim = owner.weight.shape


def manages_its_sizes(owner: nn.Module) -> bool:
    """Whether a module's sizes follow its parameters by the rules of this file."""
    return isinstance(owner, tuple(_RESIZE))


_RESIZE: dict[type[nn.Module], Callable[[nn.Module, Cut], None]] = {
    nn.Conv1d: _resize_convolution,
    nn.Conv2d: _resize_convolution,
    nn.Conv3d: _resize_convolution,
    nn.ConvTranspose1d: _resize_transposed,
    nn.ConvTranspose2d: _resize_transposed,
    nn.ConvTranspose3d: _resize_transposed,
    nn.Linear: _resize_linear,
    nn.modules.batchnorm._NormBase: _resize_batch_norm,
    nn.LayerNorm: _resize_layer_norm,
    nn.GroupNorm: _resize_group_norm,
    nn.Embedding: _resize_embedding,
    nn.PReLU: _resize_prelu,
    nn.Bilinear: _resize_bilinear,
}
