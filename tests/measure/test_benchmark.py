"""The file that is copied to devices: needs little, answers in lines of JSON."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_onnx import tiny

from workbench.measure import benchmark

SOURCE = Path(benchmark.__file__)
LATENCY = {"threads": 1, "warmup": 1, "rounds": 5, "time_limit_s": 5, "openings": 1}


def ask(directory: Path, **request: Any) -> tuple[int, list[dict[str, Any]]]:
    """Run the file as a device would: in a process of its own, without the workbench."""
    (directory / "a.onnx").write_bytes(tiny())
    np.save(directory / "inputs.npy", np.ones((1, 4), np.float32))
    asked = {"models": {"a": "a.onnx"}, "inputs": "inputs.npy", **request}
    (directory / "request.json").write_text(json.dumps(asked))
    (directory / "benchmark.py").write_bytes(SOURCE.read_bytes())
    done = subprocess.run(
        [sys.executable, "-I", "benchmark.py", "request.json"],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_it_answers_with_the_times_of_every_round(tmp_path: Path) -> None:
    status, lines = ask(tmp_path, task="latency", **LATENCY)
    assert status == 0
    assert set(lines[0]["versions"]) == {"onnxruntime", "python"}
    assert len(lines[-1]["result"]["a"]) == 5
    assert any("progress" in line for line in lines)


def test_it_answers_with_the_memory_before_and_at_the_peak(tmp_path: Path) -> None:
    status, lines = ask(tmp_path, task="memory", threads=1)
    before, peak = lines[-1]["result"]
    assert status == 0
    assert 2**20 < before <= peak < 2**32


def test_a_mistake_is_an_answer_too(tmp_path: Path) -> None:
    status, lines = ask(tmp_path, task="latency", **LATENCY, models={"gone": "gone.onnx"})
    assert status == 1
    assert lines[-1]["error"]["kind"] == "CannotOpenError"
    assert "gone.onnx" in lines[-1]["error"]["message"]


def test_it_says_that_it_lives_while_one_inference_takes_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "request.json").write_text("{}")
    seen = []

    def slow(*_: object) -> str:
        while '"alive": true' not in (text := capsys.readouterr().out):
            seen.append(text)
        return "done"

    monkeypatch.setattr(benchmark, "ALIVE_S", 0.001)
    monkeypatch.setattr(benchmark, "answer", slow)
    assert benchmark.main(str(tmp_path / "request.json")) == 0
    assert '{"result": "done"}' in capsys.readouterr().out


def test_it_needs_python_3_8_numpy_and_onnxruntime_alone() -> None:
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"), feature_version=(3, 8))
    needed = {
        (node.module if isinstance(node, ast.ImportFrom) else alias.name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert needed - set(sys.stdlib_module_names) == {"numpy", "onnxruntime", "psutil"}
