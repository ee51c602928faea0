"""Batch-norm scales: how much of a channel its normalisation lets through."""

from collections.abc import Mapping

import numpy as np
from torch import nn

from workbench.criteria.aggregation import filled_in, sum_over_producers, unit_norms
from workbench.criteria.base import CHANNELS_ONLY, Criterion
from workbench.criteria.evidence import Evidence
from workbench.criteria.l2 import l2_norms
from workbench.criteria.subject import Channels
from workbench.errors import CriterionError
from workbench.graph.groups import Group


class BatchNormScale(Criterion):
    """Channels whose batch norms have a small scale ``|gamma|`` go first.

    Where several batch norms act on a channel (a residual stream), the mean of their scales
    counts. A group's scales are divided by their L2 norm: the paper trains them to be sparse,
    which makes them comparable across layers, and without that they are not. Groups without a
    batch norm rank by L2 norm, scaled to the mean score of all others, so that they compete on
    the same footing under global scope.

    Reference:
        Liu et al., Learning Efficient Convolutional Networks through Network Slimming,
        arXiv:1708.06519.
    """

    name = "bn_scale"
    title = "Batch-norm scale (slimming)"
    reference = "arXiv:1708.06519"
    granularities = CHANNELS_ONLY

    def check_model(self, channels: Channels) -> None:
        if all(_scales(channels, group) is None for group in channels.groups):
            raise CriterionError(
                f"criterion {self.name!r} needs a batch norm with a scale on at least 1 group of "
                "channels, and this model has 0. Use another criterion, such as 'l2'."
            )

    def channel_scores(self, channels: Channels, evidence: Evidence) -> Mapping[str, np.ndarray]:
        found = {group.name: _scales(channels, group) for group in channels.groups}
        scales = {name: own for name, own in found.items() if own is not None}
        return filled_in(channels, unit_norms(scales), sum_over_producers(channels, l2_norms))


def _scales(channels: Channels, group: Group) -> np.ndarray | None:
    """Mean ``|gamma|`` of every channel left, or None without a batch norm."""
    found = []
    for member, parameter in channels.members(group, "elementwise"):
        norm = channels.module.get_submodule(member.layer)
        if isinstance(norm, nn.modules.batchnorm._BatchNorm) and parameter is norm.weight:
            scales = parameter.detach().abs().float().numpy(force=True)
            found.append(scales[channels.places(group, member)].mean(axis=1))
    return np.mean(found, axis=0) if found else None
