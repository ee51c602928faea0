"""The criteria by name: a new one is one file and one line here."""

import difflib

from workbench.criteria.apoz import APoZ
from workbench.criteria.base import Criterion
from workbench.criteria.bn_scale import BatchNormScale
from workbench.criteria.fisher import Fisher
from workbench.criteria.fluctuation import Fluctuation
from workbench.criteria.fpgm import FPGM
from workbench.criteria.l1 import L1
from workbench.criteria.l2 import L2
from workbench.criteria.lamp import LAMP
from workbench.criteria.obd import OptimalBrainDamage
from workbench.criteria.random import Random
from workbench.criteria.taylor import Taylor
from workbench.criteria.taylor_activation import TaylorActivation
from workbench.errors import CriterionError

_ALL: tuple[Criterion, ...] = (
    L1(),
    L2(),
    LAMP(),
    FPGM(),
    BatchNormScale(),
    APoZ(),
    Fluctuation(),
    Taylor(),
    TaylorActivation(),
    OptimalBrainDamage(),
    Fisher(),
    Random(),
)

CRITERIA: dict[str, Criterion] = {criterion.name: criterion for criterion in _ALL}


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


def criteria_for(granularity: str) -> tuple[Criterion, ...]:
    """The criteria that can rank a granularity, in the order people are shown them."""
    return tuple(c for c in CRITERIA.values() if granularity in c.granularities)
