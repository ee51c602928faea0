"""Curves for the eye, and what can be said without data."""

import numpy as np
import pytest
from scanning import Case

from workbench import Plan
from workbench.sensitivity import (
    Figures,
    Point,
    Sensitivity,
    accuracy_curve,
    magnitude_curves,
)


def measured(*accuracies: float) -> Sensitivity:
    points = tuple(
        Point("conv", place / 10, place / 10, 10 - place, 10, accuracy, 1 - accuracy, 50, 50, 0.1)
        for place, accuracy in enumerate(accuracies, 1)
    )
    return Sensitivity("exact", "channel", Figures(0.9, 0.1, 50, 0.0), points)


def test_a_display_curve_falls_and_keeps_its_points() -> None:
    found = measured(0.91, 0.7, 0.8, 0.2)
    curve = accuracy_curve(found, "conv")
    values = curve.at(np.linspace(0, 0.99, 200))
    assert (np.diff(values) <= 1e-12).all()
    assert curve.points == found.points
    assert curve.at([0.2, 0.3]) == pytest.approx([0.75, 0.75]), "0.7 and 0.8 in the wrong order"
    assert curve.at([0.0, 0.1]) == pytest.approx([0.905, 0.905])
    assert curve.at([0.99]) == pytest.approx([0.2])


def test_a_curve_that_falls_already_passes_through_its_points() -> None:
    curve = accuracy_curve(measured(0.8, 0.5, 0.1), "conv")
    assert curve.at([0, 0.1, 0.2, 0.3]) == pytest.approx([0.9, 0.8, 0.5, 0.1])


def test_a_scan_of_a_version_that_noted_no_divergence_takes_the_rise_of_the_loss() -> None:
    data = measured(0.8, 0.1).to_json()
    for one in (data["baseline"], *data["points"]):
        del one["divergence"]
    read = Sensitivity.from_json(data)
    assert read.baseline.divergence == 0
    assert [point.divergence for point in read.points] == pytest.approx([0.1, 0.8])


def test_magnitude_curves_are_the_share_of_importance_removed(dense) -> None:
    (curve,) = magnitude_curves(dense, Plan(), ratios=(0.25, 0.5), units=["conv1"]).values()
    importance = np.sort(dense.scores(Plan())["conv1"])
    assert curve.removed == pytest.approx(
        [importance[:1].sum() / importance.sum(), importance[:2].sum() / importance.sum()]
    )


def test_magnitude_curves_rise_for_every_unit(residual: Case) -> None:
    for curve in magnitude_curves(residual[0], Plan(criterion="l2")).values():
        assert list(curve.removed) == sorted(curve.removed)
        assert 0 < curve.removed[-1] < 1
