"""The models of steps: all in memory, or only recent ones where all are on disk."""

import threading
import weakref
from typing import TYPE_CHECKING, Protocol

from workbench.pruned import PrunedModel

if TYPE_CHECKING:  # steps are part of the history that holds their models
    from workbench.session.history import Step

RECENT = 4
"""So many models stay in memory, beside the dense one, where the others are on disk."""


class Storage(Protocol):
    """Where steps are kept from one kernel to the next."""

    def write(self, step: "Step", model: PrunedModel) -> None:
        """Commit a step.

        Raises:
            StoreError: If it cannot be written; nothing is left behind.
        """

    def measured(self, step: "Step") -> None:
        """Write what was measured of a step after its commit."""

    def read(self, step_id: int) -> PrunedModel:
        """A step's model.

        Raises:
            DamagedError: If it is not what was written.
        """


class StepModels:
    """Models by step id; any thread may ask.

    A model that anybody still holds is the same object when it is asked for again, so that what
    is known about it stays known.

    Args:
        storage: Where models are read from that are no longer in memory; None keeps all.
    """

    def __init__(self, storage: Storage | None) -> None:
        self._storage = storage
        self._lock = threading.RLock()
        self._held: dict[int, PrunedModel] = {}
        self._alive: weakref.WeakValueDictionary[int, PrunedModel] = weakref.WeakValueDictionary()

    def __setitem__(self, step_id: int, model: PrunedModel) -> None:
        with self._lock:
            self._alive[step_id] = model
            self._hold(step_id, model)

    def __getitem__(self, step_id: int) -> PrunedModel:
        with self._lock:
            model = self._alive.get(step_id)
            if model is None:
                if self._storage is None:
                    raise KeyError(step_id)
                model = self._alive[step_id] = self._storage.read(step_id)
            self._hold(step_id, model)
            return model

    def _hold(self, step_id: int, model: PrunedModel) -> None:
        """Keep it, as the most recent one; the dense model, step 0, always stays."""
        self._held.pop(step_id, None)
        self._held[step_id] = model
        if self._storage is not None:
            for old in [key for key in self._held if key][:-RECENT]:
                del self._held[old]
