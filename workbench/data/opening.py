"""Open data by name, from a file, or from your own loaders."""

from difflib import get_close_matches
from pathlib import Path

from workbench.data.dataset import Dataset
from workbench.data.digits import open_digits
from workbench.data.loaders import EXPECTED, open_loaders
from workbench.data.normalization import Normalize
from workbench.data.npz import open_npz
from workbench.data.torchvision_sets import SETS, open_torchvision
from workbench.errors import DataError

NPZ_PREFIX = "npz:"


def open_data(
    spec: object,
    *,
    normalize: Normalize | None = None,
    seed: int = 0,
    probe_size: int | None = None,
) -> Dataset:
    """Open data of any kind.

    Args:
        spec: ``"digits"``; a torchvision set such as ``"cifar10"``; ``"npz:<path>"``; or a
            tuple ``(train, held_out)`` or ``(train, validation, test)`` of DataLoaders or
            map-style torch data sets. A `Dataset` is returned as it is.
        normalize: ``((mean, ...), (std, ...))`` per channel, for images scaled to [0, 1].
        seed: For the choice of the probe set, and of validation images where there is no
            validation split.
        probe_size: How many images the probe set has, instead of 512; never more than the
            validation split.

    Raises:
        DataError: If the data cannot be found, read or used.
    """
    if isinstance(spec, str):
        return _open_named(spec, normalize=normalize, seed=seed, probe_size=probe_size)
    if isinstance(spec, Path):
        return open_npz(spec, normalize=normalize, seed=seed, probe_size=probe_size)
    if isinstance(spec, Dataset):
        _refuse_normalize(normalize, "a Dataset that is already open")
        return spec
    if isinstance(spec, tuple | list):
        _refuse_normalize(normalize, "loaders, whose transform decides what the model sees")
        return open_loaders(spec, seed=seed, probe_size=probe_size)
    raise DataError(
        f"data must be a name, 'npz:<path>' or loaders, got a {type(spec).__name__}. {EXPECTED}"
    )


def data_names() -> tuple[str, ...]:
    """Every name that `open_data` knows; files are opened as ``"npz:<path>"``."""
    return ("digits", *SETS)


def _open_named(
    spec: str, *, normalize: Normalize | None, seed: int, probe_size: int | None
) -> Dataset:
    if spec == "digits":
        return open_digits(normalize=normalize, seed=seed, probe_size=probe_size)
    if spec in SETS:
        return open_torchvision(spec, normalize=normalize, seed=seed, probe_size=probe_size)
    if spec.startswith(NPZ_PREFIX):
        path = spec.removeprefix(NPZ_PREFIX)
        return open_npz(path, normalize=normalize, seed=seed, probe_size=probe_size)
    close = get_close_matches(spec.lower(), data_names(), n=1)
    if spec.endswith(".npz"):
        suggestion = f"Did you mean {NPZ_PREFIX + spec!r}? "
    else:
        suggestion = f"Did you mean {close[0]!r}? " if close else ""
    raise DataError(
        f"there is no data named {spec!r}. {suggestion}Known are {', '.join(data_names())} and "
        "'npz:<path>'. Or pass your own DataLoaders."
    )


def _refuse_normalize(normalize: Normalize | None, what: str) -> None:
    if normalize is not None:
        raise DataError(
            f"normalize cannot be applied to {what}, got {normalize!r}. Leave it out, and "
            "normalise in the transform of the data set."
        )
