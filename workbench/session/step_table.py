"""The steps of a history as a table: plain rows, CSV, and a pandas DataFrame."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from workbench.errors import HistoryError

if TYPE_CHECKING:
    from workbench.session.history import Step

Row = dict[str, Any]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would run."""


def step_row(step: "Step", current_id: int) -> Row:
    """One step, its figures with their units in the names; None where nothing was measured."""
    metrics = step.metrics
    latency, speedup = metrics.latency_ms, metrics.speedup
    return {
        "step": step.id,
        "parent": step.parent,
        "current": step.id == current_id,
        "kind": step.kind,
        "action": step.action.title,
        "name": step.name,
        "remark": step.remark,
        "created": step.created,
        "accuracy": metrics.accuracy,
        "loss": metrics.loss,
        "validation_accuracy": metrics.validation_accuracy,
        "parameters": metrics.parameters,
        "nonzero_parameters": metrics.nonzero_parameters,
        "macs": metrics.macs,
        "size_bytes": metrics.size_bytes,
        "onnx_bytes": metrics.onnx_bytes,
        "onnx_gzip_bytes": metrics.onnx_gzip_bytes,
        "latency_ms": latency.median_ms if latency else None,
        "latency_p10_ms": latency.p10_ms if latency else None,
        "latency_p90_ms": latency.p90_ms if latency else None,
        "speedup": speedup.value if speedup else None,
        "speedup_low": speedup.low if speedup else None,
        "speedup_high": speedup.high if speedup else None,
        "throughput": metrics.throughput,
        "measured_on": metrics.measured_on,
        "peak_memory_bytes": metrics.peak_memory_bytes,
        "activation_bytes": metrics.activation_bytes,
        "energy_mj": metrics.energy_mj,
        "notes": "; ".join(step.notes),
    }


def csv_text(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as CSV with a heading; text that a spreadsheet would run as a formula is defused.

    Such text gets an apostrophe in front, which spreadsheets take for "this is text".

    Reference:
        OWASP, CSV Injection, https://owasp.org/www-community/attacks/CSV_Injection.
    """
    rows = list(rows)
    file = io.StringIO()
    writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _defused(value) for name, value in row.items()} for row in rows)
    return file.getvalue()


def data_frame(rows: Iterable[Mapping[str, Any]]) -> Any:
    """Rows as a ``pandas.DataFrame`` indexed by step.

    Raises:
        HistoryError: If pandas is not installed.
    """
    try:
        import pandas  # noqa: PLC0415 - optional, and slow to load
    except ImportError as error:
        raise HistoryError(
            "a DataFrame needs pandas, and it is not installed: pip install pandas. Without it, "
            "session.history.table() gives the same as a list of dicts."
        ) from error
    return pandas.DataFrame(list(rows)).set_index("step")


def _defused(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
