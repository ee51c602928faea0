from typing import Any

import pytest

from widgets.charts.pareto import ParetoChart
from widgets.charts.pareto_data import CostAxis, Scale, StepPoint, lines_data, points_data, scale_of
from widgets.theme import palette

AXIS = CostAxis(title="size", unit="kB", per_unit=1000, target=None)


def point(step: int, accuracy: float | None, cost: float | None, kind: str = "prune") -> StepPoint:
    return StepPoint(
        id=step, title=f"step {step}", kind=kind, accuracy=accuracy, cost=cost, cost_text="text"
    )


STEPS = [
    point(0, 0.99, 400_000, "open"),
    point(1, 0.90, 200_000),
    point(2, 0.98, 200_000, "finetune"),
    point(3, 0.95, 300_000),
]


def by_step(data: dict[str, list[object]], column: str) -> dict[object, object]:
    return dict(zip(data["id"], data[column], strict=True))


def test_points_come_in_the_units_of_the_axes() -> None:
    data = points_data(STEPS, 1000)
    assert by_step(data, "cost") == {0: 400, 1: 200, 2: 200, 3: 300}
    assert by_step(data, "accuracy") == {0: 99, 1: 90, 2: 98, 3: 95}
    assert by_step(data, "height") == by_step(data, "accuracy")


def test_steps_that_another_beats_are_pale_and_say_so() -> None:
    data = points_data(STEPS)
    fill = by_step(data, "fill")
    assert fill[0] == fill[2] == 1 and fill[1] == fill[3] < 0.5  # type: ignore[operator]
    assert by_step(data, "rank")[1] == "another step beats it"


def test_only_the_current_step_wears_a_ring_and_it_lies_on_top() -> None:
    data = points_data(STEPS, current=1)
    assert data["id"][-1] == 1
    assert [step for step, ring in by_step(data, "ring").items() if ring] == [1]


def test_kinds_have_marks_of_their_own_and_unknown_ones_one_for_all() -> None:
    kinds = ("measure", "bake", "fry")
    more = [point(step, 0.9, 1.0, kind) for step, kind in enumerate(kinds, start=4)]
    markers = by_step(points_data([*STEPS, *more]), "marker")
    assert len({markers[step] for step in (0, 1, 2, 4, 5)}) == 5
    assert markers[5] == markers[6]


def test_what_was_not_measured_is_not_drawn() -> None:
    data = points_data([*STEPS, point(4, None, 1.0), point(5, 0.5, None)])
    assert sorted(data["id"]) == [0, 1, 2, 3]  # type: ignore[type-var]


def test_the_front_is_a_staircase_that_never_promises_more_than_was_paid_for() -> None:
    lines = lines_data(STEPS, AXIS)
    front = lines["what"].index("front")
    assert lines["xs"][front] == [200, 400, 400]
    assert lines["ys"][front] == [98, 98, 99]


def test_the_path_leads_to_the_current_step_past_what_was_not_measured() -> None:
    steps = [*STEPS[:2], point(2, 0.98, None)]
    lines = lines_data(steps, AXIS, [0, 2, 1])
    path = lines["what"].index("path")
    assert lines["xs"][path] == [400, 200]


def test_targets_are_lines_across_all_steps() -> None:
    lines = lines_data(STEPS, {**AXIS, "target": 150_000.0}, accuracy_target=0.97)
    assert lines["what"][2:] == ["target", "target"]
    assert (lines["xs"][2], lines["ys"][2]) == ([0, 400], [97, 97])
    assert (lines["xs"][3], lines["ys"][3]) == ([150, 150], [90, 99])
    assert lines_data(STEPS, AXIS)["xs"][2:] == [[], []]


def test_steps_far_below_stand_at_the_edge_with_their_accuracy() -> None:
    steps = [*STEPS, point(4, 0.104, 100_000)]
    scale = scale_of(steps)
    assert scale.low == pytest.approx(90)
    data = points_data(steps, scale=scale)
    assert by_step(data, "height")[4] == scale.edge < scale.low
    assert by_step(data, "below") == {0: "", 1: "", 2: "", 3: "", 4: "↓ 10 %"}
    front, path, *_ = lines_data(steps, AXIS, [0, 4], scale=scale)["ys"]
    assert front == [98, 98, 99]
    assert path == [99, scale.edge]


def test_without_a_gap_everything_is_to_scale() -> None:
    steps = [point(step, 0.9 - 0.1 * step, 1.0) for step in range(8)]
    assert scale_of(steps).low == pytest.approx(20)
    assert scale_of([]) == Scale(0, -35)


def test_the_scale_reaches_down_to_the_target() -> None:
    assert scale_of(STEPS, 0.5).low == 50


def test_the_axis_is_labelled_with_its_unit() -> None:
    chart = ParetoChart()
    chart.update(STEPS, AXIS, [0, 1])
    assert chart.root.xaxis[0].axis_label == "size (kB)"
    chart.update(STEPS, {**AXIS, "title": "MACs", "unit": ""}, [0, 1])
    assert chart.root.xaxis[0].axis_label == "MACs"


def test_an_empty_chart_says_why() -> None:
    chart = ParetoChart()
    chart.update([point(0, None, 1.0)], AXIS, [0])
    assert chart.root.title.text == "Nothing is measured yet"
    chart.update(STEPS, AXIS, [0])
    assert chart.root.title.text == ""


@pytest.mark.parametrize(
    ("hit", "chosen"),
    [
        ([0], [0]),
        ([0, 2], [3]),  # of several that lie on each other the newest
        ([3, 0], [0]),  # but not the one that one is at
        ([3], [1]),
        ([9], []),
        ([-1], []),
        ([], []),
        (["a"], []),
        (None, []),
    ],
)
def test_a_click_chooses_the_step_under_it(hit: Any, chosen: list[int]) -> None:
    asked: list[int] = []
    chart = ParetoChart(on_choose=asked.append)
    chart.update(STEPS, AXIS, [0, 1])
    assert chart.points.data["id"] == [0, 2, 3, 1]
    chart._chosen("indices", [], hit)
    assert asked == chosen


def test_a_point_can_be_clicked_again() -> None:
    asked: list[int] = []
    chart = ParetoChart(on_choose=asked.append)
    chart.update(STEPS, AXIS, [0])
    for _ in range(2):
        chart.points.selected.indices = [1]
        chart.forget_choice()
    assert asked == [2, 2]


@pytest.mark.parametrize("dark", [True, False])
def test_points_take_the_colours_of_the_page(dark: bool) -> None:
    chart = ParetoChart(dark=not dark)
    chart.set_dark(dark)
    colours = palette(dark)
    assert chart._dots.glyph.fill_color.transform.palette == [
        colours.ink,
        colours.loss,
        colours.kept,
        colours.latency,
        colours.soft,
    ]
