"""How fast the exported files are: all in turn, so that their ratios can be believed."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from workbench.export.formats import Format, Workshop
from workbench.export.report import Exported
from workbench.measure.latency import Ratio, latency_ratio, measure_latencies
from workbench.progress import SILENT, Monitor

_DENSE = "the dense model"


def timed(
    exported: Sequence[Exported],
    formats: Sequence[Format],
    workshop: Workshop,
    dense_onnx: Callable[[], bytes] | None = None,
    *,
    monitor: Monitor = SILENT,
) -> tuple[Exported, ...]:
    """Measure the files that ONNX Runtime runs, on one input and one thread.

    Args:
        exported: What was written.
        formats: By which formats.
        workshop: Where it is.
        dense_onnx: Gives the dense model's file, to compare with.
        monitor: Receives progress and may cancel.
    """
    sources: dict[str, bytes | Path] = {
        one.format: workshop.path(next(iter(one.files)))
        for one, by in zip(exported, formats, strict=True)
        if by.in_onnx_runtime
    }
    if not sources:
        return tuple(exported)
    if dense_onnx is not None:
        sources[_DENSE] = dense_onnx()
    found = measure_latencies(sources, workshop.subject.example_input.numpy(), monitor=monitor)

    def ratio(one: str, beside: str) -> Ratio | None:
        return latency_ratio(found[beside], found[one]) if beside in found else None

    return tuple(
        replace(
            one,
            latency_ms=found[one.format],
            speedup=ratio(one.format, _DENSE),
            speedup_over_onnx=ratio(one.format, "onnx") if one.format != "onnx" else None,
        )
        if one.format in found
        else one
        for one in exported
    )
