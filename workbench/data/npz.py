"""Data in one .npz file: ``x_train``, ``y_train``, ``x_test``, ``y_test``."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from workbench.data.arrays import array_split, normalized
from workbench.data.assembly import assemble
from workbench.data.dataset import Dataset
from workbench.data.location import locate
from workbench.data.normalization import Normalize, read_normalization
from workbench.data.splits import ArraySplit
from workbench.errors import DataError

REQUIRED = ("x_train", "y_train", "x_test", "y_test")
OPTIONAL = ("x_val", "y_val", "classes")


def open_npz(
    path: str | Path,
    *,
    normalize: Normalize | None = None,
    seed: int = 0,
    probe_size: int | None = None,
) -> Dataset:
    """Open the arrays of a .npz file.

    Images are uint8, which are read as 0 to 1, or floats, which are read as they are; grey
    ``(N, H, W)``, or ``(N, H, W, C)``, or ``(N, C, H, W)``. Labels are class indices. The arrays
    ``x_val`` and ``y_val``, and ``classes`` with the class names, are used where they exist. A
    relative path is also looked for in the directory of ``PRUNING_WORKBENCH_DATA``.

    Raises:
        DataError: If the file or an array is missing, or cannot be used.
    """
    try:
        found = locate(path)
    except FileNotFoundError as error:
        raise DataError(f"data file not found: {error}") from None
    arrays = _read(found)
    pairs = [("x_train", "y_train"), ("x_test", "y_test")]
    if "x_val" in arrays and "y_val" in arrays:
        pairs.append(("x_val", "y_val"))
    splits = [array_split(arrays[x], arrays[y], names=(x, y), where=str(found)) for x, y in pairs]
    shape = _common_shape(splits, pairs, found)
    normalization = read_normalization(normalize, shape[0])
    train, test, *validation = (
        normalized(split, normalization, name=pair[0], where=str(found))
        for split, pair in zip(splits, pairs, strict=True)
    )
    classes = [str(name) for name in arrays["classes"]] if "classes" in arrays else None
    return assemble(
        found.stem,
        train=train,
        validation=validation[0] if validation else None,
        test=test,
        input_shape=shape,
        classes=classes,
        where=str(found),
        seed=seed,
        probe_size=probe_size,
    )


def _read(path: Path) -> Mapping[str, np.ndarray]:
    try:
        # Pickled arrays can run any code when they are read.
        archive = np.load(path, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise TypeError("it holds a single array")
        with archive:
            missing = [name for name in REQUIRED if name not in archive]
            if missing:
                raise DataError(
                    f"data file must hold the arrays {', '.join(REQUIRED)}, but "
                    f"{', '.join(missing)} is missing from {path}, which has "
                    f"{', '.join(archive.files) or 'none'}. Write it with numpy.savez."
                )
            wanted = [name for name in (*REQUIRED, *OPTIONAL) if name in archive]
            return {name: archive[name] for name in wanted}
    except DataError:
        raise
    except Exception as error:  # a foreign file: whatever is wrong with it is the user's news
        raise DataError(
            f"data file cannot be read as .npz without pickle: {path}: {error}. "
            "Write plain number arrays with numpy.savez."
        ) from error


def _common_shape(
    splits: list[ArraySplit], pairs: list[tuple[str, str]], path: Path
) -> tuple[int, ...]:
    shape = tuple(splits[0].images.shape[1:])
    for split, (name, _) in zip(splits, pairs, strict=True):
        if tuple(split.images.shape[1:]) != shape:
            raise DataError(
                f"images must have one shape everywhere, got {tuple(split.images.shape[1:])} "
                f"(C, H, W) in {name} and {shape} in {pairs[0][0]} of {path}. Resize them."
            )
    return shape
