"""Tracing: a module as one graph with a free batch size, for the formats that need a graph."""

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from workbench.errors import ExportError


def traced(model: nn.Module, example_input: Tensor) -> torch.export.ExportedProgram:
    """Trace a model with a free batch size.

    Args:
        model: In evaluation mode; its parameters are fake while this runs.
        example_input: Shape ``(B, *input_shape)``.

    Raises:
        ExportError: If it cannot be traced, or fixes its batch size.
    """
    # Tracing treats sizes 0 and 1 as fixed, so the example must hold at least two inputs.
    example = torch.cat([example_input, example_input])[:2]
    shapes = torch.export.ShapesCollection()  # type: ignore[no-untyped-call]
    shapes[example] = {0: torch.export.Dim("batch")}
    try:
        return torch.export.export(model, (example,), dynamic_shapes=shapes, strict=False)
    except Exception as error:  # tracing runs the user's forward: anything may come out
        name = type(model).__name__
        if "Constraints violated" in str(error):
            raise ExportError(
                f"the batch size of {name} must be free, but its forward fixes it at "
                f"{len(example)} for an example of shape {tuple(example.shape)}. Use x.flatten(1) "
                "or x.shape[0] in forward instead of a number."
            ) from error
        raise ExportError(
            f"{name} cannot be traced on an example of shape {tuple(example.shape)}: "
            f"{first_cause(error)}. Its forward must run on such inputs and must not branch on "
            "the values of tensors; the full story is in this error's cause."
        ) from error


@contextmanager
def quiet_torch() -> Iterator[None]:
    """Keep torch from logging what this thread's exception is about to say anyway."""
    thread = threading.get_ident()

    def from_elsewhere(record: logging.LogRecord) -> bool:
        return record.thread != thread

    # Torch's loggers each have a handler of their own and do not propagate.
    names = [name for name in logging.Logger.manager.loggerDict if name.split(".")[0] == "torch"]
    handlers = {handler for name in names for handler in logging.getLogger(name).handlers}
    for handler in handlers:
        handler.addFilter(from_elsewhere)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(from_elsewhere)


def first_cause(error: BaseException) -> str:
    """The first line of the innermost cause: the exporter wraps it in general advice."""
    while error.__cause__ is not None:
        error = error.__cause__
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip() or type(error).__name__
    return text.splitlines()[0].rstrip(" .")
