"""Do PyTorch and ONNX Runtime compute? Being installed is not enough: libraries may be missing."""

from collections.abc import Iterator
from importlib import import_module, metadata
from typing import Any

from workbench.doctor.finding import Finding, ok, problem, warning

_ONNX_RUNTIMES = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino")
_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


def check_torch() -> Iterator[Finding]:
    """PyTorch adds up two numbers, and says on what else it can compute."""
    try:
        torch = import_module("torch")
        total = float((torch.ones(2) + torch.ones(2)).sum())
    except Exception as error:  # a broken library can raise anything
        yield _broken("PyTorch", "torch", error)
        return
    if total != 4:
        yield problem(f"PyTorch computes 1 + 1 + 1 + 1 = {total:g}", _reinstall("torch"))
        return
    threads = torch.get_num_threads()
    yield ok(f"PyTorch computes: {', '.join(_devices(torch))}, {threads} threads")


def check_onnx_runtime() -> Iterator[Finding]:
    """ONNX Runtime runs a small model, with the providers that the hardware calls for."""
    yield from _one_onnx_runtime()
    try:
        runtime = import_module("onnxruntime")
        providers = list(runtime.get_available_providers())
        answer = _run_a_sum(runtime)
    except Exception as error:  # as above
        yield _broken("ONNX Runtime", "onnxruntime", error)
        return
    if answer != [2.0, 4.0]:
        yield problem(f"ONNX Runtime computes 2 × (1, 2) = {answer}", _reinstall("onnxruntime"))
    elif _CPU not in providers:
        yield problem(
            f"ONNX Runtime has no {_CPU}, only {', '.join(providers)}; exports are checked and "
            "timed on it",
            _reinstall("onnxruntime"),
        )
    else:
        yield ok(f"ONNX Runtime computes: {', '.join(providers)}")
        yield from _gpu_unused(providers)


def _devices(torch: Any) -> list[str]:
    devices = ["cpu"]
    if torch.cuda.is_available():
        devices.append(f"cuda ({torch.cuda.get_device_name(0)})")
    if torch.backends.mps.is_available():
        devices.append("mps")
    return devices


def _one_onnx_runtime() -> Iterator[Finding]:
    """Its builds share one folder: whichever was installed last overwrote the others."""
    found = [name for name in _ONNX_RUNTIMES if _is_installed(name)]
    if len(found) > 1:
        yield problem(
            f"{' and '.join(found)} are installed over one another",
            f"pip uninstall {' '.join(found)}, then install the one you want",
        )


def _gpu_unused(providers: list[str]) -> Iterator[Finding]:
    if _CUDA not in providers and _has_cuda():
        yield warning(
            f"this machine has a CUDA GPU, and ONNX Runtime no {_CUDA}: latency cannot be "
            "measured on the GPU",
            "pip uninstall onnxruntime && pip install onnxruntime-gpu",
        )


def _has_cuda() -> bool:
    """Whether PyTorch sees a GPU; if it cannot be imported, its own check says so."""
    try:
        return bool(import_module("torch").cuda.is_available())
    except Exception:
        return False


def _run_a_sum(runtime: Any) -> list[float]:
    """2 × (1, 2), as a model in ONNX."""
    onnx, numpy = import_module("onnx"), import_module("numpy")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "x"], ["y"])],
        "sum",
        [helper.make_tensor_value_info("x", kind, [2])],
        [helper.make_tensor_value_info("y", kind, [2])],
    )
    opset = helper.make_opsetid("", 18)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=10)
    session = runtime.InferenceSession(model.SerializeToString(), providers=[_CPU])
    answer = session.run(None, {"x": numpy.array([1, 2], numpy.float32)})[0]
    return [float(value) for value in answer]


def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _broken(title: str, package: str, error: Exception) -> Finding:
    first = (str(error).strip().splitlines() or [""])[0]
    return problem(f"{title} does not work: {type(error).__name__}: {first}", _reinstall(package))


def _reinstall(package: str) -> str:
    return f"pip install --force-reinstall {package}"
