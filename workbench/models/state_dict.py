"""Read weights from other people's files, and fit them to a model.

Only formats that cannot run code are read: safetensors, and PyTorch's with `weights_only=True`.
"""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from workbench.data.location import locate
from workbench.errors import WeightsError

TORCH_SUFFIXES = (".pt", ".pth", ".th")
CONTAINER_KEYS = ("state_dict", "model_state_dict", "model")
WRAPPER_PREFIXES = ("module.", "_orig_mod.")  # DataParallel and torch.compile
LISTED = 6


def read_state_dict(path: str | Path) -> dict[str, Tensor]:
    """Read named tensors from a .safetensors, .pt, .pth or .th file, onto the CPU.

    A checkpoint that holds the tensors under ``"state_dict"`` or ``"model"`` is unwrapped. A
    relative path is also looked for in the directory of ``PRUNING_WORKBENCH_DATA``.

    Raises:
        WeightsError: If the file is missing, of another kind, damaged, or holds anything that
            is not a tensor.
    """
    try:
        found = locate(path)
    except FileNotFoundError as error:
        raise WeightsError(f"weights file not found: {error}") from None
    if found.suffix == ".safetensors":
        return _read_safetensors(found)
    if found.suffix in TORCH_SUFFIXES:
        return _tensors_of(_read_torch(found), found)
    raise WeightsError(
        f"weights file must end in .safetensors, {', '.join(TORCH_SUFFIXES)}, "
        f"got {found.suffix or 'no suffix'!r}: {found}. Save model.state_dict() as one of these."
    )


def load_weights(model: nn.Module, state: Mapping[str, Tensor], *, source: str) -> None:
    """Copy `state` into `model`, in place; the model is unchanged if it does not fit.

    The prefixes that DataParallel and torch.compile put before every name are dropped.

    Args:
        model: Where the tensors belong.
        state: Tensors by name.
        source: What to call the weights in messages, such as the path of a file.

    Raises:
        WeightsError: If names or shapes differ, listing them all; or a value is not finite.
    """
    wanted = model.state_dict()
    given = _without_wrapper_prefix(state, wanted)
    problems = _differences(wanted, given)
    if problems:
        raise WeightsError(
            f"weights in {source} do not fit {type(model).__name__}: {'; '.join(problems)}. "
            "Open the model that these weights were saved from, with as many classes."
        )
    for name, tensor in given.items():
        count = count_not_finite(tensor)
        if count:
            raise WeightsError(
                f"weights must be finite, got {count:,} NaN or infinite values in {name!r} of "
                f"{source}. The training that wrote them diverged: use an earlier checkpoint."
            )
    # Not strict, because the counters that _differences lets pass may be missing.
    model.load_state_dict(given, strict=False)


def count_not_finite(tensor: Tensor) -> int:
    """Count the NaN and infinite values in a tensor; 0 for integers."""
    if not tensor.is_floating_point():
        return 0
    return int(tensor.numel() - torch.isfinite(tensor).sum().item())


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        tensors: dict[str, Tensor] = load_file(path, device="cpu")
    except Exception as error:  # a foreign file: whatever is wrong with it is the user's news
        raise WeightsError(
            f"weights file is not readable as safetensors: {path}: {error}. "
            "Download or save it again."
        ) from error
    return tensors


def _read_torch(path: Path) -> object:
    try:
        contents: object = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # as above; weights_only refuses with several error types
        raise WeightsError(
            f"weights file holds more than tensors, or is damaged: {path}. The workbench reads "
            "a state dict only, because a pickled module can run any code. Where the model's "
            "class is at hand and you trust the file, convert it: "
            "torch.save(torch.load(path, weights_only=False)"
            f".state_dict(), 'weights.pt'). PyTorch said: {_first_line(error)}"
        ) from error
    return contents


def _tensors_of(contents: object, path: Path) -> dict[str, Tensor]:
    if isinstance(contents, Mapping):
        for key in CONTAINER_KEYS:
            if isinstance(contents.get(key), Mapping):
                contents = contents[key]
                break
    if not isinstance(contents, Mapping):
        raise WeightsError(
            f"weights file must hold a state dict, tensors by name, got a "
            f"{type(contents).__name__}: {path}. Save model.state_dict()."
        )
    for name, value in contents.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise WeightsError(
                f"weights file must hold tensors by name, got a {type(value).__name__} under "
                f"{name!r}: {path}. Save model.state_dict() alone, or under 'state_dict'."
            )
    return dict(contents)


def _without_wrapper_prefix(
    state: Mapping[str, Tensor], wanted: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    given = dict(state)
    while given and not given.keys() & wanted.keys():
        prefix = next((p for p in WRAPPER_PREFIXES if all(n.startswith(p) for n in given)), None)
        if prefix is None:
            break
        given = {name.removeprefix(prefix): tensor for name, tensor in given.items()}
    return given


def _differences(wanted: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> list[str]:
    """Describe what keeps `given` from fitting; empty when it fits."""
    problems = []
    # Checkpoints from before PyTorch 0.4.1 lack the counters; evaluation does not use them.
    missing = [
        f"{name} {tuple(tensor.shape)}"
        for name, tensor in wanted.items()
        if name not in given and not name.endswith("num_batches_tracked")
    ]
    unexpected = [f"{name} {tuple(given[name].shape)}" for name in given if name not in wanted]
    reshaped = [
        f"{name} has {tuple(given[name].shape)} where the model has {tuple(tensor.shape)}"
        for name, tensor in wanted.items()
        if name in given and given[name].shape != tensor.shape
    ]
    for title, names in (
        ("wrong shapes", reshaped),
        ("missing", missing),
        ("unexpected", unexpected),
    ):
        if names:
            more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
            problems.append(f"{title}: {', '.join(names[:LISTED])}{more}")
    return problems


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
