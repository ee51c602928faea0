"""Open a model by name or as it is, and build it again from its origin."""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from torch import Tensor, nn

from workbench.errors import ModelError, WeightsError
from workbench.models.catalog import BUNDLED, SHIPPED_INPUT_SHAPE, SHIPPED_WEIGHTS
from workbench.models.opened import OpenedModel, check_forward, check_values
from workbench.models.own_module import copy_with_masks_folded, unwrap
from workbench.models.state_dict import load_weights, read_state_dict
from workbench.models.torchvision_models import (
    build_torchvision,
    load_published,
    published_weight_names,
    published_weights,
    torchvision_arguments,
    torchvision_names,
)

UNTRAINED = "{name} is untrained: its weights are random."


def open_model(
    spec: str | nn.Module,
    *,
    num_classes: int,
    input_shape: tuple[int, ...],
    weights: str | Path | None = None,
) -> OpenedModel:
    """Open a bundled network, a torchvision network, or your own module.

    Args:
        spec: A name, or a module; the module itself is left untouched.
        num_classes: How many class scores it has to give.
        input_shape: Shape of one input, without the batch dimension.
        weights: A .safetensors, .pt, .pth or .th file; for torchvision networks also
            ``"DEFAULT"`` or a name such as ``"IMAGENET1K_V2"``. Without it, ``"digits_cnn"``
            has its shipped weights and other named networks are untrained.

    Raises:
        ModelError: If there is no such network, or it does not fit the data.
        WeightsError: If the weights cannot be read, or do not fit the network.
    """
    if isinstance(spec, nn.Module):
        opened = _open_module(spec, weights)
    elif not isinstance(spec, str):
        raise ModelError(
            f"model must be a name or a torch.nn.Module, got a {type(spec).__name__}: {spec!r}. "
            "Pass 'digits_cnn', for example, or your module (not its class)."
        )
    elif spec in BUNDLED:
        opened = _open_bundled(spec, num_classes, input_shape, weights)
    elif spec in torchvision_names():
        opened = _open_torchvision(spec, num_classes, weights)
    else:
        raise ModelError(_unknown(spec))
    opened.module.eval()
    check_values(opened.module, opened.name)
    check_forward(opened.module, opened.name, num_classes=num_classes, input_shape=input_shape)
    return opened


def build_model(origin: Mapping[str, object]) -> nn.Module:
    """Build the network that `OpenedModel.origin` describes, in eval mode, with random weights.

    Raises:
        ModelError: If the origin is a user's module, which only the user can build, or names
            a constructor that this version does not have.
    """
    kind, constructor = origin.get("kind"), str(origin.get("constructor"))
    arguments = origin.get("arguments")
    if kind == "module":
        raise ModelError(
            f"model {constructor} is your own module, and its class is never imported from a "
            "file. Build it yourself and pass it: model=..."
        )
    if isinstance(arguments, Mapping):
        if kind == "torchvision" and constructor in torchvision_names():
            return build_torchvision(constructor, dict(arguments)).eval()
        classes, shape = arguments.get("num_classes"), arguments.get("input_shape")
        bundled = kind == "bundled" and constructor in BUNDLED
        if bundled and isinstance(classes, int) and isinstance(shape, list | tuple) and shape:
            return BUNDLED[constructor](classes, tuple(shape)).eval()
    raise ModelError(
        f"model cannot be built from origin {dict(origin)!r}: this version has no such "
        "constructor. Build the model yourself and pass it: model=..."
    )


def model_names() -> tuple[str, ...]:
    """Every name that `open_model` knows: the bundled networks first, then torchvision's."""
    return (*BUNDLED, *torchvision_names())


def _open_module(spec: nn.Module, weights: str | Path | None) -> OpenedModel:
    spec, unwrapped = unwrap(spec)
    name = type(spec).__name__
    module, folded = copy_with_masks_folded(spec)
    if weights is not None:
        load_weights(module, read_state_dict(weights), source=str(weights))
    origin: dict[str, object] = {
        "kind": "module",
        "constructor": f"{type(spec).__module__}.{type(spec).__qualname__}",
        "arguments": {},
    }
    return OpenedModel(module, name, origin, (*unwrapped, *folded))


def _open_bundled(
    name: str, num_classes: int, input_shape: tuple[int, ...], weights: str | Path | None
) -> OpenedModel:
    module = BUNDLED[name](num_classes, input_shape)
    origin: dict[str, object] = {
        "kind": "bundled",
        "constructor": name,
        "arguments": {"num_classes": num_classes, "input_shape": list(input_shape)},
    }
    if weights is not None:
        load_weights(module, read_state_dict(weights), source=str(weights))
        return OpenedModel(module, name, origin)
    if name in SHIPPED_WEIGHTS:
        shipped = read_state_dict(SHIPPED_WEIGHTS[name])
        shapes = {key: tensor.shape for key, tensor in module.state_dict().items()}
        if shapes == {key: tensor.shape for key, tensor in shipped.items()}:
            load_weights(module, shipped, source=str(SHIPPED_WEIGHTS[name]))
            return OpenedModel(module, name, origin, _shipped_notes(name, input_shape))
    return OpenedModel(module, name, origin, (UNTRAINED.format(name=name),), random=True)


def _shipped_notes(name: str, input_shape: tuple[int, ...]) -> tuple[str, ...]:
    trained_on = SHIPPED_INPUT_SHAPE[name]
    if tuple(input_shape) == trained_on:
        return ()
    return (
        f"The shipped weights of {name} were trained on inputs {trained_on}, not "
        f"{tuple(input_shape)}: fine-tune before you judge its accuracy.",
    )


def _open_torchvision(name: str, num_classes: int, weights: str | Path | None) -> OpenedModel:
    published = published_weights(name, weights) if isinstance(weights, str) else None
    arguments = torchvision_arguments(name, num_classes, pretrained=published is not None)
    module = build_torchvision(name, arguments)
    notes: tuple[str, ...] = ()
    if weights is None:
        notes = (UNTRAINED.format(name=name),)
    elif published is not None:
        notes = load_published(module, published)
    else:
        load_weights(module, _read_or_name_published(name, weights), source=str(weights))
    origin: dict[str, object] = {
        "kind": "torchvision",
        "constructor": name,
        "arguments": arguments,
    }
    return OpenedModel(module, name, origin, notes, random=bool(notes))


def _read_or_name_published(name: str, weights: str | Path) -> dict[str, Tensor]:
    try:
        return read_state_dict(weights)
    except WeightsError as error:
        raise WeightsError(
            f"{error} Torchvision's own weights for {name} are: "
            f"{', '.join(['DEFAULT', *published_weight_names(name)])}."
        ) from error


def _unknown(spec: str) -> str:
    names = model_names()
    close = get_close_matches(spec.lower(), names, n=1)
    suggestion = f"Did you mean {close[0]!r}? " if close else ""
    return (
        f"there is no model named {spec!r}. {suggestion}Bundled are {', '.join(BUNDLED)}; "
        f"torchvision adds {len(names) - len(BUNDLED)} more, such as resnet18 and "
        "mobilenet_v3_small. Or pass your own torch.nn.Module."
    )
