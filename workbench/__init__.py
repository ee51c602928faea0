"""The pruning workbench's engine: open, inspect, prune, fine-tune, measure and export networks.

Nothing in this package knows a notebook or a widget.
"""

from workbench.export.package import load
from workbench.gradual import GradualSettings
from workbench.plan import Plan
from workbench.session import Session
from workbench.version import __version__

__all__ = ["GradualSettings", "Plan", "Session", "__version__", "load"]
