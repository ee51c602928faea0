"""Names for figures: two have one name only if everything that makes them is the same."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import numpy as np
from torch import nn

from workbench.data.dataset import Split
from workbench.digests import digest_of, digest_of_tensors
from workbench.pruned import PrunedModel
from workbench.recalibration import Recalibration
from workbench.sensitivity.targets import Target

FORMAT = 2
"""Version of the way figures are measured; another one gives every figure another name."""

_READ_BATCH = 256


def context_of(
    model: PrunedModel, probe: Split, recalibration: Recalibration | None
) -> dict[str, Any]:
    """What all figures of a scan depend on, as plain data.

    The model's code counts as far as it can be seen: the classes of all modules, their settings,
    and the instructions of their forward methods.
    """
    return {
        "format": FORMAT,
        "code": _code(model.module),
        "weights": digest_of_tensors(model.module.state_dict()),
        "channels": _flags(model.channels),
        "masks": _flags(model.weights),
        "data": _split(probe),
        "recalibration": None if recalibration is None else _batches(recalibration),
    }


def key_of(
    context: Mapping[str, Any], target: Target | None = None, how: Mapping[str, Any] | None = None
) -> str:
    """The name of a target's figures, or of those of the model as it is.

    Args:
        context: What all figures depend on.
        target: The target.
        how: What figures that are not exact depend on as well.
    """
    inputs: dict[str, Any] = {"context": dict(context), "how": dict(how or {})}
    if target is not None:
        inputs["target"] = {
            "unit": target.unit,
            "ratio": target.ratio,
            "plan": target.plan.to_json(),
            "kept": target.digest,
        }
    return digest_of(inputs)


def _code(module: nn.Module) -> str:
    digest = blake2b(str(module).encode(), digest_size=16)
    for kind in {type(part).__qualname__: type(part) for part in module.modules()}.values():
        digest.update(f"{kind.__module__}.{kind.__qualname__}".encode())
        code = getattr(kind.forward, "__code__", None)
        if code is not None:
            digest.update(code.co_code + repr((code.co_names, _plain(code.co_consts))).encode())
    return digest.hexdigest()


def _plain(constants: tuple[object, ...]) -> list[object]:
    """Constants whose text does not change from one process to the next."""
    return [c for c in constants if isinstance(c, int | float | str | bytes | bool | None)]


def _flags(flags: Mapping[str, np.ndarray]) -> str:
    digest = blake2b(digest_size=16)
    for name in sorted(flags):
        digest.update(f"{name}{len(flags[name])}".encode())
        digest.update(np.packbits(flags[name]).tobytes())
    return digest.hexdigest()


def _split(split: Split) -> str:
    digest = blake2b(digest_size=16)
    for inputs, labels in split.batches(_READ_BATCH):
        digest.update(f"{tuple(inputs.shape)}{inputs.dtype}".encode())
        digest.update(inputs.contiguous().numpy().data)
        digest.update(labels.contiguous().numpy().data)
    return digest.hexdigest()


def _batches(recalibration: Recalibration) -> str:
    return digest_of_tensors({str(n): batch for n, batch in enumerate(recalibration.batches)})
