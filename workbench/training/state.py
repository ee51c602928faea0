"""All that a training run is made of after an epoch: from it, training goes on bit for bit."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import torch
from torch import nn

from workbench.errors import TrainingError
from workbench.training.outcome import EpochResult
from workbench.training.settings import FinetuneSettings
from workbench.training.snapshot import Snapshot, named_tensors

FORMAT = 1


@dataclass(frozen=True, eq=False)
class TrainingState:
    """A run after some of its epochs; nothing in it changes when the run goes on.

    Attributes:
        settings: How it trains.
        results: Of every epoch so far.
        last: The weights, and what is masked, after the last epoch.
        best: The same of the epoch that would be restored; None if that is the last in any case.
        optimizer, schedule, scaler: Their own state dicts.
        random: Where the generators of random numbers stand.
        order: Where the generator stands that the order of the data and augmentation come from.
    """

    settings: FinetuneSettings
    results: tuple[EpochResult, ...]
    last: Snapshot = field(repr=False)
    best: Snapshot | None = field(repr=False)
    optimizer: Mapping[str, Any] = field(repr=False)
    schedule: Mapping[str, Any] = field(repr=False)
    scaler: Mapping[str, Any] = field(repr=False)
    random: Mapping[str, Any] = field(repr=False)
    order: torch.Tensor = field(repr=False)

    @property
    def epoch(self) -> int:
        """How many epochs are done."""
        return len(self.results)

    def check(self, settings: FinetuneSettings, module: nn.Module, *, gradual: bool) -> None:
        """Refuse to go on with other settings or another model.

        Args:
            settings: Those to go on with.
            module: The model to train.
            gradual: Whether masks change while it trains.

        Raises:
            TrainingError: Names the setting or the tensor that differs.
        """
        now, before = settings.to_json(), self.settings.to_json()
        for name, value in before.items():
            if now[name] != value:
                raise TrainingError(
                    f"{name} of fine-tuning must be {value!r} to go on after epoch {self.epoch}, "
                    f"as that run began, got {now[name]!r}. Use those settings, or start a new run."
                )
        shapes = {name: tuple(tensor.shape) for name, tensor in named_tensors(module)}
        saved = {name: tuple(tensor.shape) for name, tensor in self.last.tensors.items()}
        for name in {**saved, **shapes}:
            if shapes.get(name) != saved.get(name):
                raise TrainingError(
                    f"the model must be the one that was trained for {self.epoch} epochs to go on: "
                    f"its tensor {name!r} had {_shape(saved.get(name))}, and has "
                    f"{_shape(shapes.get(name))} now. Start a new run."
                )
        if gradual != bool(self.last.masks):
            raise TrainingError(
                "a run whose masks change while it trains must go on with a mask schedule, and no "
                f"other run with one; got {'one' if gradual else 'none'} after epoch {self.epoch}."
            )

    def to_bytes(self) -> bytes:
        """A file's contents, without pickled code: ``torch.load(weights_only=True)`` reads it."""
        parts = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        parts |= {
            "format": FORMAT,
            "settings": self.settings.to_json(),
            "results": [asdict(result) for result in self.results],
            "last": _plain(self.last),
            "best": None if self.best is None else _plain(self.best),
        }
        buffer = io.BytesIO()
        torch.save(parts, buffer)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "TrainingState":
        """The inverse of `to_bytes`.

        Raises:
            TrainingError: If a byte of the contents is not what was written, or they are of
                another format.
        """
        try:
            parts = _loaded(data)
            version = parts.pop("format")
        except Exception as error:  # a damaged file can fail in any way
            raise _damaged(error) from error
        if version != FORMAT:
            raise TrainingError(
                f"a saved training run must have format {FORMAT}, got {version!r}. Open it with "
                "the version of the workbench that wrote it, or start a new run."
            )
        try:
            return cls(
                **{
                    **parts,
                    "settings": FinetuneSettings.from_json(parts["settings"]),
                    "results": tuple(EpochResult(**result) for result in parts["results"]),
                    "last": Snapshot(**parts["last"]),
                    "best": None if parts["best"] is None else Snapshot(**parts["best"]),
                }
            )
        except (TypeError, KeyError, TrainingError) as error:
            raise _damaged(error) from error


def _loaded(data: bytes) -> dict[str, Any]:
    # PyTorch does not compare check sums when it reads; the archive has one of every part.
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if broken := archive.testzip():
            raise ValueError(f"check sum of {broken!r} is wrong")
    loaded: dict[str, Any] = torch.load(io.BytesIO(data), weights_only=True, map_location="cpu")
    return loaded


def _damaged(error: Exception) -> TrainingError:
    return TrainingError(
        f"a saved training run must be as it was written, and this one is damaged: {error}. Go on "
        "from an older one, or start a new run."
    )


def _plain(snapshot: Snapshot) -> dict[str, Any]:
    return {entry.name: getattr(snapshot, entry.name) for entry in fields(snapshot)}


def _shape(shape: tuple[int, ...] | None) -> str:
    return "no such tensor" if shape is None else f"shape {shape}"
