"""Mixed precision: 16-bit arithmetic where the device is faster at it.

Reference:
    Micikevicius et al., Mixed Precision Training, arXiv:1710.03740.
"""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch

PRECISIONS = ("off", "auto")


@dataclass(frozen=True)
class Precision:
    """How numbers are held in forward passes.

    Attributes:
        device: Where they are computed.
        dtype: The 16-bit type; None for the model's own.
    """

    device: torch.device
    dtype: torch.dtype | None = None

    @classmethod
    def of(cls, setting: str, device: torch.device) -> "Precision":
        """What a setting means on a device: only CUDA GPUs gain from 16 bits."""
        if setting == "off" or device.type != "cuda":
            return cls(device)
        return cls(device, torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16)

    def autocast(self) -> AbstractContextManager[object]:
        """Within, operations that may run in 16 bits do."""
        if self.dtype is None:
            return nullcontext()
        return torch.autocast(self.device.type, self.dtype)

    def scaler(self) -> torch.amp.GradScaler:
        """Scales losses so that float16 gradients do not vanish; does nothing for other types."""
        return torch.amp.GradScaler(self.device.type, enabled=self.dtype is torch.float16)
