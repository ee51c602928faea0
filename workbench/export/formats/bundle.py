"""The bundle that `workbench.load` rebuilds."""

from dataclasses import dataclass
from typing import ClassVar

from workbench.errors import ExportError
from workbench.export.bundle import (
    DESCRIPTION,
    MASKS,
    WEIGHTS,
    load,
    read_masks,
    write_description,
    write_tensors,
)
from workbench.export.checking import Run
from workbench.export.formats.base import Format, Workshop
from workbench.export.running import module_runner
from workbench.progress import SILENT, Monitor


@dataclass(frozen=True)
class Bundle(Format):
    """Constructor, structure and weights: the pruned PyTorch module, without a pickle."""

    name: ClassVar[str] = "bundle"
    title: ClassVar[str] = "Bundle"
    purpose: ClassVar[str] = "The pruned PyTorch module again: workbench.load(directory)."
    files: ClassVar[tuple[str, ...]] = (WEIGHTS, MASKS, DESCRIPTION)
    runtime: ClassVar[str] = "PyTorch"

    def write(self, workshop: Workshop, monitor: Monitor = SILENT) -> tuple[str, ...]:
        """See `Format`."""
        monitor.report(0, 1, "writing weights")
        subject, directory = workshop.subject, workshop.directory
        tensors = write_tensors(directory, subject.model)
        described = write_description(
            directory, subject.model, subject.origin, tensors, workshop.description
        )
        return (*tensors, described)

    def open(self, workshop: Workshop) -> Run:
        """See `Format`."""
        subject, directory = workshop.subject, workshop.directory
        own = subject.dense if subject.origin.get("kind") == "module" else None
        module = load(directory, own)
        found, masks = read_masks(directory, module), subject.model.masks
        if found.keys() != masks.keys() or any(not found[k].equal(masks[k]) for k in masks):
            raise ExportError(
                f"{directory / MASKS} must hold the masks of {len(masks)} layers as they are in "
                "the session, and does not. Please report it."
            )
        return module_runner(module)
