"""``state.json``: what a session was at when its kernel ended, apart from its steps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.errors import DamagedError, WorkbenchError
from workbench.plan import Plan
from workbench.store.checked import checked_body
from workbench.store.formats import brought_up_to_date, versioned_text


@dataclass(frozen=True)
class State:
    """What may change without a step.

    Attributes:
        plan: What is to be pruned.
        targets: What is to be reached, by metric.
        current: Id of the current step.
        newest: Highest id of a step by then; a later one was committed, but not noted here.
        undone: Ids of the steps that can be returned to, the next one last.
        names: By step id, name and remark, where there are any.
        device: A word for where latency is measured, see `workbench.devices.open_device`.
        batch_size: Inputs at a time there.
    """

    plan: Plan
    targets: Mapping[str, float] = field(default_factory=dict)
    current: int = 0
    newest: int = 0
    undone: tuple[int, ...] = ()
    names: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    device: str = "cpu"
    batch_size: int = 1

    def to_bytes(self) -> bytes:
        """The file."""
        return versioned_text(
            {
                "plan": self.plan.to_json(),
                "targets": dict(self.targets),
                "current": self.current,
                "newest": self.newest,
                "undone": list(self.undone),
                "names": {str(step_id): list(names) for step_id, names in self.names.items()},
                "device": self.device,
                "batch_size": self.batch_size,
            }
        )

    @classmethod
    def from_bytes(cls, text: bytes, source: str) -> "State":
        """The inverse of `to_bytes`; older formats are brought up to date.

        Raises:
            DamagedError: If the file was changed or damaged.
            StoreError: If its format is newer than this version knows.
        """
        body: dict[str, Any] = brought_up_to_date("state", checked_body(text, source), source)
        try:
            return cls(
                plan=Plan.from_json(body["plan"]),
                targets=body["targets"],
                current=body["current"],
                newest=body["newest"],
                undone=tuple(body["undone"]),
                names={int(key): (str(n), str(r)) for key, (n, r) in body["names"].items()},
                device=str(body.get("device", cls.device)),  # older versions did not note it
                batch_size=body.get("batch_size", cls.batch_size),
            )
        except (KeyError, TypeError, ValueError, WorkbenchError) as error:
            raise DamagedError(f"{source} holds something unexpected: {error!r}.") from error
