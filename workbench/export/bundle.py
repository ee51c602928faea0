"""The bundle: a pruned model as its constructor, what is left, and its weights; no pickle.

``model.json`` says how the dense module is built and which slices of it are left, and lists the
other files with their sizes and digests; ``model.safetensors`` holds the weights, and
``masks.safetensors`` the masks of weights that are held at zero, where there are any.
"""

import copy
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn.utils import prune

from workbench.errors import ExportError, ModelError
from workbench.export.archive import read_archive
from workbench.graph.removal import remove_channels
from workbench.graph.structure import Structure
from workbench.masks import Masks
from workbench.models import build_model, load_weights, read_state_dict
from workbench.pruned import PrunedModel

FORMAT_VERSION = 2
READABLE_VERSIONS = (1, 2)

DESCRIPTION, WEIGHTS, MASKS = "model.json", "model.safetensors", "masks.safetensors"


def load(
    directory: str | Path, model: nn.Module | None = None, *, masks: bool = False
) -> nn.Module:
    """Bring an exported model back as the pruned PyTorch module, in evaluation mode.

    Args:
        directory: What an export wrote; or its compressed archive, a file.
        model: The dense module, for a class of your own; bundled and torchvision networks are
            built by name.
        masks: Whether weights that pruning set to zero are held there by
            `torch.nn.utils.prune`, so that training leaves them alone. Without it they are plain
            zeros. An archive has no masks.

    Raises:
        ExportError: If the directory holds no readable export, or one that is not complete.
        ModelError: If the dense module is needed and not given, or does not fit.
        WeightsError: If the weights do not fit the structure.
    """
    directory = Path(directory)
    if directory.is_file():
        description, tensors = read_archive(directory)
        check_description(description, directory)
        source = directory
    else:
        description, source = read_description(directory), directory / WEIGHTS
        tensors = read_state_dict(source)
    structure = _read_structure(description, directory)
    dense = build_model(description["origin"]) if model is None else copy.deepcopy(model)
    try:
        remove_channels(dense, structure)
    except (AttributeError, IndexError, RuntimeError) as error:
        raise ModelError(
            f"the model given does not fit the export in {directory}: {error}. Pass the dense "
            "module, built as it was before pruning."
        ) from error
    load_weights(dense, tensors, source=str(source))
    if masks and directory.is_dir():
        _hold(dense, read_masks(directory, dense))
    return dense.eval()


def read_masks(directory: str | Path, module: nn.Module) -> dict[str, Tensor]:
    """The masks of an export, for the layers that have one.

    Args:
        directory: What an export wrote.
        module: What `load` made of it; only the shapes of its weights count.

    Raises:
        ExportError: If they cannot be read, or do not fit.
    """
    path = Path(directory) / MASKS
    if not path.exists():
        return {}
    found = {}
    for name, packed in read_state_dict(path).items():
        try:
            weight = module.get_submodule(name).weight
            assert isinstance(weight, Tensor)
            bits = np.unpackbits(packed.numpy())
        except (AttributeError, TypeError) as error:
            raise _damaged(path, f"the mask of {name!r} does not fit: {error}") from error
        count = weight.numel()
        if len(bits) != 8 * math.ceil(count / 8):
            raise _damaged(path, f"the mask of {name!r} has {len(bits)} bits for {count} weights")
        found[name] = torch.from_numpy(bits[:count].astype(bool)).reshape(weight.shape)
    return found


def write_tensors(directory: Path, model: PrunedModel) -> tuple[str, ...]:
    """Write the weights, and the masks if there are any; returns the names of the files."""
    # A state dict whose tensors share no memory, as safetensors requires.
    tensors = {name: t.detach().clone() for name, t in model.module.state_dict().items()}
    safetensors.torch.save_file(tensors, directory / WEIGHTS)
    if not model.masks:
        return (WEIGHTS,)
    safetensors.torch.save_file(_packed(model.masks), directory / MASKS)
    return (WEIGHTS, MASKS)


def write_description(
    directory: Path,
    model: PrunedModel,
    origin: Mapping[str, object],
    files: Sequence[str],
    about: Mapping[str, object],
) -> str:
    """Write what builds the model, and what belongs to it.

    Args:
        directory: Where the files are.
        model: What they hold.
        origin: How the dense module is built.
        files: The other files of the bundle.
        about: Further entries.

    Returns:
        The name of the file.
    """
    description = {
        "format_version": FORMAT_VERSION,
        "origin": dict(origin),
        "structure": model.structure.to_json(),
        **about,
        "files": {
            name: {
                "size_bytes": (directory / name).stat().st_size,
                "sha256": _digest(directory / name),
            }
            for name in files
        },
    }
    text = json.dumps(description, indent=2)
    (directory / DESCRIPTION).write_text(text, encoding="utf-8")
    return DESCRIPTION


def read_description(directory: Path) -> dict[str, Any]:
    """What an export says of itself; its bundle's files are there, and whole.

    Raises:
        ExportError: If it cannot be read, or a file is missing, cut short or of another export.
    """
    path = directory / DESCRIPTION
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ExportError(
            f"{path} must be an export's description, but cannot be read: {error}. Pass the "
            "directory that session.export wrote."
        ) from error
    version = check_description(description, path)
    if version > 1:
        _check_files(directory, description)
    return dict(description)


def check_description(description: Any, path: Path) -> int:
    """Refuse what does not say how a model is built; returns the version of its format.

    Raises:
        ExportError: If the version is another, or something is missing.
    """
    version = description.get("format_version") if isinstance(description, dict) else None
    if version not in READABLE_VERSIONS or isinstance(version, bool):
        raise ExportError(
            f"format_version of {path} must be one of {READABLE_VERSIONS}, got {version!r}. It "
            "was written by another version of the workbench."
        )
    if missing := [key for key in ("origin", "structure") if key not in description]:
        raise _damaged(path, f"{missing[0]!r} is missing")
    if not isinstance(description["origin"], dict):
        raise _damaged(path, "'origin' is not an object")
    return int(version)


def _check_files(directory: Path, description: Mapping[str, Any]) -> None:
    try:
        listed = {
            name: (entry["size_bytes"], entry["sha256"])
            for name, entry in description["files"].items()
            if name in (WEIGHTS, MASKS)
        }
    except (AttributeError, KeyError, TypeError) as error:
        raise _damaged(directory / DESCRIPTION, "'files' cannot be read") from error
    if WEIGHTS not in listed:
        raise _damaged(directory / DESCRIPTION, f"'files' lacks {WEIGHTS!r}")
    for name, (size_bytes, digest) in listed.items():
        path = directory / name
        found = path.stat().st_size if path.is_file() else None
        if found is None:
            raise _incomplete(path, f"have {size_bytes} bytes", "is missing")
        if found != size_bytes:
            raise _incomplete(path, f"have {size_bytes} bytes", f"has {found}")
        if _digest(path) != digest:
            raise _incomplete(path, f"have the sha256 {digest}", "has another")


def _incomplete(path: Path, constraint: str, found: str) -> ExportError:
    return ExportError(
        f"{path} must {constraint}, as {DESCRIPTION} says, but {found}. The bundle was copied in "
        "part, or mixes two exports: copy it again, or export again."
    )


def _read_structure(description: Mapping[str, Any], directory: Path) -> Structure:
    try:
        return Structure.from_json(description["structure"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _damaged(directory / DESCRIPTION, f"'structure' cannot be read: {error}") from error


def _damaged(path: Path, what: str) -> ExportError:
    return ExportError(
        f"{path} must be as an export wrote it, but {what}. It is damaged or was changed by hand: "
        "export again."
    )


def _packed(masks: Masks) -> dict[str, Tensor]:
    """Eight flags in a byte."""
    return {
        name: torch.from_numpy(np.packbits(mask.numpy().ravel())) for name, mask in masks.items()
    }


def _hold(module: nn.Module, masks: Masks) -> None:
    for name, mask in masks.items():
        prune.custom_from_mask(  # type: ignore[no-untyped-call]
            module.get_submodule(name), "weight", mask
        )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
