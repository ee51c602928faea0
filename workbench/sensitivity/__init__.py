"""Sensitivity: how accuracy falls as one unit after the other is pruned."""

from workbench.sensitivity.display import DisplayCurve, accuracy_curve
from workbench.sensitivity.gradient import GradientCurve, gradient_curves
from workbench.sensitivity.magnitude import MagnitudeCurve, magnitude_curves
from workbench.sensitivity.points import Figures, Point, Sensitivity
from workbench.sensitivity.scan import scan
from workbench.sensitivity.targets import RATIOS

__all__ = [
    "RATIOS",
    "DisplayCurve",
    "Figures",
    "GradientCurve",
    "MagnitudeCurve",
    "Point",
    "Sensitivity",
    "accuracy_curve",
    "gradient_curves",
    "magnitude_curves",
    "scan",
]
