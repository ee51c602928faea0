"""The command pruning-workbench: replaying recipes, opening the lab."""

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import workbench
from workbench import Plan, Session, cli
from workbench.actions import Finetune, Open, Prune
from workbench.errors import WorkbenchError
from workbench.jupyter_lab import OPTIONS, lab_command
from workbench.recipes import Entry, Outcome, Recipe
from workbench.training import FinetuneSettings

OPENING = Entry(Open("digits_cnn", "digits"))
HALF = Prune(Plan(granularity="weight", ratio=0.5))
WAIT_S = 120


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A recipe that takes no time, without anything expected of it."""
    path = tmp_path / "small.yaml"
    Recipe((OPENING, Entry(HALF))).write(path)
    return path


@pytest.fixture
def outcome(no_runtimes: None) -> Outcome:
    """What comes out of the small recipe."""
    with Session("digits_cnn", "digits") as session:
        session.plan = HALF.plan
        session.prune()
        return session.recipe().expected


def test_a_replay_shows_what_came_out(
    small: Path, no_runtimes: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["run", str(small)]) == 0
    output, progress = capsys.readouterr()
    first, *rows = output.splitlines()
    assert first.split() == ["dense", "result", "expected"]
    assert [row.split()[0] for row in rows[:4]] == ["accuracy", "parameters", "MACs", "weights"]
    assert rows[1].split()[1:] == ["91,306", "91,306", "–"]
    assert output.endswith("Done. The recipe does not say what to expect.\n")
    assert progress == ""  # this is no terminal


def test_what_comes_out_the_same_is_reproduced(
    small: Path, outcome: Outcome, no_runtimes: None, capsys: pytest.CaptureFixture[str]
) -> None:
    Recipe((OPENING, Entry(HALF)), expected=outcome).write(small)
    assert cli.main(["run", str(small), "--quiet"]) == 0
    assert capsys.readouterr().out == "Reproduced: every bit of the weights is the same.\n"


def test_what_differs_is_named_and_gives_status_1(
    small: Path, outcome: Outcome, no_runtimes: None, capsys: pytest.CaptureFixture[str]
) -> None:
    Recipe(
        (OPENING, Entry(HALF)),
        expected=replace(outcome, parameters=7, opened="0123"),
        made_with={"torch": "1.0"},
    ).write(small)
    assert cli.main(["run", str(small), "--quiet"]) == 1
    output = capsys.readouterr().out
    assert output.startswith("Not reproduced.\n  weights as opened: expected 0123, got ")
    assert "  parameters: expected 7, got 91,306\n" in output
    assert "is the weights file the same?" in output
    assert "The recipe was made with torch 1.0; here it is" in output


def test_an_export_goes_to_the_directory_named(
    small: Path, no_runtimes: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported: list[Any] = []

    def export(self: Session, directory: Path, formats: Any, *, overwrite: bool) -> None:
        exported.append((directory, [one.spelled for one in formats], overwrite))

    monkeypatch.setattr(Session, "export", export)
    assert cli.main(["run", str(small), "--export", "onnx", "--output", str(tmp_path / "o")]) == 0
    assert exported == [(tmp_path / "o", ["onnx"], False)]


def test_an_unknown_format_is_refused_before_anything_is_done(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["run", str(small), "--export", "onx"]) == 2
    assert "export formats must be among onnx," in capsys.readouterr().err


def test_where_nothing_can_be_written_is_found_out_first(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert cli.main(["run", str(small), "--export=onnx", f"--output={tmp_path / 'file'}"]) == 2
    assert "pruning-workbench: cannot write" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("steps: [", "line 1 must be YAML"),
        (
            "format_version: 1\nsteps: [{action: open, model: digits_cn}]",
            "Did you mean 'digits_cnn'",
        ),
        (
            "format_version: 1\nsteps: [{action: open, model: lenet5, data: 'npz:gone.npz'}]",
            "step 0 of the recipe, opened lenet5: data file not found",
        ),
        (
            "format_version: 1\nsteps: [{action: open, model: lab.Net, own_model: true}]",
            "the recipe needs model=..., your own lab.Net",
        ),
    ],
)
def test_what_is_wrong_with_a_recipe_gives_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    assert cli.main(["run", str(path)]) == 2
    output, errors = capsys.readouterr()
    assert (output, errors.count("Traceback")) == ("", 0)
    assert message in errors


@pytest.mark.parametrize("arguments", [[], ["prune"], ["run"]])
def test_a_command_line_that_says_nothing_known_gives_status_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2


RUN_WITHOUT_RUNTIMES = """
import sys
from workbench.cli import main
from workbench.session.measuring import Gauge
Gauge.onnx = lambda self, model, monitor: b"onnx"
Gauge.deployment = lambda self, model, metrics, dense, monitor: (metrics, b"onnx")
sys.exit(main(sys.argv[1:]))
"""
"""What `no_runtimes` does, in a process of its own."""

INTERRUPTIBLE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
"""
"""As from a terminal: what a shell starts in the background ignores interrupts."""


def environment() -> dict[str, str]:
    """This package in a fresh process, which has its own mind on threads."""
    kept = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    return kept | {"PYTHONPATH": str(Path(workbench.__file__).parents[1])}


def test_a_recipe_replays_in_a_fresh_process_bit_for_bit(tmp_path: Path, no_runtimes: None) -> None:
    with Session("digits_cnn", "digits") as session:
        unit, other = (unit.name for unit in session.units[:2])
        session.plan = Plan(ratio=0.25).remove(unit, [0, 3]).keep(unit, 5).lock(other)
        session.prune()
        session.finetune(1, distillation=True, augmentation="crop")
        session.plan = Plan(granularity="weight", ratio=0.5)
        session.prune()
        session.recipe().write(tmp_path / "recipe.yaml")
    done = subprocess.run(
        [sys.executable, "-c", RUN_WITHOUT_RUNTIMES, "run", "recipe.yaml"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )
    assert done.stdout.endswith("Reproduced: every bit of the weights is the same.\n")
    assert (done.returncode, done.stderr) == (0, "")


class Screen:
    """What came to a terminal so far; read all the time, as a terminal does."""

    def __init__(self, end: int) -> None:
        self._end, self._shown, self._more = end, b"", threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # the other end was closed
            while some := os.read(self._end, 4096):
                with self._more:
                    self._shown += some
                    self._more.notify_all()

    def shows(self, text: bytes) -> bool:
        """Whether this was written by now."""
        with self._more:
            return text in self._shown

    def waits_for(self, text: bytes) -> bool:
        """Wait until this was written."""
        with self._more:
            return self._more.wait_for(lambda: text in self._shown, WAIT_S)


@pytest.fixture
def terminal() -> Iterator[tuple[Screen, int]]:
    """A pseudo terminal: what it shows, and where to write."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    yield Screen(ours), theirs
    for end in (theirs, ours):
        os.close(end)


def test_an_interrupt_ends_it_cleanly(tmp_path: Path, terminal: tuple[Screen, int]) -> None:
    endless = Finetune(FinetuneSettings(epochs=100_000))
    Recipe((OPENING, Entry(endless))).write(tmp_path / "r.yaml")
    screen, written = terminal
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE + RUN_WITHOUT_RUNTIMES, "run", "r.yaml"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=written,
    ) as process:
        try:
            assert screen.waits_for(b"epoch 1/100000")  # the bar says what is done
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=WAIT_S)
        finally:
            process.kill()
    assert (process.returncode, output) == (130, b"")
    assert screen.waits_for(b"interrupted; nothing is left running")
    assert not screen.shows(b"Traceback")


def test_the_lab_opens_on_the_workbench_notebook_of_this_machine_alone() -> None:
    command = lab_command(browser=False)
    root = Path(workbench.__file__).parents[1]
    assert command[1:3] == ["-m", "jupyterlab"]
    assert {"--ServerApp.ip=127.0.0.1", "--no-browser"} <= set(command)
    assert f"--ServerApp.root_dir={root}" in command
    assert "--LabApp.default_url=/lab/tree/notebooks/workbench.ipynb" in command
    assert not any("token" in option for option in command)


def test_make_lab_starts_it_with_the_same_options() -> None:
    makefile = Path(workbench.__file__).parents[1] / "Makefile"
    text = makefile.read_text(encoding="utf-8")
    assert [option for option in OPTIONS if option not in text] == []


def test_without_the_sources_a_notebook_is_written_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.jupyter_lab._CHECKOUT", tmp_path / "nowhere")
    monkeypatch.chdir(tmp_path)
    command = lab_command()
    assert "--LabApp.default_url=/lab/tree/workbench.ipynb" in command
    written = tmp_path / "workbench.ipynb"
    assert "Workbench(session)" in json.loads(written.read_text())["cells"][0]["source"]
    written.write_text("{}")
    lab_command()
    assert written.read_text() == "{}"


def test_another_notebook_is_opened_from_its_own_directory(tmp_path: Path) -> None:
    notebook = tmp_path / "my own.ipynb"
    with pytest.raises(WorkbenchError, match=r"notebook must be a file, got .*my own.ipynb"):
        lab_command(notebook)
    notebook.touch()
    command = lab_command(notebook)
    assert f"--ServerApp.root_dir={tmp_path}" in command
    assert "--LabApp.default_url=/lab/tree/my%20own.ipynb" in command


def test_the_lab_takes_the_place_of_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []

    def run_instead(program: str, arguments: list[str]) -> None:
        started.append(arguments)
        raise SystemExit(0)

    monkeypatch.setattr(os, "execv", run_instead)
    with pytest.raises(SystemExit):
        cli.main(["lab", "--no-browser"])
    assert started == [lab_command(browser=False)]


def test_the_package_can_be_run_as_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "workbench", "--help"],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=True,
    )
    assert done.stdout.startswith("usage: pruning-workbench")
