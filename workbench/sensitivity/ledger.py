"""Which figures are known already, and where new ones are written down."""

from collections.abc import Sequence
from typing import Any

from workbench.sensitivity.cache import Cache, Entry
from workbench.sensitivity.fingerprint import key_of
from workbench.sensitivity.strategies import Strategy
from workbench.sensitivity.targets import Target


class Ledger:
    """The cache, asked and told in targets.

    Args:
        context: What all figures depend on.
        cache: Figures measured before.
        strategy: What is run of a unit: figures that are not exact depend on it.
    """

    def __init__(self, context: dict[str, Any], cache: Cache, strategy: Strategy) -> None:
        self._context, self._cache, self._strategy = context, cache, strategy

    def baseline(self) -> Entry | None:
        """Figures of the model as it is, if they are known."""
        return self._cache.find(key_of(self._context))

    def add_baseline(self, entry: Entry) -> None:
        """Write down figures of the model as it is."""
        self._cache.add(key_of(self._context), entry, {})

    def find(self, target: Target, among: Sequence[Target] = ()) -> Entry | None:
        """Figures of a target, if they are known; `among` are all distinct targets of its unit."""
        exact = self._cache.find(key_of(self._context, target))
        if exact is not None or not self._strategy.settings:
            return exact
        return self._cache.find(self._adaptive_key(target, among))

    def add(self, target: Target, entry: Entry, among: Sequence[Target]) -> None:
        """Write down figures of a target; `among` as for `find`."""
        exact = entry.ran == entry.figures.inputs
        key = key_of(self._context, target) if exact else self._adaptive_key(target, among)
        about = {"unit": target.unit, "ratio": target.ratio, "kept": target.kept}
        self._cache.add(key, entry, about)

    def _adaptive_key(self, target: Target, among: Sequence[Target]) -> str:
        how = {"strategy": self._strategy.name, **self._strategy.settings}
        return key_of(self._context, target, {**how, "among": [one.digest for one in among]})
