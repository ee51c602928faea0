"""Where files named by the user are looked for."""

import os
from pathlib import Path

DATA_DIRECTORY_VARIABLE = "PRUNING_WORKBENCH_DATA"


def locate(path: str | Path) -> Path:
    """Find a file as it is named, or else in the directory of ``PRUNING_WORKBENCH_DATA``.

    Only relative paths are looked for in that directory.

    Raises:
        FileNotFoundError: If it is in neither place; the message names both, and the remedy.
    """
    named = Path(path).expanduser()
    if named.is_file():
        return named
    places = [str(named.absolute())]
    directory = os.environ.get(DATA_DIRECTORY_VARIABLE)
    if directory and not named.is_absolute():
        fallback = Path(directory).expanduser() / named
        if fallback.is_file():
            return fallback
        places.append(str(fallback))
    remedy = "Check the spelling"
    if not directory:
        remedy += f", or set {DATA_DIRECTORY_VARIABLE} to the directory of your data files"
    raise FileNotFoundError(f"there is no file at {' or at '.join(places)}. {remedy}.")


def cache_directory() -> Path:
    """Where downloaded data sets are kept; not created here."""
    root = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(root).expanduser() / "pruning-workbench" / "datasets"
