"""Python source of the pruned network."""

import importlib.util
import subprocess
import sys
from dataclasses import dataclass
from typing import ClassVar

import safetensors.torch
import torch

from workbench.errors import ExportError
from workbench.export.checking import Run
from workbench.export.formats.base import Format, Workshop
from workbench.export.running import module_runner
from workbench.export.source import source_code
from workbench.progress import SILENT, Monitor

SOURCE, WEIGHTS = "network.py", "network.safetensors"

_ALONE = """
import sys
sys.path.insert(0, sys.argv[1])
from network import load
from safetensors.torch import load_file, save_file
with __import__("torch").inference_mode():
    outputs = load()(load_file(sys.argv[2])["inputs"])
assert not any(name.split(".")[0] == "workbench" for name in sys.modules)
save_file({"outputs": outputs.contiguous()}, sys.argv[3])
"""
_ALONE_S = 300


@dataclass(frozen=True)
class PythonSource(Format):
    """Readable code with the sizes that are left; it needs PyTorch, and nothing of this package."""

    name: ClassVar[str] = "python"
    title: ClassVar[str] = "Python source"
    purpose: ClassVar[str] = "Readable code and weights, for PyTorch without this library."
    files: ClassVar[tuple[str, ...]] = (SOURCE, WEIGHTS)
    runtime: ClassVar[str] = "PyTorch"

    def write(self, workshop: Workshop, monitor: Monitor = SILENT) -> tuple[str, ...]:
        """See `Format`."""
        monitor.report(0, 1, "writing source")
        subject = workshop.subject
        code = source_code(
            subject.model.module,
            subject.example_input,
            title=f"{subject.name}, pruned with the Pruning Workbench.",
            weights_file=WEIGHTS,
        )
        workshop.path(SOURCE).write_text(code.text, encoding="utf-8")
        safetensors.torch.save_file(code.tensors, workshop.path(WEIGHTS))
        return self.files

    def open(self, workshop: Workshop) -> Run:
        """See `Format`; it is also run on an input in a process of its own."""
        path = workshop.path(SOURCE)
        spec = importlib.util.spec_from_file_location("_exported_network", path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        run = module_runner(module.load())
        self._check_alone(workshop, run)
        return run

    def _check_alone(self, workshop: Workshop, run: Run) -> None:
        """Import it where nothing of this package is loaded, and compare outputs."""
        given, wanted = workshop.path("alone-inputs"), workshop.path("alone-outputs")
        inputs = workshop.subject.example_input.contiguous()
        safetensors.torch.save_file({"inputs": inputs}, given)
        command = [sys.executable, "-I", "-B", "-c", _ALONE]
        done = subprocess.run(
            [*command, str(workshop.directory), str(given), str(wanted)],
            capture_output=True,
            text=True,
            timeout=_ALONE_S,
            check=False,
        )
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["nothing"])[-1]
            raise ExportError(
                f"{SOURCE} must run in a process of its own, and fails there: {said}. Export "
                "without 'python', and please report it."
            )
        outputs = safetensors.torch.load_file(wanted)["outputs"]
        if not torch.allclose(outputs, torch.from_numpy(run(inputs.numpy())), atol=1e-5):
            raise ExportError(
                f"{SOURCE} must answer in a process of its own as it does here, and does not. "
                "Export without 'python', and please report it."
            )
