"""Where training computes."""

from collections.abc import Callable

import torch

from workbench.errors import TrainingError

_AVAILABLE: dict[str, Callable[[], bool]] = {
    "cuda": torch.cuda.is_available,
    "mps": torch.backends.mps.is_available,
    "cpu": torch.cpu.is_available,
}
"""Whether a kind of device is there, fastest first."""

DEVICES = ("auto", *_AVAILABLE)


def device_named(name: str) -> torch.device:
    """The device of one of `DEVICES`.

    Raises:
        TrainingError: If it is not there; says which are.
    """
    there = [kind for kind, available in _AVAILABLE.items() if available()]
    if name == "auto":
        return torch.device(there[0])
    if name not in there:
        raise TrainingError(
            f"device of fine-tuning must be one that PyTorch finds here, {' or '.join(there)}; got "
            f"{name!r}. Use 'auto' for the fastest, or install a PyTorch that is built for it."
        )
    return torch.device(name)
