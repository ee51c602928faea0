"""How JupyterLab is started on the workbench notebook: this machine only, with a token."""

import json
import os
import sys
from pathlib import Path
from urllib.parse import quote

import workbench
from workbench.errors import WorkbenchError
from workbench.store import write_whole

# No news and no look for updates: nothing asks the network.
OPTIONS = (
    "--ServerApp.ip=127.0.0.1",
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
)

_CHECKOUT = Path(workbench.__file__).parents[1]

_CELL = "from widgets import Workbench\nfrom workbench import Session\n\n" + (
    'session = Session("digits_cnn", "digits", directory="sessions/digits")\nWorkbench(session)'
)


def lab_command(notebook: Path | None = None, *, browser: bool = True) -> list[str]:
    """The command line that opens JupyterLab on a notebook.

    Args:
        notebook: Which; by default the one that comes with the sources, or else
            ``workbench.ipynb`` in the working directory, which is written if it is missing.
        browser: Whether a browser opens by itself.

    Raises:
        WorkbenchError: If the notebook named does not exist.
        ExportError: If there is none and it cannot be written.
    """
    if notebook is not None and not notebook.is_file():
        raise WorkbenchError(
            f"notebook must be a file, got {notebook}, which does not exist. Leave it out for the "
            "workbench's own."
        )
    found = _own_notebook() if notebook is None else notebook.resolve()
    root = _CHECKOUT if found.is_relative_to(_CHECKOUT) else found.parent
    options = [
        *OPTIONS,
        f"--ServerApp.root_dir={root}",
        f"--LabApp.default_url=/lab/tree/{quote(found.relative_to(root).as_posix())}",
    ]
    if not browser:
        options.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")
    return [sys.executable, "-m", "jupyterlab", *options]


def _own_notebook() -> Path:
    shipped = _CHECKOUT / "notebooks" / "workbench.ipynb"
    if shipped.is_file():
        return shipped
    path = Path("workbench.ipynb").resolve()
    if not path.exists():
        write_whole(path, json.dumps(_notebook(), indent=1).encode())
    return path


def _notebook() -> dict[str, object]:
    """One cell that shows the workbench; with a kernel named, JupyterLab asks for none."""
    cell: dict[str, object] = {
        "cell_type": "code",
        "id": "workbench",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": _CELL,
    }
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    return {
        "cells": [cell],
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
