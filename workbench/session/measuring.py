"""What is measured of every step: at once what is cheap, afterwards what takes seconds."""

from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.export.onnx import onnx_bytes
from workbench.measure.accuracy import evaluate
from workbench.measure.energy import energy_of
from workbench.measure.latency import OPENINGS, Latency, latency_ratio
from workbench.measure.macs import macs_of
from workbench.measure.metrics import Metrics
from workbench.measure.size import gzip_bytes, nonzero_count, parameter_count, state_dict_bytes
from workbench.progress import Monitor, Part
from workbench.pruned import PrunedModel
from workbench.session.conditions import Conditions, Selected


@dataclass(frozen=True)
class Gauge:
    """Measures models on one data set; latency always beside the dense model.

    Attributes:
        dataset: Accuracy comes from its test split.
        example_input: Shape ``(1, ...)``: one input, for latency and export.
        selected: Where latency is measured, and with how many inputs at a time.
    """

    dataset: Dataset
    example_input: Tensor
    selected: Selected = field(default_factory=Selected)

    def counts(self, model: PrunedModel) -> Metrics:
        """What needs no run: parameters, MACs, estimated energy, stored bytes."""
        return Metrics(
            parameters=parameter_count(model.module),
            nonzero_parameters=nonzero_count(model.module),
            macs=macs_of(model.module, model.anatomy.layers),
            energy_mj=energy_of(model.module, model.anatomy.layers),
            size_bytes=state_dict_bytes(model.module),
        )

    def accuracy(self, model: PrunedModel, monitor: Monitor) -> Metrics:
        """Counts, and accuracy on test and validation data."""
        test = evaluate(model.module, self.dataset.test, monitor=Part(monitor, 0, 60, 100))
        validation = evaluate(
            model.module, self.dataset.validation, monitor=Part(monitor, 60, 100, 100)
        )
        return replace(
            self.counts(model),
            accuracy=test.accuracy,
            loss=test.loss,
            validation_accuracy=validation.accuracy,
        )

    def onnx(self, model: PrunedModel, monitor: Monitor) -> bytes:
        """The model as an ONNX file.

        Raises:
            ExportError: If it cannot be exported.
        """
        monitor.report(0, 100, "exporting to ONNX")
        with torch.no_grad():
            return onnx_bytes(model.module, self.example_input)

    def deployment(
        self, model: PrunedModel, metrics: Metrics, dense_onnx: bytes | None, monitor: Monitor
    ) -> tuple[Metrics, bytes]:
        """`metrics` with ONNX sizes and ONNX Runtime latency, and the ONNX file itself.

        Args:
            model: What to measure.
            metrics: What is known of it already.
            dense_onnx: The dense model's file, measured in turn with this one; None if `model`
                is the dense one.
            monitor: Receives progress and may cancel.
        """
        exported = self.onnx(model, monitor)
        monitor.report(40, 100, "measuring latency")
        files = {"now": exported} | ({"dense": dense_onnx} if dense_onnx else {})
        conditions = self.selected.conditions
        latencies = conditions.device.latencies(
            files,
            conditions.inputs(self.example_input),
            rounds=50,
            time_limit_s=5.0,
            openings=OPENINGS,
            monitor=Part(monitor, 40, 95, 100),
        )
        zipped = gzip_bytes(exported)
        monitor.report(100, 100, "measured")
        sized = replace(metrics, onnx_bytes=len(exported), onnx_gzip_bytes=zipped)
        return timed(sized, conditions, latencies["now"], latencies.get("dense")), exported


def timed(
    metrics: Metrics, conditions: Conditions, own: Latency | None, dense: Latency | None
) -> Metrics:
    """`metrics` with a latency; `dense` was measured in turn with it, None for the dense model."""
    if own is None:
        return replace(metrics, latency_ms=None, speedup=None, throughput=None, measured_on="")
    return replace(
        metrics,
        latency_ms=own,
        speedup=None if dense is None else latency_ratio(dense, own),
        throughput=1e3 * conditions.batch_size / own.median_ms,
        measured_on=conditions.words,
    )
