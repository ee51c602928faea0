"""Code panel: what was done, to be copied or saved."""

from collections.abc import Callable
from pathlib import Path

from widgets.code_dialog import CodeDialog
from widgets.intents import Intent
from workbench import Session
from workbench.errors import RecipeError, WorkbenchError
from workbench.recipes import read_recipe


class CodePanel:
    """The button *Copy as code*, and what its dialog shows and saves.

    Args:
        session: What was done in it is said.
        post: Has work done on the dispatcher's thread.
    """

    def __init__(self, session: Session, post: Callable[[Callable[[], None]], None]) -> None:
        self._session, self._post = session, post
        self.root = CodeDialog(self._intent, f"{session.name}.yaml")

    def _intent(self, intent: Intent) -> None:
        match intent:
            case {"type": "open"}:
                self._post(self._show)
            case {"type": "save", "path": path}:
                self._post(lambda: self._save(path))

    def _show(self) -> None:
        recipe = self._session.recipe()
        self.root.answer(recipe.script(), recipe.to_yaml())

    def _save(self, path: str) -> None:
        try:
            _check_replaceable(Path(path))
            self._session.recipe().write(path)
        except WorkbenchError as error:
            self.root.saved(str(error), failed=True)
        else:
            self.root.saved(f"Saved: {Path(path).resolve()}")


def _check_replaceable(path: Path) -> None:
    """A recipe may take the place of another one, but of no other file."""
    if not path.exists():
        return
    try:
        read_recipe(path)
    except RecipeError as error:
        raise RecipeError(
            f"{path} is there already and is no recipe. Choose another name; nothing was changed."
        ) from error
