"""Where a session's model and data come from, and how both are opened again."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor, nn

from workbench.actions import Open
from workbench.data import Dataset, open_data
from workbench.errors import DataError, StoreError
from workbench.models import build_model, load_weights, open_model
from workbench.models.opened import OpenedModel
from workbench.session.stored_steps import MODEL
from workbench.store.directory import STEPS, read_record
from workbench.store.record import Source
from workbench.store.steps import StepFiles

EXAMPLE = "example_input.safetensors"


@dataclass(frozen=True)
class Opened:
    """A model and data, ready for a session.

    Attributes:
        model: The dense model.
        dataset: The data.
        example_input: What the user gave as one; None to take it from the data.
        action: What the user did.
        source: How to do it again.
    """

    model: OpenedModel
    dataset: Dataset
    example_input: Tensor | None
    action: Open
    source: Source

    @classmethod
    def of(
        cls,
        model: str | nn.Module,
        data: Any,
        *,
        weights: str | Path | None,
        normalize: Any,
        example_input: Tensor | None,
        seed: int,
    ) -> "Opened":
        """Open what a user named or passed in; arguments and errors are those of `Session`."""
        dataset = open_data(data, normalize=normalize, seed=seed)
        opened = open_model(
            model,
            num_classes=len(dataset.classes),
            input_shape=dataset.input_shape,
            weights=weights,
        )
        action = Open.of(
            model,
            data,
            data_name=dataset.name,
            weights=weights,
            normalize=normalize,
            seed=seed,
            given_example=example_input is not None,
        )
        source = Source(opened.name, opened.origin, opened.random, opened.notes, action.arguments())
        return cls(opened, dataset, example_input, action, source)

    @classmethod
    def again(cls, directory: Path, model: nn.Module | None, data: Any) -> "Opened":
        """Open what a session directory was made with.

        Args:
            directory: The session's.
            model: The dense module, for a class of a user's own; its weights do not matter.
            data: The data, where they were a user's own or lie elsewhere now.

        Raises:
            StoreError: If there is no session, or it cannot be read.
            ModelError, DataError: If the model or the data have to be passed in, or do not fit.
        """
        record = read_record(directory)
        if record is None:
            raise StoreError(
                f"there is no session in {directory}. Session(..., directory={str(directory)!r}) "
                "makes one."
            )
        source, action = record.source, Open.from_arguments(record.source.opening)
        dataset = _data_again(action, data)
        if model is None:
            module = build_model(source.origin)
        else:
            shape, classes = dataset.input_shape, len(dataset.classes)
            module = open_model(model, num_classes=classes, input_shape=shape).module
        load_stored_weights(module, directory)
        opened = OpenedModel(
            module, source.name, dict(source.origin), source.model_notes, source.random
        )
        return cls(opened, dataset, _stored_example(directory), action, source)

    def one_input(self) -> Tensor:
        """The input that is timed and exported, shape ``(1, ...)``."""
        given = self.example_input
        return (self.dataset.example_input() if given is None else given)[:1]


def load_stored_weights(module: nn.Module, directory: Path) -> None:
    """Give a module the weights that a session's dense model has.

    Raises:
        DamagedError: If they cannot be read.
        WeightsError: If they do not fit.
    """
    files = StepFiles(directory / STEPS)
    data = files.read(0, MODEL, files.manifest(0))
    load_weights(module, safetensors.torch.load(data), source=str(directory))


def _data_again(action: Open, data: Any) -> Dataset:
    if data is None and action.own_data:
        raise DataError(
            f"data {action.data!r} are your own, and are never imported from a file. Open them "
            "yourself and pass them: data=..."
        )
    given = action.data if data is None else data
    normalize = action.normalize if isinstance(given, str | Path) else None
    try:
        return open_data(given, normalize=normalize, seed=action.seed)
    except DataError as error:
        if data is not None:
            raise
        raise DataError(f"{error} Or pass the data: data=...") from error


def _stored_example(directory: Path) -> Tensor | None:
    path = directory / EXAMPLE
    if not path.exists():
        return None
    return safetensors.torch.load(path.read_bytes())["example_input"]
