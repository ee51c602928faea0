"""The command ``pruning-workbench``.

Exit status: 0 if all went well, 1 if a recipe came out otherwise than it says or the installation
has a problem, 2 if something is wrong with what was asked for, 130 if it was interrupted.

What a command needs is imported when it runs: the doctor must run where PyTorch does not.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from workbench.doctor import Finding, State, examine, findings_text
from workbench.errors import WorkbenchError

SAME, DIFFERENT, REFUSED, INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what a command line says.

    Args:
        arguments: Without the command's name; those of the process by default.

    Returns:
        The exit status.
    """
    asked = _parser().parse_args(arguments)
    try:
        return int(asked.command(asked))
    except WorkbenchError as error:
        print(f"pruning-workbench: {error}", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        print("pruning-workbench: interrupted; nothing is left running.", file=sys.stderr)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "pruning-workbench", description="Prune neural networks: replay recipes, open the lab."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_run(commands.add_parser("run", help="replay a recipe and compare what comes out"))
    _add_lab(commands.add_parser("lab", help="open JupyterLab on the workbench notebook"))
    _add_doctor(commands.add_parser("doctor", help="check the installation, say how to mend it"))
    return parser


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.description = "Replay a recipe; print what came out beside what it says."
    parser.epilog = "Exit status: 0 reproduced, 1 something differs, 2 refused, 130 interrupted."
    parser.add_argument("recipe", type=Path, help="the file that Save recipe wrote")
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="where exports go (default: exports/RECIPE)"
    )
    parser.add_argument("--session", type=Path, metavar="DIR", help="keep the session there")
    parser.add_argument(
        "--export",
        action="append",
        metavar="FORMAT",
        help="write this format, such as onnx-int8; may be given several times",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an export that is there")
    parser.add_argument("--quiet", action="store_true", help="no progress, only the verdict")
    parser.set_defaults(command=_run)


def _run(asked: argparse.Namespace) -> int:
    from workbench.recipes.command import run  # noqa: PLC0415 - the doctor needs no PyTorch

    return SAME if run(asked) else DIFFERENT


def _add_lab(parser: argparse.ArgumentParser) -> None:
    parser.description = "Open JupyterLab on this machine only, with a token."
    parser.add_argument(
        "notebook", type=Path, nargs="?", help="another notebook than the workbench's own"
    )
    parser.add_argument("--no-browser", action="store_true", help="print the address only")
    parser.set_defaults(command=_lab)


def _lab(asked: argparse.Namespace) -> int:
    from workbench.jupyter_lab import lab_command  # noqa: PLC0415 - as above

    command = lab_command(asked.notebook, browser=not asked.no_browser)
    os.execv(command[0], command)


def _add_doctor(parser: argparse.ArgumentParser) -> None:
    parser.description = "Look whether this installation is whole, and say how to mend it."
    parser.epilog = "Exit status: 0 if there is no problem (there may be warnings), 1 if there is."
    parser.set_defaults(command=_doctor)


def _doctor(_: argparse.Namespace) -> int:
    findings = []

    def found() -> Iterator[Finding]:
        for finding in examine():
            findings.append(finding)
            yield finding

    for line in findings_text(found()):
        print(line, flush=True)
    return DIFFERENT if any(one.state is State.PROBLEM for one in findings) else SAME
