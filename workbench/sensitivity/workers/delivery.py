"""How the model reaches the workers: once each, not with every errand.

It lies in a file that every worker on this machine reads once. A worker that cannot read it says
so; its errand goes out again with the content attached, and the worker remembers that. One such
errand is under way for a worker at a time, and others that it returned wait meanwhile. No executor
lets one choose the worker: an errand with the content may come to one that has it already.
"""

import shutil
import tempfile
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic, TypeVar

from workbench.sensitivity.workers.messages import Outcome, Parcel
from workbench.sensitivity.workers.worker import digest_of, this_process

E = TypeVar("E", bound=Hashable)


@dataclass(eq=False)
class Delivery(Generic[E]):
    """One content on its way to all workers.

    Attributes:
        parcel: What goes with an errand.
        attached: How many errands went out with the content itself.
    """

    parcel: Parcel
    content: bytes = field(repr=False)
    attached: int = 0
    _meant_for: dict[E, str] = field(default_factory=dict)
    _waiting: list[E] = field(default_factory=list)

    @classmethod
    def of(cls, content: bytes) -> "Delivery[E]":
        """Write the content where workers may read it."""
        folder = Path(tempfile.mkdtemp(prefix="workbench-scan-"))
        path, key = folder / "job", digest_of(content)
        path.write_bytes(content)
        return cls(Parcel(key, str(path), this_process()), content)

    def close(self) -> None:
        """Remove the file."""
        shutil.rmtree(Path(self.parcel.path).parent, ignore_errors=True)

    def parcel_for(self, errand: E) -> Parcel:
        """With the content, if the errand came back for the lack of it."""
        if errand not in self._meant_for:
            return self.parcel
        self.attached += 1
        return replace(self.parcel, content=self.content)

    def returned(self, errand: E, outcome: Outcome) -> list[E]:
        """Errands to send again, after this one came back."""
        again = []
        if self._meant_for.pop(errand, None) is not None:
            again, self._waiting = self._waiting, []
        if outcome.missing:
            if outcome.worker in self._meant_for.values():
                self._waiting.append(errand)
            else:
                self._meant_for[errand] = outcome.worker
                again.append(errand)
        return again
