"""The compressed archive."""

from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from workbench.export.archive import encode
from workbench.export.bundle import FORMAT_VERSION, load
from workbench.export.checking import Run
from workbench.export.formats.base import Format, Workshop
from workbench.export.running import module_runner
from workbench.layers import WEIGHTED
from workbench.progress import SILENT, Monitor


@dataclass(frozen=True)
class Archive(Format):
    """Shared weights, entropy-coded; the smallest file, and what `workbench.load` reads.

    Attributes:
        convolution_bits: A convolution's weights share 2 to this many values.
        linear_bits: A linear layer's.
        seed: For the clustering of large layers.

    Reference:
        Han, Mao and Dally, Deep Compression, arXiv:1510.00149, which takes 8 and 5 bits.
    """

    convolution_bits: int = 8
    linear_bits: int = 5
    seed: int = 0

    name: ClassVar[str] = "archive"
    title: ClassVar[str] = "Compressed archive"
    purpose: ClassVar[str] = "The smallest file to send or store; unpacked by workbench.load."
    files: ClassVar[tuple[str, ...]] = ("model.pwz",)
    exact: ClassVar[bool] = False
    runtime: ClassVar[str] = "PyTorch"

    def write(self, workshop: Workshop, monitor: Monitor = SILENT) -> tuple[str, ...]:
        """See `Format`."""
        subject = workshop.subject
        module = subject.model.module
        bits = {
            f"{name}.weight": self.linear_bits
            if isinstance(part, nn.Linear)
            else self.convolution_bits
            for name, part in module.named_modules()
            if isinstance(part, WEIGHTED)
        }
        about = {
            "format_version": FORMAT_VERSION,
            "origin": dict(subject.origin),
            "structure": subject.model.structure.to_json(),
        }
        data = encode(module.state_dict(), bits, about, seed=self.seed, monitor=monitor)
        workshop.path(self.files[0]).write_bytes(data)
        return self.files

    def open(self, workshop: Workshop) -> Run:
        """See `Format`."""
        own = workshop.subject.dense if workshop.subject.origin.get("kind") == "module" else None
        return module_runner(load(workshop.path(self.files[0]), own))
