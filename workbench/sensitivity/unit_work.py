"""The targets of one unit: which figures are known, and what has to be run for the others."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from workbench.sensitivity.cache import Entry
from workbench.sensitivity.ledger import Ledger
from workbench.sensitivity.points import Figures
from workbench.sensitivity.strategies import Strategy
from workbench.sensitivity.targets import Target, by_digest

Found = Iterator[tuple[Target, Entry]]
"""Targets with their figures, as they become known."""


@dataclass(eq=False)
class UnitWork:
    """What is left to do for a unit; figures go to the ledger as they come.

    Attributes:
        groups: By digest, the targets that keep the same.
        wanted: What has to be run; empty once all figures are known.
    """

    groups: Mapping[str, list[Target]]
    wanted: tuple[Target, ...]
    _known: Mapping[str, Entry] = field(repr=False)
    _ledger: Ledger = field(repr=False)
    _told: set[str] = field(default_factory=set, repr=False)

    @classmethod
    def of(
        cls, targets: Sequence[Target], ledger: Ledger, strategy: Strategy, baseline: Figures
    ) -> "UnitWork":
        """Look up all targets of a unit.

        Args:
            targets: The targets.
            ledger: Knows what was measured before.
            strategy: Decides whether a target can be run without the others.
            baseline: Figures of the model as it is.
        """
        groups = by_digest(targets)
        distinct = [same[0] for same in groups.values()]
        known = {}
        for target in distinct:
            as_it_is = Entry(baseline, "", baseline.inputs) if target.nothing else None
            entry = as_it_is or ledger.find(target, distinct)
            if entry is not None:
                known[target.digest] = entry
        wanted = tuple(target for target in distinct if target.digest not in known)
        # An adaptive figure depends on the unit's other targets, so none of them is left out.
        if wanted and strategy.settings:
            wanted = tuple(target for target in distinct if not target.nothing)
        return cls(groups, wanted, known, ledger)

    def known(self) -> Found:
        """All targets whose figures need no run."""
        for digest, entry in self._known.items():
            self._told.add(digest)
            yield from ((target, entry) for target in self.groups[digest])

    def found(self, digest: str, entry: Entry) -> Found:
        """Write figures down, unless they were known; gives every target they belong to."""
        if digest in self._told:
            return
        self._told.add(digest)
        distinct = [same[0] for same in self.groups.values()]
        for target in self.groups[digest]:
            self._ledger.add(target, entry, distinct)
            yield target, entry

    @property
    def told(self) -> int:
        """How many of the targets have figures."""
        return sum(len(self.groups[digest]) for digest in self._told)

    def done(self) -> None:
        """Nothing has to be run any more."""
        self.wanted = ()
