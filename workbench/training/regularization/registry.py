"""The regularizers by name: a new one is one file and one line here."""

from torch import nn

from workbench.criteria.subject import Channels
from workbench.training.regularization.base import MakePenalty, Penalty
from workbench.training.regularization.bn_scale import bn_scale
from workbench.training.regularization.group_lasso import group_lasso

REGULARIZERS: dict[str, MakePenalty | None] = {
    "none": None,
    "bn-scale": bn_scale,
    "group-lasso": group_lasso,
}


def penalty_for(name: str, module: nn.Module, channels: Channels | None) -> Penalty | None:
    """The penalty of one of `REGULARIZERS` on a module; None for none.

    Raises:
        TrainingError: If there is nothing to penalise.
    """
    make = REGULARIZERS[name]
    return None if make is None else make(module, channels)
