"""One way to open a model in ONNX Runtime, so that everything measured is comparable."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnxruntime

from workbench.errors import DataError, ExportError
from workbench.measure.benchmark import CannotOpenError, WrongInputsError, open_session


def open_runtime(
    source: bytes | str | Path, *, threads: int = 1, profile: Path | None = None
) -> onnxruntime.InferenceSession:
    """Open an ONNX model on the CPU.

    Args:
        source: The model's bytes, or its file.
        threads: Threads within an operator, at least 1; operators run one after another.
        profile: Start of the name of a file to which the runtime writes how long operators take.

    Raises:
        ExportError: If the file cannot be read or is not a model that ONNX Runtime accepts.
    """
    if threads < 1:
        raise ExportError(f"threads must be at least 1, got {threads}.")
    with errors_of_models():
        return open_session(
            source, threads=threads, profile="" if profile is None else str(profile)
        )


@contextmanager
def errors_of_models() -> Iterator[None]:
    """Turn what `workbench.measure.benchmark` raises into errors of the workbench."""
    try:
        yield
    except CannotOpenError as error:
        raise ExportError(str(error)) from error
    except WrongInputsError as error:
        raise DataError(str(error)) from error
