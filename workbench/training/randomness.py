"""Random numbers of a training run: its own, from a seed, and all of them can be saved.

Dropout and samplers draw from PyTorch's own generator, a user's transforms perhaps from Python's
or NumPy's: those belong to the user, and are given back as they were.
"""

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

State = Mapping[str, Any]
"""Plain data and tensors."""


@contextmanager
def own_randomness(seed: int, device: torch.device) -> Iterator[None]:
    """Within, random numbers follow from the seed; afterwards all generators are as before."""
    before = random_state(device)
    try:
        torch.manual_seed(seed)  # those of all devices
        np.random.seed(seed % 2**32)
        random.seed(seed)
        yield
    finally:
        set_random_state(before, device)


def random_state(device: torch.device) -> dict[str, Any]:
    """Where the generators stand that a training run on a device may draw from."""
    name, keys, position, has_gauss, gauss = np.random.get_state(legacy=True)
    version, words, second = random.getstate()
    state = {
        "torch": torch.get_rng_state(),
        "numpy": [
            name,
            torch.from_numpy(np.array(keys, np.int64)),
            int(position),
            int(has_gauss),
            float(gauss),
        ],
        "python": [version, torch.tensor(words), second],
    }
    if device.type != "cpu":
        state[device.type] = torch.get_device_module(device).get_rng_state()
    return state


def set_random_state(state: State, device: torch.device) -> None:
    """Put the generators where they stood."""
    torch.set_rng_state(state["torch"])
    name, keys, *rest = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))
    version, words, second = state["python"]
    random.setstate((version, tuple(words.tolist()), second))
    if device.type in state:
        torch.get_device_module(device).set_rng_state(state[device.type])
