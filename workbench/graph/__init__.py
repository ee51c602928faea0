"""Which channels belong together: export, labels, groups."""

from workbench.graph.analyze import analyze_channels
from workbench.graph.groups import ChannelGraph, Group, Member

__all__ = ["ChannelGraph", "Group", "Member", "analyze_channels"]
