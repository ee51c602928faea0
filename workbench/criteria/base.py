"""What a criterion is: a rule that says how important channels and weights are; higher = keep."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from torch import Tensor

from workbench.criteria.evidence import NOTHING, Evidence, TrainingSample
from workbench.criteria.subject import Channels, LayerWeight
from workbench.errors import CriterionError, InternalError

EVERY = ("channel", "weight", "n:m")
CHANNELS_ONLY = ("channel",)


class Criterion(ABC):
    """A rule that says how important weights and whole channels are.

    Class attributes:
        name: How plans call it.
        title: How a person reads it.
        reference: The paper it comes from.
        granularities: Those it can rank. N:M ranks single weights, as ``"weight"`` does.
        needs_data: Whether it reads evidence that has to be gathered from training data.
        compares_pairs: Whether it compares every filter of a layer with every other, which takes
            seconds for wide layers.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    reference: ClassVar[str]
    granularities: ClassVar[tuple[str, ...]] = EVERY
    needs_data: ClassVar[bool] = False
    compares_pairs: ClassVar[bool] = False

    def check_granularity(self, granularity: str) -> None:
        """Refuse a granularity that it cannot rank.

        Raises:
            CriterionError: Names the granularities it can.
        """
        if granularity not in self.granularities:
            can = " or ".join(map(repr, self.granularities))
            raise CriterionError(
                f"the granularity that criterion {self.name!r} ranks must be {can}, got "
                f"{granularity!r}: it says nothing of single weights. Use another criterion, such "
                f"as 'l1', or granularity={self.granularities[0]!r}."
            )

    def check_model(self, channels: Channels) -> None:  # noqa: B027 - most apply to any model
        """Refuse a model that it cannot rank.

        Raises:
            CriterionError: Says what the model lacks.
        """

    @abstractmethod
    def channel_scores(self, channels: Channels, evidence: Evidence) -> Mapping[str, np.ndarray]:
        """Importance of every channel that is left, by group name, each of shape ``(left,)``.

        Groups whose channels no weight makes may be left out.

        Args:
            channels: The groups, and the model as it is now.
            evidence: What `gather` found in this model; empty for criteria without data.
        """

    def weight_scores(self, weight: LayerWeight, evidence: Evidence) -> Tensor:
        """Importance of every weight of a layer, in the weight's shape, float32.

        Args:
            weight: The weight as it is now.
            evidence: As for `channel_scores`.
        """
        self.check_granularity("weight")
        raise InternalError(f"criterion {self.name!r} cannot score weights, and says it can")

    def gather(self, channels: Channels, sample: TrainingSample) -> Evidence:
        """What training data says of the model; nothing for criteria without data.

        Args:
            channels: The groups; the model is a copy that may be changed at will, in evaluation
                mode, with gradients on for every parameter.
            sample: Labelled training inputs; reports progress and may cancel.
        """
        return NOTHING
