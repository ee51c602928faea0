"""What was done in a session, told as a recipe or as code."""

from workbench.export.formats import Formats, chosen_formats
from workbench.recipes.recipe import Recipe, entries_of
from workbench.session.aims import Aims


class Telling(Aims):
    """The side of a session that tells how it came to be; asking changes nothing."""

    def recipe(self, step_id: int | None = None, *, export: Formats = ()) -> Recipe:
        """What was done from opening to a step, to be saved and replayed.

        Args:
            step_id: Which; the current one by default.
            export: Formats that a replay is to write the model in.

        Raises:
            HistoryError: If there is no such step.
            ExportError: If there is no such format.
        """
        return Recipe.of(self, step_id, tuple(one.spelled for one in chosen_formats(export)))

    def script(self, step_id: int | None = None) -> str:
        """The same as Python that runs on its own."""
        return self.recipe(step_id).script()

    def code(self, step_id: int) -> str:
        """Python of one step alone, for a session that is at the step before it."""
        return Recipe(entries_of(self.history.path(step_id))).last_code()
