"""The doctor as a command: every check is made, and the exit status says what came out."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import workbench
from workbench import cli
from workbench.doctor import examine, findings_text
from workbench.doctor.finding import Finding, State, ok, problem, warning

WELL, WARNED, ILL = ok("torch 2.14"), warning("no GPU", "buy one"), problem("no onnx", "install it")


def test_a_check_that_fails_does_not_keep_the_others_from_being_made() -> None:
    def check_the_weather() -> Iterator[Finding]:
        yield ok("dry so far")
        raise RuntimeError("rain")

    first, broken, last = examine((check_the_weather, lambda: [WELL]))
    assert (first.text, last) == ("dry so far", WELL)
    assert broken.state is State.PROBLEM
    assert broken.text == "the weather could not be checked: RuntimeError: rain"


@pytest.mark.parametrize(
    ("findings", "lines"),
    [
        ([WELL], ["ok       torch 2.14", "", "All is well."]),
        ([WARNED], ["warning  no GPU", "         → buy one", "", "1 warning."]),
        (
            [ILL, ILL, WARNED],
            2 * ["problem  no onnx", "         → install it"]
            + ["warning  no GPU", "         → buy one", "", "2 problems and 1 warning."],
        ),
    ],
)
def test_each_finding_is_a_line_and_how_to_mend_it_another(
    findings: list[Finding], lines: list[str]
) -> None:
    assert list(findings_text(findings)) == lines


@pytest.mark.parametrize(
    ("findings", "status"), [([WELL], 0), ([WELL, WARNED], 0), ([ILL, WELL], 1)]
)
def test_only_a_problem_changes_the_exit_status(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    findings: list[Finding],
    status: int,
) -> None:
    monkeypatch.setattr(cli, "examine", lambda: iter(findings))
    assert cli.main(["doctor"]) == status
    assert capsys.readouterr().out.splitlines() == list(findings_text(findings))


def test_the_doctor_runs_where_pytorch_and_the_interface_cannot_be_imported(
    tmp_path: Path,
) -> None:
    broken = ("torch", "onnxruntime", "bokeh", "ipywidgets", "anywidget", "jupyterlab")
    for name in broken:
        (tmp_path / f"{name}.py").write_text(f"raise ImportError('{name} is broken')")
    root = Path(workbench.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-m", "workbench", "doctor"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(tmp_path), str(root)))},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (1, "")
    assert "problem  PyTorch does not work: ImportError: torch is broken" in lines
    assert "problem  ONNX Runtime does not work: ImportError: onnxruntime is broken" in lines
    assert any(line.startswith("ok       BokehJS") for line in lines)  # by its files alone
