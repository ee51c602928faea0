"""What a regularizer is: a penalty on a module's parameters."""

from collections.abc import Callable

from torch import Tensor, nn

from workbench.criteria.subject import Channels

Penalty = Callable[[nn.Module], Tensor]
"""From a module to a scalar that gradients can be taken of."""

MakePenalty = Callable[[nn.Module, Channels | None], Penalty]
"""From the module to be trained and its groups of channels, if they are known, to a penalty.

Raises TrainingError if there is nothing to penalise.
"""
