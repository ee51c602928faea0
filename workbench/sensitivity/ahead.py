"""One thing made ahead: while the last one is used, the next is being made."""

from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import Executor, Future
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
R = TypeVar("R")


class Ahead(Generic[K, R]):
    """Makes what will be asked for, in the order it is expected to be asked for.

    At most one thing is made that nobody has taken yet.

    Args:
        pool: Where things are made.
        make: Makes the thing of a key.
        keys: What is expected to be asked for, in order; anything may be.
    """

    def __init__(self, pool: Executor, make: Callable[[K], R], keys: Iterable[K]) -> None:
        self._pool, self._make = pool, make
        self._keys = iter(keys)
        self._coming: dict[K, Future[R]] = {}
        self._begin_next()

    def take(self, key: K) -> R:
        """The thing of a key, made now if it was not expected; the next one is begun.

        Raises:
            Exception: Whatever making it raised.
        """
        coming = self._coming.pop(key, None)
        found = self._make(key) if coming is None else coming.result()
        if not self._coming:
            self._begin_next()
        return found

    def _begin_next(self) -> None:
        for key in self._keys:
            self._coming[key] = self._pool.submit(self._make, key)
            break
