"""A layer as the call that makes another one like it."""

import inspect
import math

import torch
from torch import nn

_NOT_SIZES = ("device", "dtype", "_weight", "_bias", "_freeze")
_ANY_NUMBER = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class CannotWriteError(Exception):
    """Something has no source code of this kind; the message says what, and why."""


def constructor_call(layer: nn.Module) -> str:
    """Python that makes a layer of the same class and sizes, such as ``nn.Linear(16, 10)``.

    Raises:
        CannotWriteError: If its class is not PyTorch's, or its constructor does not make it.
    """
    kind = type(layer)
    if getattr(nn, kind.__name__, None) is not kind:
        raise CannotWriteError(f"{kind.__module__}.{kind.__qualname__} is not one of torch.nn")
    positional, named, plain = [], [], True
    for name, parameter in list(inspect.signature(kind.__init__).parameters.items())[1:]:
        if name in _NOT_SIZES or parameter.kind in _ANY_NUMBER:
            continue
        value = _argument(layer, name)
        if parameter.default is not parameter.empty and value == parameter.default:
            plain = False
        elif plain and parameter.default is parameter.empty:
            positional.append(_literal(value))
        else:
            named.append(f"{name}={_literal(value)}")
    call = f"nn.{kind.__name__}({', '.join([*positional, *named])})"
    _check(layer, call)
    return call


def _argument(layer: nn.Module, name: str) -> object:
    if name == "bias" and hasattr(layer, "bias"):
        return layer.bias is not None
    if not hasattr(layer, name):
        raise CannotWriteError(f"nn.{type(layer).__name__} does not keep its argument {name!r}")
    value = getattr(layer, name)
    if isinstance(value, tuple | list) and len(set(value)) == 1:
        return value[0]  # (3, 3) is what 3 becomes
    return tuple(value) if isinstance(value, list) else value


def _literal(value: object) -> str:
    parts = value if isinstance(value, tuple) else (value,)
    for part in parts:
        plain = part is None or isinstance(part, bool | int | float | str)
        if not plain or (isinstance(part, float) and not math.isfinite(part)):
            raise CannotWriteError(f"{type(part).__name__} {part!r} is not a plain value")
    return repr(value)


def _check(layer: nn.Module, call: str) -> None:
    """Make the layer, without memory for its weights, and compare sizes."""
    try:
        with torch.device("meta"):
            again: nn.Module = eval(call, {"nn": nn})  # written above, of plain values
    except Exception as error:  # whatever a constructor raises, it does not make this layer
        raise CannotWriteError(f"{call} fails: {error}") from error
    made = {name: tensor.shape for name, tensor in again.state_dict().items()}
    wanted = {name: tensor.shape for name, tensor in layer.state_dict().items()}
    if made != wanted:
        raise CannotWriteError(f"{call} has other sizes than the pruned layer")
