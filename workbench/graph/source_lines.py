"""Which line of a model's own code is running, or failed."""

import linecache
import os
import sys
import textwrap
import traceback
from pathlib import Path
from types import FrameType

import torch

_NOT_THE_MODEL = (
    f"{Path(torch.__file__).parent}{os.sep}",
    f"{Path(__file__).parent}{os.sep}",
    "<",
)
_LONGEST_CODE = 72


def running_line() -> str:
    """The innermost line of model code that is running: ``line 12 of net.py (x = ...)``."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_NOT_THE_MODEL):
        frame = frame.f_back
    if frame is None:
        return ""
    return _described(frame.f_code.co_filename, frame.f_lineno)


def failing_line(error: Exception) -> str:
    """The innermost line of model code that an error passed through; empty if none."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(_NOT_THE_MODEL)]
    return _described(own[-1].filename, own[-1].lineno or 0) if own else ""


def _described(filename: str, number: int) -> str:
    code = textwrap.shorten(linecache.getline(filename, number), _LONGEST_CODE, placeholder=" …")
    return f"line {number} of {Path(filename).name} ({code})"
