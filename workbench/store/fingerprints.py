"""Fingerprints: whether a model and data are those that a session directory was made with."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from workbench.data.dataset import Dataset, Split
from workbench.data.normalization import Normalization
from workbench.data.splits import ArraySplit, SubsetSplit
from workbench.digests import digest_of, digest_of_tensors
from workbench.errors import FingerprintError

STRUCTURE, WEIGHTS, DATA, NORMALISATION = "model structure", "weights", "data", "normalisation"

SAMPLE = 256
"""Inputs of each held-out split that are read; reading all would take as long as an epoch."""

_SHOWN = 8
_BATCH = 64


def fingerprints_of(module: nn.Module, dataset: Dataset) -> dict[str, str]:
    """Of a dense model and its data, by what they are of."""
    return {
        STRUCTURE: structure_fingerprint(module),
        WEIGHTS: digest_of_tensors(module.state_dict()),
        DATA: _data_fingerprint(dataset),
        NORMALISATION: _normalisation_fingerprint(dataset),
    }


def structure_fingerprint(module: nn.Module) -> str:
    """Of the modules with their settings, and of the names, shapes and types of all tensors."""
    tensors = [
        (name, list(tensor.shape), str(tensor.dtype))
        for name, tensor in module.state_dict().items()
    ]
    return digest_of([str(module), tensors])


def check_fingerprints(
    recorded: Mapping[str, str], found: Mapping[str, str], directory: Path
) -> None:
    """Refuse another model or other data.

    Raises:
        FingerprintError: Names each fingerprint that differs, with both values.
    """
    different = [
        f"the {name} ({recorded.get(name, 'none')[:_SHOWN]} stored, {found[name][:_SHOWN]} now)"
        for name in found
        if recorded.get(name) != found[name]
    ]
    if different:
        weights = all(recorded.get(name) == found[name] for name in found if name != WEIGHTS)
        stored = " Session.open takes the stored weights." if weights else ""
        raise FingerprintError(
            f"model and data must be those that the session in {directory} was made with, but "
            f"{' and '.join(different)} differ{'s' if len(different) == 1 else ''}. Open it with "
            f"the same ones, or choose another directory.{stored} Nothing was changed."
        )


def _data_fingerprint(dataset: Dataset) -> str:
    """Of classes, shapes and all labels, and of a sample of the inputs as they are stored."""
    splits = {
        "train": dataset.train,
        "validation": dataset.validation,
        "test": dataset.test,
        "probe": dataset.probe,
    }
    parts: dict[str, object] = {
        "classes": list(dataset.classes),
        "input_shape": list(dataset.input_shape),
    }
    for name, split in splits.items():
        parts[f"{name} labels"] = digest_of_tensors({"labels": split.labels})
        # Training inputs of a user's own loader may be augmented: another draw at every reading.
        # Probe inputs are some of validation's, and may be one draw of them.
        if name in ("validation", "test") or isinstance(_root(dataset.train), ArraySplit):
            parts[f"{name} inputs"] = _inputs_fingerprint(_without_normalization(split))
    return digest_of(parts)


def _inputs_fingerprint(split: Split) -> str:
    first = digest_of_tensors({"inputs": _sample(split)})
    if isinstance(_root(split), ArraySplit) or first == digest_of_tensors(
        {"inputs": _sample(split)}
    ):
        return first
    return "another draw at every reading"


def _sample(split: Split) -> Tensor:
    if hasattr(split, "batches_at"):
        spread = torch.linspace(0, len(split) - 1, min(SAMPLE, len(split))).long()
        read = split.batches_at(spread, _BATCH, randomness=torch.Generator().manual_seed(0))
        return torch.cat([inputs for inputs, _ in read])
    inputs, _ = next(iter(split.batches(SAMPLE)))
    return inputs


def _normalisation_fingerprint(dataset: Dataset) -> str:
    roots = [_root(split) for split in (dataset.train, dataset.validation, dataset.test)]
    return digest_of([_plain(getattr(root, "normalization", None)) for root in roots])


def _plain(normalization: Normalization | None) -> list[list[float]] | None:
    return None if normalization is None else [list(normalization.mean), list(normalization.std)]


def _root(split: Split) -> Split:
    while isinstance(split, SubsetSplit):
        split = split.parent
    return split


def _without_normalization(split: Split) -> Split:
    if isinstance(split, SubsetSplit):
        inner = _without_normalization(split.parent)
        return replace(split, parent=inner)  # type: ignore[arg-type]  # as indexed as before
    return replace(split, normalization=None) if isinstance(split, ArraySplit) else split
