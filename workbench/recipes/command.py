"""The command that replays a recipe, exports what comes out, and says whether it is the same."""

import argparse
from pathlib import Path
from types import TracebackType

import torch
from tqdm import tqdm

from workbench.export.formats import chosen_formats
from workbench.export.package import check_vacant
from workbench.progress import Part
from workbench.recipes import Recipe, read_recipe
from workbench.recipes.report import report_text
from workbench.store import check_writable

_MOST_THREADS = 1024


def run(asked: argparse.Namespace) -> bool:
    """Do what the command line says; returns whether the recipe was reproduced.

    Args:
        asked: Arguments of ``pruning-workbench run``.

    Raises:
        WorkbenchError: If the recipe cannot be read or replayed, or nothing can be written.
    """
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
    return not differences


def _compute_as(recipe: Recipe) -> None:
    """On as many threads as the recipe was made with: other sums round otherwise."""
    threads = recipe.made_with.get("threads", "")
    if threads.isdecimal() and 0 < int(threads) <= _MOST_THREADS:
        torch.set_num_threads(int(threads))


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
