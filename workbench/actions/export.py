"""The model was written to files."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from workbench.actions.base import Action
from workbench.actions.checks import check_text, checked_names
from workbench.actions.source import Call
from workbench.export.package import DEFAULT_FORMATS
from workbench.plan import Plan

if TYPE_CHECKING:
    from workbench.export.package import ExportReport
    from workbench.session import Session


@dataclass(frozen=True)
class Export(Action):
    """Writing the current model.

    Attributes:
        directory: Where to.
        formats: In which formats, as `workbench.export.formats.Format.spelled` has them.
    """

    directory: str
    formats: tuple[str, ...] = DEFAULT_FORMATS
    kind: ClassVar[str] = "export"

    def __post_init__(self) -> None:
        check_text(self.kind, "directory", self.directory)
        object.__setattr__(self, "formats", checked_names(self.kind, "formats", self.formats))

    @property
    def title(self) -> str:
        """See `Action`."""
        return f"exported to {self.directory}"

    def arguments(self) -> dict[str, Any]:
        """See `Action`."""
        return {"directory": self.directory, "formats": list(self.formats)}

    def code(self, plan: Plan | None = None) -> str:
        """See `Action`."""
        changed = {name: v for name, v in self.changed().items() if name != "directory"}
        return Call("session.export", (self.directory,), tuple(changed.items())).source()

    def perform(self, session: "Session") -> "ExportReport":
        """See `Action`."""
        return session.export(self.directory, self.formats)
