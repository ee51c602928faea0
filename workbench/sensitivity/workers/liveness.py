"""Whether a cluster has workers left: a dask cluster that lost them all waits for new ones."""

import sys
import time
from concurrent.futures import Executor
from typing import Any

PATIENCE_S = 20.0
"""How long a cluster may be without workers: a killed one is started again within seconds."""

_ASKED_EVERY_S = 2.0


class Liveness:
    """Watches an executor while nothing comes back from it.

    Args:
        executor: Whose workers are watched; those of pools break by themselves, and are not.
    """

    def __init__(self, executor: Executor) -> None:
        self._client = _client_of(executor)
        self._asked = self._last_alive = time.monotonic()

    def seen(self) -> None:
        """Note that something came back."""
        self._last_alive = time.monotonic()

    def lost(self) -> bool:
        """Whether there has been no worker for longer than a restart takes."""
        now = time.monotonic()
        if self._client is None or now - self._asked < _ASKED_EVERY_S:
            return False
        self._asked = now
        if self._client.scheduler_info()["workers"]:
            self._last_alive = now
        return now - self._last_alive > PATIENCE_S


def _client_of(executor: Executor) -> Any:
    """The dask client behind an executor; its executors have no public way to it."""
    distributed = sys.modules.get("distributed")
    client = getattr(executor, "_client", None)
    return client if distributed and isinstance(client, distributed.Client) else None
