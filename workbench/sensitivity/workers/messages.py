"""What goes to a worker and what comes back: small, plain data, without the model."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod

import numpy as np

from workbench.onnx_graph.axes import KeptByName
from workbench.onnx_graph.cut import WeightMasks
from workbench.plan import Plan
from workbench.sensitivity.cache import Entry
from workbench.sensitivity.routes import Logits
from workbench.sensitivity.strategies import Strategy
from workbench.sensitivity.targets import Target


@dataclass(frozen=True, eq=False)
class SentTarget:
    """A target without its model.

    Attributes:
        unit, ratio, achieved, plan, digest, removed: As of the target.
        packed: Bits of its masks, and their shape, by parameter.
    """

    unit: str
    ratio: float
    achieved: float
    plan: Plan
    digest: str
    removed: KeptByName = field(repr=False)
    packed: Mapping[str, tuple[bytes, tuple[int, ...]]] = field(repr=False)

    @classmethod
    def of(cls, target: Target) -> "SentTarget":
        """What a worker needs to know of a target."""
        packed = {
            name: (np.packbits(mask).tobytes(), mask.shape) for name, mask in target.masks.items()
        }
        return cls(
            target.unit,
            target.ratio,
            target.achieved,
            target.plan,
            target.digest,
            target.removed,
            packed,
        )

    @property
    def masks(self) -> WeightMasks:
        """The unit's weight mask in its current shape, by parameter; empty for channels."""
        found = {}
        for name, (bits, shape) in self.packed.items():
            flags = np.unpackbits(np.frombuffer(bits, np.uint8), count=prod(shape))
            found[name] = flags.astype(bool).reshape(shape)
        return found


@dataclass(frozen=True, eq=False)
class Errand:
    """Targets of one unit, to be run by one worker.

    Attributes:
        number: No other errand of a scan has it. Clusters take equal calls for the same call.
        targets: The targets.
        strategy: Decides what is run.
        achieved: Ratio of the unit that is removed already.
        expected: By digest, what PyTorch answers to the first inputs, for the target that is run
            first; nothing where the worker runs PyTorch itself.
    """

    number: int
    targets: tuple[SentTarget, ...]
    strategy: Strategy
    achieved: float
    expected: Mapping[str, Logits] = field(repr=False)


@dataclass(frozen=True)
class Parcel:
    """Names what all errands of a scan need, and says where it is.

    Attributes:
        key: A digest of its content.
        path: A file that holds it; only workers on the same machine, or disk, can read that.
        home: The process that sends it.
        content: The content itself, for a worker that could not read the file.
    """

    key: str
    path: str
    home: str
    content: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Outcome:
    """What came of an errand.

    Attributes:
        worker: The process that ran it.
        found: Figures by digest.
        opened: Whether the parcel was opened for it; a worker does that once.
        missing: Whether the worker has no way to the parcel.
        refused: Why ONNX Runtime cannot run the unit, in words.
        unreadable: Why the parcel cannot be opened there, in words.
    """

    worker: str
    found: tuple[tuple[str, Entry], ...] = ()
    opened: bool = False
    missing: bool = False
    refused: str = ""
    unreadable: str = ""
