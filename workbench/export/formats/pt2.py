"""PyTorch's own exported program."""

import copy
from dataclasses import dataclass
from typing import ClassVar

import torch

from workbench.export.checking import Run
from workbench.export.formats.base import Format, Workshop
from workbench.export.running import module_runner
from workbench.export.tracing import quiet_torch, traced
from workbench.progress import SILENT, Monitor


@dataclass(frozen=True)
class ExportedProgram(Format):
    """A traced graph with its weights, for `torch.export.load`, AOTInductor and ExecuTorch.

    PyTorch's reader of such files can unpickle. This package opens the one it has just written,
    and no other.
    """

    name: ClassVar[str] = "pt2"
    title: ClassVar[str] = "PyTorch .pt2"
    purpose: ClassVar[str] = "For PyTorch without the model's class: torch.export, AOTInductor."
    files: ClassVar[tuple[str, ...]] = ("model.pt2",)
    runtime: ClassVar[str] = "PyTorch"

    def write(self, workshop: Workshop, monitor: Monitor = SILENT) -> tuple[str, ...]:
        """See `Format`."""
        monitor.report(0, 1, "tracing")
        subject = workshop.subject
        with torch.no_grad(), quiet_torch():
            program = traced(copy.deepcopy(subject.model.module).eval(), subject.example_input)
            torch.export.save(program, workshop.path(self.files[0]))
        return self.files

    def open(self, workshop: Workshop) -> Run:
        """See `Format`."""
        program = torch.export.load(workshop.path(self.files[0]))
        return module_runner(program.module())

    def notes(self, workshop: Workshop) -> tuple[str, ...]:
        """See `Format`."""
        return ("torch.export.load can run code hidden in a .pt2 file: open only files you trust.",)
