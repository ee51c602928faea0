"""The pruning workbench's engine: open, inspect, prune, fine-tune, measure and export networks.

Nothing in this package knows a notebook or a widget.
"""

from workbench.export.package import load
from workbench.gradual import GradualSettings
from workbench.plan import Plan
from workbench.session import Session

__all__ = ["GradualSettings", "Plan", "Session", "load"]
__version__ = "0.1.0"
