"""One way to open a model in ONNX Runtime, so that everything measured is comparable."""

from pathlib import Path

import onnxruntime

from workbench.errors import ExportError

_ERRORS_ONLY = 3


def open_runtime(source: bytes | str | Path, *, threads: int = 1) -> onnxruntime.InferenceSession:
    """Open an ONNX model on the CPU.

    Args:
        source: The model's bytes, or its file.
        threads: Threads within an operator, at least 1; operators run one after another.

    Raises:
        ExportError: If the file cannot be read or is not a model that ONNX Runtime accepts.
    """
    if threads < 1:
        raise ExportError(f"threads must be at least 1, got {threads}.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    # A waiting pool that spins would steal time from the model it is compared with.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    name = "the given bytes" if isinstance(source, bytes) else str(source)
    try:
        return onnxruntime.InferenceSession(
            source if isinstance(source, bytes) else str(source),
            sess_options=options,
            providers=["CPUExecutionProvider"],
        )
    except Exception as error:  # the runtime's own exceptions share no public base class
        raise ExportError(
            f"ONNX Runtime {onnxruntime.__version__} cannot open {name}: {error}. "
            "Export the model again, or check that the file is a complete ONNX model."
        ) from error
