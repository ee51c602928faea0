"""What every action has in common."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, ClassVar, Self

from workbench.errors import ActionError
from workbench.plan import Plan

if TYPE_CHECKING:  # a session's steps carry actions
    from workbench.session import Session


class Action(ABC):
    """One thing a user did, complete enough to be done again. Subclasses are frozen dataclasses.

    History, journal, recipe and *Copy as code* render it: `title`, `to_json`, `code`.

    Attributes:
        kind: What it is called in files, such as ``"prune"``.
        makes_step: Whether it commits a step; then it has a place in a recipe.
    """

    kind: ClassVar[str]
    makes_step: ClassVar[bool] = False

    @property
    @abstractmethod
    def title(self) -> str:
        """What a person reads in the history: what was done, in a few words."""

    @abstractmethod
    def code(self, plan: Plan | None = None) -> str:
        """Python that does it to an open ``session``.

        Args:
            plan: The session's plan before it, where that is known: what it says already is not
                said again.
        """

    @abstractmethod
    def perform(self, session: "Session") -> Any:
        """Do it, and return what the session's own method returns.

        Raises:
            WorkbenchError: If it cannot be done; the session is as it was before.
        """

    def plan_after(self, plan: Plan) -> Plan:
        """The plan of a session that had `plan` before."""
        return plan

    def renumbered(self, steps: Mapping[int, int]) -> Self:
        """The same for a session with other step ids; `steps` maps old ids to new ones."""
        return self

    def arguments(self) -> dict[str, Any]:
        """Plain data that says how it was done."""
        return {field.name: getattr(self, field.name) for field in _fields(type(self))}

    def changed(self) -> dict[str, Any]:
        """The arguments that are not what they are by default, as they are."""
        return {
            field.name: getattr(self, field.name)
            for field in _fields(type(self))
            if getattr(self, field.name) != field.default
        }

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any]) -> Self:
        """The inverse of `arguments`.

        Raises:
            WorkbenchError: If an argument is unknown, missing or out of range.
        """
        cls.check_names(arguments)
        return cls(**arguments)

    @classmethod
    def check_names(cls, arguments: Mapping[str, Any]) -> None:
        """Refuse arguments that this action does not have, and the lack of those it needs.

        Raises:
            ActionError: If there are any.
        """
        known = {field.name: field for field in _fields(cls)}
        for name in arguments:
            if name not in known:
                close = get_close_matches(str(name), known, n=1)
                suggestion = f" Did you mean {close[0]!r}?" if close else ""
                has = f"it has {', '.join(known)}" if known else "it has none"
                raise ActionError(
                    f"action {cls.kind!r} has no argument {name!r}; {has}.{suggestion}"
                )
        for name, field in known.items():
            needed = field.default is MISSING and field.default_factory is MISSING
            if needed and name not in arguments:
                raise ActionError(
                    f"action {cls.kind!r} needs the argument {name!r}, got "
                    f"{', '.join(map(repr, arguments)) or 'none'}."
                )

    def to_json(self) -> dict[str, Any]:
        """Plain data; `action_from_json` gives an equal action back."""
        return {"action": self.kind, **self.arguments()}


def _fields(action: type[Action]) -> tuple[Field[Any], ...]:
    return fields(action)  # type: ignore[arg-type]  # every concrete one is a dataclass
