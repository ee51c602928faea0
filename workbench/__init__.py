"""The pruning workbench's engine: open, inspect, prune, fine-tune, measure and export networks.

Nothing in this package knows a notebook or a widget.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from workbench.version import __version__

if TYPE_CHECKING:
    from workbench.export.package import load
    from workbench.gradual import GradualSettings
    from workbench.plan import Plan
    from workbench.session import Session

__all__ = ["GradualSettings", "Plan", "Session", "__version__", "load"]

_PLACES = {
    "GradualSettings": "workbench.gradual",
    "Plan": "workbench.plan",
    "Session": "workbench.session",
    "load": "workbench.export.package",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for then: the doctor must run where PyTorch cannot be imported."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found = getattr(import_module(_PLACES[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
