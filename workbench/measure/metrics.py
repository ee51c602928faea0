"""What is known about one state of a model: the figures that steps, charts and reports show."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace

from workbench.errors import HistoryError
from workbench.measure.latency import Latency, Ratio


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """Measured figures of a model; None where something has not been measured."""

    accuracy: float | None = None
    """Fraction of the test inputs classified correctly, in [0, 1]."""

    loss: float | None = None
    """Mean cross entropy on the test inputs, in nats."""

    validation_accuracy: float | None = None
    """Fraction of the validation inputs classified correctly, in [0, 1]."""

    parameters: int
    """Number of parameters, zeros included."""

    nonzero_parameters: int
    """Number of parameters that are not exactly zero."""

    macs: int
    """Multiply-adds of one inference of one input."""

    energy_mj: float | None = None
    """Energy of one inference of one input in millijoules: an estimate from operations and memory
    traffic, not a measurement."""

    size_bytes: int
    """Stored tensors of the state dict, exact, in bytes."""

    onnx_bytes: int | None = None
    """ONNX file, in bytes."""

    onnx_gzip_bytes: int | None = None
    """ONNX file after gzip, in bytes: where zeroed weights begin to pay."""

    latency_ms: Latency | None = None
    """Time of one inference in ONNX Runtime on the selected device, in milliseconds."""

    speedup: Ratio | None = None
    """Dense latency over this latency, measured interleaved; above 1 this model is faster."""

    throughput: float | None = None
    """Inputs per second at that latency, one batch after the other."""

    measured_on: str = ""
    """Device and batch size of the latency, in words."""

    peak_memory_bytes: int | None = None
    """The most memory that a process held in which nothing but this inference ran, in bytes."""

    activation_bytes: int | None = None
    """The part of it for values between layers, computed from their shapes, in bytes."""

    def figure(self, name: str) -> float | None:
        """One figure as a plain number: of latency the median, of the speed-up its estimate."""
        value = getattr(self, name)
        if isinstance(value, Latency):
            return value.median_ms
        if isinstance(value, Ratio):
            return value.value
        return None if value is None else float(value)

    def beside(self, later: "Metrics") -> "Metrics":
        """The dense model's metrics, with the speed it had in turn with `later`.

        Between two moments a machine is not equally fast; of figures that are read side by side,
        latency and speed-up have to agree.
        """
        own, then = self.latency_ms, later.latency_ms
        if own is None or then is None or later.speedup is None:
            return self
        factor = later.speedup.value * then.median_ms / own.median_ms
        throughput = None if self.throughput is None else self.throughput / factor
        return replace(self, latency_ms=own.scaled(factor), throughput=throughput)

    def to_json(self) -> dict[str, object]:
        """Return what `json.dumps` takes; `from_json` brings back an equal object."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> "Metrics":
        """Rebuild metrics from `to_json`, also after a trip through a JSON file.

        Raises:
            HistoryError: If a required figure is missing, one is unknown, or one has a wrong type.
        """
        known = [field.name for field in fields(cls)]
        for name in data:
            if name not in known:
                raise HistoryError(
                    f"metrics have the figures {', '.join(known)}; got {name!r}. The file was "
                    "changed by hand, or written by a newer version."
                )
        return cls(
            accuracy=_optional_float(data, "accuracy"),
            loss=_optional_float(data, "loss"),
            validation_accuracy=_optional_float(data, "validation_accuracy"),
            parameters=_count(data, "parameters"),
            nonzero_parameters=_count(data, "nonzero_parameters"),
            macs=_count(data, "macs"),
            energy_mj=_optional_float(data, "energy_mj"),
            size_bytes=_count(data, "size_bytes"),
            onnx_bytes=_optional_count(data, "onnx_bytes"),
            onnx_gzip_bytes=_optional_count(data, "onnx_gzip_bytes"),
            latency_ms=_latency(data.get("latency_ms")),
            speedup=_ratio(data.get("speedup")),
            throughput=_optional_float(data, "throughput"),
            measured_on=_words(data, "measured_on"),
            peak_memory_bytes=_optional_count(data, "peak_memory_bytes"),
            activation_bytes=_optional_count(data, "activation_bytes"),
        )


def _latency(data: object) -> Latency | None:
    if data is None:
        return None
    entries = _mapping(data, "latency_ms")
    samples = entries.get("samples_ms")
    if not isinstance(samples, list | tuple):
        raise _wrong_type("samples_ms", "a list of numbers", samples)
    return Latency(
        _float(entries, "median_ms"),
        _float(entries, "p10_ms"),
        _float(entries, "p90_ms"),
        tuple(_number(sample, "samples_ms") for sample in samples),
    )


def _ratio(data: object) -> Ratio | None:
    if data is None:
        return None
    entries = _mapping(data, "speedup")
    return Ratio(_float(entries, "value"), _float(entries, "low"), _float(entries, "high"))


def _mapping(data: object, name: str) -> Mapping[str, object]:
    if not isinstance(data, Mapping):
        raise _wrong_type(name, "a mapping", data)
    return data


def _float(data: Mapping[str, object], name: str) -> float:
    return _number(data.get(name), name)


def _optional_float(data: Mapping[str, object], name: str) -> float | None:
    return None if data.get(name) is None else _float(data, name)


def _words(data: Mapping[str, object], name: str) -> str:
    value = data.get(name, "")
    if not isinstance(value, str):
        raise _wrong_type(name, "a string", value)
    return value


def _optional_count(data: Mapping[str, object], name: str) -> int | None:
    return None if data.get(name) is None else _count(data, name)


def _count(data: Mapping[str, object], name: str) -> int:
    value = data.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _wrong_type(name, "a whole number of at least 0", value)
    return value


def _number(value: object, name: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _wrong_type(name, "a number", value)
    return float(value)


def _wrong_type(name: str, constraint: str, value: object) -> HistoryError:
    return HistoryError(
        f"{name} in metrics must be {constraint}, got {value!r}. The file is damaged or was "
        "changed by hand; go back to another step."
    )


FIGURES = tuple(entry.name for entry in fields(Metrics) if entry.name != "measured_on")
"""Names of all that `Metrics.figure` gives."""
