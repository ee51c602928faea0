"""What a worker keeps of a scan, and the bytes it is made from.

Where ONNX Runtime serves, these are the exported graph and arrays: they need no class of the
model, and are read without pickle. Where PyTorch has to run, it is the pickled model.
"""

import io
import json
import pickle
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch

from workbench.data.splits import ArraySplit, in_memory
from workbench.errors import InternalError, WorkerError
from workbench.onnx_graph import OnnxGraph
from workbench.onnx_graph.graph import Source
from workbench.progress import SILENT
from workbench.recalibration import Recalibration
from workbench.sensitivity.answering import Answered, answered
from workbench.sensitivity.measuring import Setting
from workbench.sensitivity.onnx_route import OnnxRoute
from workbench.sensitivity.routes import Logits, Route
from workbench.sensitivity.strategies import Known
from workbench.sensitivity.targets import AnyTarget
from workbench.sensitivity.torch_route import TorchRoute
from workbench.sensitivity.workers.messages import Errand

_GRAPH, _MODULE = b"workbench graph\n", b"workbench module\n"
_CALIBRATION = "calibration-"

REMEDY = (
    "What ONNX Runtime cannot run needs the module itself: define its class at the top level of a "
    "file that the workers can import, or scan without an executor."
)


class Job(Protocol):
    """Runs errands of one scan."""

    def run(self, errand: Errand) -> Answered:
        """Figures of its targets.

        Raises:
            CutError: If ONNX Runtime cannot run them.
        """

    def close(self) -> None:
        """Let go of threads and values."""


def pack_graph(route: OnnxRoute, setting: Setting, baseline: Logits) -> bytes:
    """Bytes of a job for ONNX Runtime."""
    graph, probe = route.graph, in_memory(setting.probe)
    about = {
        "sources": {name: [[s.parameter, s.order] for s in f] for name, f in graph.sources.items()},
        "memory_limit_bytes": setting.memory_limit_bytes,
        "divided_for": torch.get_num_threads(),
    }
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {
        "about": _as_array(json.dumps(about).encode()),
        "onnx": _as_array(graph.proto.SerializeToString()),
        "inputs": probe.images.numpy(),
        "labels": probe.labels.numpy(),
        "baseline": baseline,
        **_calibration_arrays(setting.recalibration),
    }
    np.savez(buffer, **arrays)
    return _GRAPH + buffer.getvalue()


def pack_module(setting: Setting, baseline: Logits) -> bytes:
    """Bytes of a job for PyTorch.

    Raises:
        WorkerError: If the model cannot be pickled.
    """
    try:
        parts = (setting.model, in_memory(setting.probe), setting.recalibration, baseline)
        return _MODULE + pickle.dumps(parts, protocol=5)
    except Exception as error:  # whatever a user's classes raise
        name = type(setting.model.module).__name__
        raise WorkerError(
            f"{name} cannot be sent to workers, because it cannot be pickled: {error}. {REMEDY}"
        ) from error


def open_job(content: bytes) -> Job:
    """The job that bytes of `pack_graph` or `pack_module` describe."""
    if content.startswith(_GRAPH):
        return _GraphJob(content[len(_GRAPH) :])
    if content.startswith(_MODULE):
        return _ModuleJob(content[len(_MODULE) :])
    raise InternalError(f"a job must begin with its kind, got {content[:16]!r}")


class _GraphJob:
    def __init__(self, content: bytes) -> None:
        with np.load(io.BytesIO(content), allow_pickle=False) as parts:
            about = json.loads(parts["about"].tobytes())
            data, baseline = parts["onnx"].tobytes(), parts["baseline"]
            inputs, labels = torch.from_numpy(parts["inputs"]), torch.from_numpy(parts["labels"])
            recalibration = _calibration_in(parts)
        probe = ArraySplit(inputs, labels)
        self._expected: Mapping[str, Logits] = {}
        self._route = OnnxRoute(
            OnnxGraph.restored(data, _sources(about["sources"])),
            probe,
            self._told,
            memory_limit_bytes=about["memory_limit_bytes"],
            divided_for=about["divided_for"],
            recalibration=recalibration,
        )
        self._baseline, self._labels = baseline, probe.labels.numpy()

    def run(self, errand: Errand) -> Answered:
        self._expected = errand.expected
        known = Known(self._baseline, self._labels, errand.achieved)
        return _run(self._route, errand, known)

    def close(self) -> None:
        self._route.close()

    def _told(self, target: AnyTarget) -> Logits:
        return self._expected[target.digest]


class _ModuleJob:
    def __init__(self, content: bytes) -> None:
        # Of `pack_module`, in the process that scans: it came by the executor, which pickles what
        # it carries anyway, or from a file whose digest did (see `delivery`).
        model, probe, recalibration, self._baseline = pickle.loads(content)
        self._route = TorchRoute(model, probe, recalibration)
        self._labels = probe.labels.numpy()

    def run(self, errand: Errand) -> Answered:
        return _run(self._route, errand, Known(self._baseline, self._labels, errand.achieved))

    def close(self) -> None:
        pass


def _run(route: Route, errand: Errand, known: Known) -> Answered:
    return answered(route, errand.strategy, errand.targets, known, SILENT)


def _sources(about: Mapping[str, Sequence[Sequence[object]]]) -> dict[str, tuple[Source, ...]]:
    return {
        weight: tuple(Source(str(name), tuple(order)) for name, order in found)  # type: ignore[arg-type]
        for weight, found in about.items()
    }


def _calibration_arrays(recalibration: Recalibration | None) -> dict[str, np.ndarray]:
    batches = () if recalibration is None else recalibration.batches
    return {f"{_CALIBRATION}{number}": batch.numpy() for number, batch in enumerate(batches)}


def _calibration_in(parts: Mapping[str, np.ndarray]) -> Recalibration | None:
    count = sum(name.startswith(_CALIBRATION) for name in parts)
    batches = (torch.from_numpy(parts[f"{_CALIBRATION}{number}"]) for number in range(count))
    return Recalibration(tuple(batches)) if count else None


def _as_array(data: bytes) -> np.ndarray:
    return np.frombuffer(data, np.uint8)
