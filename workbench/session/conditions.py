"""Under which conditions latency is measured: on which device, with how many inputs at a time."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from workbench.devices import LocalCpu, open_device
from workbench.errors import DeviceError
from workbench.latency_model import Device


@dataclass(frozen=True)
class Conditions:
    """What a measured latency depends on beside the network.

    Attributes:
        device: Where it is measured.
        batch_size: Inputs at a time, at least 1.
    """

    device: Device = field(default_factory=LocalCpu)
    batch_size: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.batch_size, int) or self.batch_size < 1:
            raise DeviceError(
                f"batch_size must be a whole number of at least 1, got {self.batch_size!r}."
            )

    @classmethod
    def named(cls, device: str, batch_size: int) -> "Conditions":
        """Those of a device that a word stands for; nothing is measured yet.

        Raises:
            DeviceError: If it stands for none, this machine has none such, or the batch is empty.
        """
        return cls(open_device(device), batch_size)

    @property
    def words(self) -> str:
        """What a person reads beside a latency."""
        return f"{self.device.name}, batch {self.batch_size}"

    def inputs(self, example: Tensor) -> NDArray[np.float32]:
        """A batch of an example input, shape ``(1, ...)``: what it holds takes no time or more."""
        return np.repeat(example.numpy(), self.batch_size, axis=0)


class Selected:
    """The conditions that hold now; changed by the engine thread alone."""

    def __init__(self) -> None:
        self.conditions = Conditions()
