"""A recipe is done again, in a session of its own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from workbench.actions import Open
from workbench.errors import RecipeError, WorkbenchError
from workbench.events import Event, TaskProgress
from workbench.progress import SILENT, Cancelled, Monitor
from workbench.recipes.recipe import Recipe
from workbench.session import Session
from workbench.session.knowledge import CHANGES

_WAITED_FOR = ("baseline", *CHANGES)
"""Kinds of task that a replay waits for."""


def replay(
    recipe: Recipe,
    *,
    directory: str | Path | None = None,
    model: nn.Module | None = None,
    data: Any = None,
    example_input: Tensor | None = None,
    monitor: Monitor = SILENT,
) -> Session:
    """Open what the recipe opens, and do all its steps; see `Recipe.replay`."""
    actions = recipe.actions()
    session = _opened(recipe.opening, directory, model, data, example_input)
    progress = _Progress(monitor, len(actions), session.cancel)
    unsubscribe = session.events.subscribe(progress)
    try:
        _check_new(session, directory)
        _check_plans(recipe, session)
        progress.begin(0, "measuring the baseline")
        if session.baseline.accuracy is None:
            raise Cancelled("measuring the baseline")
        for place, action in enumerate(actions[1:], 1):
            progress.begin(place, action.title)
            try:
                session.perform(action)
            except WorkbenchError as error:
                raise RecipeError(
                    f"the recipe cannot be replayed, {action.title}: {error}"
                ) from error
        progress.begin(len(actions), "done")
    except BaseException:
        session.close()
        raise
    finally:
        unsubscribe()
    return session


def _opened(
    opening: Open,
    directory: str | Path | None,
    model: nn.Module | None,
    data: Any,
    example_input: Tensor | None,
) -> Session:
    given = {"model": model, "data": data, "example_input": example_input}
    for name, words in opening.needs.items():
        if given[name] is None:
            raise RecipeError(
                f"the recipe needs {name}=..., {words}. It is never imported from a file: pass it "
                f"in Python, read_recipe(path).replay({name}=...)."
            )
    try:
        return Session(
            opening.model if model is None else model,
            opening.data if data is None else data,
            weights=opening.weights,
            normalize=opening.normalize if data is None else None,
            example_input=example_input,
            seed=opening.seed,
            directory=directory,
        )
    except WorkbenchError as error:
        raise RecipeError(f"step 0 of the recipe, {opening.title}: {error}") from error


def _check_new(session: Session, directory: str | Path | None) -> None:
    if steps := len(session.history) - 1:
        raise RecipeError(
            f"a replay needs a session directory without steps, got {directory}, which holds "
            f"{steps} already. Choose another one."
        )


def _check_plans(recipe: Recipe, session: Session) -> None:
    """Refuse plans for another model before minutes of work, not after."""
    for place, plan in enumerate(recipe.plans()):
        try:
            session.pruned.check(plan)
        except WorkbenchError as error:
            title = recipe.entries[place].action.title
            raise RecipeError(f"step {place} of the recipe, {title}: {error}") from error


class _Progress:
    """Passes on how far the tasks of a session are, as progress of the whole.

    Args:
        monitor: Where to; when it says so, the session is cancelled.
        total: How many actions there are.
        cancel: Cancels what the session does.
    """

    def __init__(self, monitor: Monitor, total: int, cancel: Callable[[], None]) -> None:
        self._monitor, self._total, self._cancel = monitor, total, cancel
        self._place, self._title = 0, ""

    def begin(self, place: int, title: str) -> None:
        """Say what is done next."""
        self._place, self._title = place, title
        self._monitor.report(place, self._total, title)

    def __call__(self, event: Event) -> None:
        """Take an event of the session, on the engine thread."""
        if not isinstance(event, TaskProgress) or event.kind not in _WAITED_FOR:
            return
        share = event.done / event.total if event.total else 0.0
        message = f"{self._title} · {event.message}" if event.message else self._title
        try:
            self._monitor.report(self._place + min(share, 1.0), self._total, message)
        except Cancelled:
            self._cancel()
