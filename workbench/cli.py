"""The command ``pruning-workbench``.

Exit status: 0 if all went well, 1 if a recipe came out otherwise than it says, 2 if something is
wrong with what was asked for, 130 if it was interrupted.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import torch
from tqdm import tqdm

from workbench.errors import WorkbenchError
from workbench.export.formats import FORMATS, chosen_formats
from workbench.export.package import check_vacant
from workbench.jupyter_lab import lab_command
from workbench.progress import Part
from workbench.recipes import Recipe, read_recipe
from workbench.recipes.report import report_text
from workbench.store import check_writable

SAME, DIFFERENT, REFUSED, INTERRUPTED = 0, 1, 2, 130

_MOST_THREADS = 1024


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
        help=f"write this format ({', '.join(FORMATS)}); may be given several times",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an export that is there")
    parser.add_argument("--quiet", action="store_true", help="no progress, only the verdict")
    parser.set_defaults(command=_run)


def _run(asked: argparse.Namespace) -> int:
    recipe = read_recipe(asked.recipe)
    formats = chosen_formats(tuple(asked.export or recipe.export))
    output = asked.output or Path("exports", asked.recipe.stem)
    if formats:
        check_writable(output)
        if not asked.overwrite:
            check_vacant(output)
    _compute_as(recipe)
    with _Bar(quiet=asked.quiet) as bar:
        replaying = Part(bar, 0, 90 if formats else 100, 100)
        with recipe.replay(directory=asked.session, monitor=replaying) as session:
            if formats:
                bar.report(90, 100, "exporting")
                session.export(output, formats, overwrite=asked.overwrite)
            bar.report(100, 100, "done")
            differences = recipe.differences(session)
            text = report_text(recipe, session, differences, short=asked.quiet)
    print(text)
    if formats and not asked.quiet:
        print(f"Written to {output}: {', '.join(one.spelled for one in formats)}.")
    return DIFFERENT if differences else SAME


def _compute_as(recipe: Recipe) -> None:
    """On as many threads as the recipe was made with: other sums round otherwise."""
    threads = recipe.made_with.get("threads", "")
    if threads.isdecimal() and 0 < int(threads) <= _MOST_THREADS:
        torch.set_num_threads(int(threads))


def _add_lab(parser: argparse.ArgumentParser) -> None:
    parser.description = "Open JupyterLab on this machine only, with a token."
    parser.add_argument(
        "notebook", type=Path, nargs="?", help="another notebook than the workbench's own"
    )
    parser.add_argument("--no-browser", action="store_true", help="print the address only")
    parser.set_defaults(command=_lab)


def _lab(asked: argparse.Namespace) -> int:
    command = lab_command(asked.notebook, browser=not asked.no_browser)
    os.execv(command[0], command)


class _Bar:
    """Progress and time left on a terminal; nothing elsewhere."""

    def __init__(self, *, quiet: bool) -> None:
        self._bar = tqdm(
            total=100,
            disable=True if quiet else None,  # None: not on what is no terminal
            bar_format="{desc} {percentage:3.0f} %|{bar}| {elapsed}<{remaining}",
            leave=False,
        )

    def report(self, done: float, total: float, message: str = "") -> None:
        """See `Monitor`."""
        self._bar.n = 100 * done / total
        self._bar.set_description_str(message)

    def __enter__(self) -> "_Bar":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.close()
