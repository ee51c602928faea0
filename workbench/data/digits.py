"""scikit-learn's handwritten digits: real data that needs no download.

Reference:
    Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI repository, 1998.
"""

import numpy as np
import torch
from sklearn.datasets import load_digits

from workbench.data.dataset import Dataset
from workbench.data.heldout import probe_of
from workbench.data.normalization import Normalize, read_normalization
from workbench.data.splits import ArraySplit

SPLIT_SEED = 20
TRAIN_SHARE, VALIDATION_SHARE = 0.6, 0.2


def open_digits(
    *,
    normalize: Normalize | None = None,
    seed: int = 0,
    probe_size: int | None = None,
) -> Dataset:
    """Open the 1,797 digits: images ``(1, 8, 8)`` in [0, 1], ten classes.

    The split is the same whatever `seed` is: the bundled network was trained on its training
    part, and another split would hand it test images it has seen. `seed` chooses the probe set.
    """
    normalization = read_normalization(normalize, channels=1)
    digits = load_digits()
    images = torch.from_numpy(digits.images.astype(np.float32) / 16).unsqueeze(1)
    labels = torch.from_numpy(digits.target.astype(np.int64))
    train, validation, test = (
        ArraySplit(images[positions], labels[positions], normalization)
        for positions in _split_positions(digits.target)
    )
    probe, probe_notes = probe_of(validation, probe_size, seed=seed)
    return Dataset(
        name="digits",
        classes=tuple(str(name) for name in digits.target_names),
        input_shape=(1, 8, 8),
        train=train,
        validation=validation,
        test=test,
        probe=probe,
        notes=(
            f"The {len(labels):,} digits of scikit-learn, split by class into {len(train):,} for "
            f"training, {len(validation)} for validation and {len(test)} for testing.",
            *probe_notes,
        ),
    )


def _split_positions(target: np.ndarray) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    # RandomState, because NumPy promises never to change its numbers; the newer Generator's
    # may change, and with them the images that the bundled network has not seen.
    random = np.random.RandomState(SPLIT_SEED)
    parts: tuple[list[np.ndarray], ...] = ([], [], [])
    for label in np.unique(target):
        positions = random.permutation(np.flatnonzero(target == label))
        stops = np.cumsum([TRAIN_SHARE, VALIDATION_SHARE]) * len(positions)
        for part, chosen in zip(parts, np.split(positions, stops.round().astype(int)), strict=True):
            part.append(chosen)
    train, validation, test = (torch.from_numpy(np.sort(np.concatenate(part))) for part in parts)
    return train, validation, test
