"""The criteria by name: a new one is one file and one line here."""

import difflib

from workbench.criteria.base import Criterion
from workbench.criteria.l1 import L1
from workbench.criteria.l2 import L2
from workbench.criteria.random import Random
from workbench.errors import CriterionError

CRITERIA: dict[str, Criterion] = {criterion.name: criterion for criterion in (L1(), L2(), Random())}


def criterion_named(name: str) -> Criterion:
    """A criterion by its name.

    Raises:
        CriterionError: If there is none of that name; lists those there are.
    """
    if isinstance(name, str) and name in CRITERIA:
        return CRITERIA[name]
    close = difflib.get_close_matches(str(name), CRITERIA, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise CriterionError(
        f"criterion must be one of {', '.join(sorted(CRITERIA))}; got {name!r}.{hint}"
    )
