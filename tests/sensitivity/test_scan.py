"""A scan must find what the plain loop finds, and leave everything else as it was."""

import dataclasses
import itertools

import pytest
import torch
from networks import Network, conv, pooled
from scanning import Case, network_case, plainly, random_data
from torch import nn
from toys import dense_model

from workbench import Plan
from workbench.data import open_data
from workbench.errors import DataError, PlanError, UnknownUnitError
from workbench.export.onnx import onnx_bytes
from workbench.measure.accuracy import evaluate
from workbench.models import open_model
from workbench.onnx_graph import CutError
from workbench.progress import SILENT, Cancelled
from workbench.pruned import PrunedModel
from workbench.recalibration import Recalibration
from workbench.sensitivity import Point, Sensitivity, scan
from workbench.sensitivity.onnx_route import OnnxRoute, _Runs
from workbench.sensitivity.targets import Target
from workbench.sensitivity.torch_route import TorchRoute

FEW = (0.25, 0.5, 0.75)


def assert_as_plain(found: Sensitivity, model: PrunedModel, data, plan: Plan) -> None:
    assert found.points
    for point in found.points:
        expected = plainly(model, data, plan, point.unit, point.ratio)
        assert abs(point.accuracy - expected.accuracy) * point.inputs <= 1 + 1e-9
        assert point.loss == pytest.approx(expected.loss, abs=1e-4)
        assert point.inputs == len(data.probe)


def test_an_exact_scan_finds_what_the_plain_loop_finds(case: Case) -> None:
    model, data = case
    found = scan(model, data, Plan(), ratios=FEW)
    assert_as_plain(found, model, data, Plan())
    assert not found.notes, "all of these networks can be cut"
    assert {point.route for point in found.points} <= {"onnxruntime", ""}
    assert all(point.measured for point in found.points)
    assert set(found.units) == {
        unit.name for unit in model.anatomy.units("channel") if unit.prunable
    }


@pytest.mark.parametrize("granularity", ["weight", "n:m"])
def test_weights_are_scanned_as_the_plain_loop_does(residual: Case, granularity: str) -> None:
    model, data = residual
    plan = Plan(granularity=granularity)
    found = scan(model, data, plan, ratios=FEW)
    assert_as_plain(found, model, data, plan)
    assert not found.notes


def test_points_say_what_pruning_removes(residual: Case) -> None:
    model, data = residual
    plan = Plan(round_to=4)
    for point in scan(model, data, plan, ratios=FEW).points:
        _, results = model.prune(plan.with_ratio(point.unit, point.ratio))
        result = next(result for result in results if result.unit == point.unit)
        assert (point.achieved, point.kept, point.size) == (
            result.achieved,
            result.kept,
            result.size,
        )


def test_ratios_that_keep_the_same_are_measured_once(
    residual: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, data = residual
    ran = []
    call = _Runs.__call__
    monkeypatch.setattr(_Runs, "__call__", lambda self, *a: (ran.append(1), call(self, *a))[1])
    found = scan(model, data, Plan(), ratios=(0.5, 0.51, 0.52), units=["stem"])
    assert len({(point.kept, point.loss) for point in found.points}) == 1
    assert len(found.points) == 3
    assert len(ran) == 1


def test_a_scan_starts_from_the_model_as_it_is(residual: Case) -> None:
    model, data = residual
    once, _ = model.prune(Plan(ratios={"stem": 0.25}))
    found = scan(once, data, Plan(), ratios=(0.2, 0.5))
    assert found.baseline.loss == pytest.approx(evaluate(once.module, data.probe).loss, abs=1e-5)
    same, more = found.of("stem")
    assert same.loss == found.baseline.loss, "as much is gone already"
    pruned, _ = once.prune(Plan(ratios={"stem": 0.5}))
    assert more.loss == pytest.approx(evaluate(pruned.module, data.probe).loss, abs=1e-4)


def test_a_scan_leaves_the_model_untouched(case: Case) -> None:
    model, data = case
    before = {name: tensor.clone() for name, tensor in model.module.state_dict().items()}
    modes = [part.training for part in model.module.modules()]
    scan(model, data, Plan(), ratios=(0.5,))
    after = model.module.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert modes == [part.training for part in model.module.modules()]
    assert not model.channels
    assert not model.weights


def test_ratios_locks_and_bounds_of_the_plan_do_not_matter(residual: Case) -> None:
    model, data = residual
    plain = scan(model, data, Plan(), ratios=(0.5,))
    busy = Plan(ratio=0.3, min_ratio=0.2, max_ratio=0.4).with_ratio("first", 0.4).lock("stem")
    assert scan(model, data, busy, ratios=(0.5,)).points == plain.points


@pytest.mark.parametrize("limit", [1, 20_000])
def test_memory_for_kept_values_stays_below_its_limit(
    residual: Case, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    model, data = residual
    routes = []
    close = OnnxRoute.close
    monkeypatch.setattr(OnnxRoute, "close", lambda self: (routes.append(self), close(self)))
    found = scan(model, data, Plan(), ratios=FEW, memory_limit_bytes=limit)
    assert_as_plain(found, model, data, Plan())
    # At least one input at a time has to be held, with the values that belong to it.
    one = 4 * (3 * 16 + 2 * 8 * 16)
    assert 0 < routes[0].held.peak_bytes <= max(limit, one)


def test_a_graph_that_cannot_be_cut_is_measured_in_pytorch_and_says_why() -> None:
    torch.manual_seed(0)
    module = Network(
        lambda m, x: m.head(pooled(torch.sort(m.second(m.stem(x)), 3)[0])),
        stem=conv(3, 4),
        second=conv(4, 6),
        head=nn.Linear(6, 3),
    ).eval()
    model, data = dense_model(module, (3, 4, 4)), random_data((3, 4, 4), 3)
    plan = Plan(granularity="weight")
    original = OnnxRoute.portions
    try:
        OnnxRoute.portions = _refusing(original, "second")  # type: ignore[method-assign]
        found = scan(model, data, plan, ratios=(0.5,))
    finally:
        OnnxRoute.portions = original  # type: ignore[method-assign]
    assert_as_plain(found, model, data, plan)
    assert found.notes == {"second": "it stands in the way"}
    assert [found.of(unit)[0].route for unit in ("stem", "second")] == ["onnxruntime", "pytorch"]


def _refusing(portions, unit: str):
    def refuse(self, targets):
        if targets[0].unit == unit:
            raise CutError("it stands in the way")
        return portions(self, targets)

    return refuse


def test_other_outputs_than_the_pruned_modules_are_noticed(
    residual: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, data = residual
    run = OnnxRoute.run
    monkeypatch.setattr(OnnxRoute, "run", lambda self, *a: run(self, *a) + 1)
    found = scan(model, data, Plan(), ratios=(0.5,), units=["first"])
    assert "must be those of the pruned module" in found.notes["first"]
    assert found.points[0].route == "pytorch"
    assert_as_plain(found, model, data, Plan())


def test_a_model_that_cannot_be_exported_is_measured_in_pytorch(
    residual: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, data = residual

    def refuse(*_: object, **__: object) -> bytes:
        raise CutError("no export today")

    monkeypatch.setattr("workbench.sensitivity.onnx_route.onnx_bytes", refuse)
    found = scan(model, data, Plan(), ratios=(0.5,))
    assert set(found.notes.values()) == {"no export today"}
    assert_as_plain(found, model, data, Plan())


@pytest.mark.parametrize("limit", [1, 2**29])
def test_recalibrated_figures_are_those_of_recalibrated_models(limit: int) -> None:
    model, data = network_case("digits_cnn")
    settings = {"ratios": (0.5,), "memory_limit_bytes": limit}
    found = scan(model, data, Plan(), recalibrate=2, units=["stem", "block2.conv1"], **settings)
    batches = Recalibration.from_split(data.train, 2, seed=0)
    for point in found.points:
        pruned, _ = model.prune(Plan(ratios={point.unit: 0.5}))
        expected = evaluate(batches.applied_to(pruned.module), data.probe)
        assert point.loss == pytest.approx(expected.loss, abs=1e-6)
        assert point.loss != pytest.approx(evaluate(pruned.module, data.probe).loss, abs=1e-3)
        assert point.route == "onnxruntime"
    expected = evaluate(batches.applied_to(model.module), data.probe)
    assert found.baseline.loss == pytest.approx(expected.loss, abs=1e-6)


def test_norms_that_the_graph_does_not_show_are_recalibrated_in_pytorch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, data = network_case("digits_cnn")
    fused = onnx_bytes(model.module, data.example_input())
    monkeypatch.setattr("workbench.sensitivity.onnx_route.onnx_bytes", lambda *_, **__: fused)
    found = scan(model, data, Plan(), ratios=(0.5,), recalibrate=2, units=["stem"])
    assert "batch norms estimated again" in found.notes["stem"]
    pruned, _ = model.prune(Plan(ratios={"stem": 0.5}))
    recalibrated = Recalibration.from_split(data.train, 2, seed=0).applied_to(pruned.module)
    assert found.points[0].loss == pytest.approx(evaluate(recalibrated, data.probe).loss, abs=1e-6)


def test_recalibrated_statistics_are_the_mean_over_the_batches() -> None:
    norm = nn.BatchNorm2d(1).eval()
    batches = (torch.zeros(2, 1, 2, 2), torch.full((2, 1, 2, 2), 3.0))
    changed = Recalibration(batches).applied_to(norm)
    assert changed.running_mean.item() == 1.5
    assert (norm.running_mean.item(), norm.momentum, changed.momentum) == (0.0, 0.1, 0.1)
    assert not changed.training


def test_every_point_is_reported_as_it_is_found(residual: Case) -> None:
    model, data = residual
    seen: list[Point] = []
    found = scan(model, data, Plan(), ratios=FEW, report=seen.append)
    assert seen == list(found.points)
    order = [point.unit for point in seen]
    assert [unit for unit, _ in itertools.groupby(order)] == list(found.units)


class Watch:
    """A monitor that remembers, and cancels when it is told to."""

    def __init__(self) -> None:
        self.shares: list[float] = []
        self.cancelled = False

    def report(self, done: float, total: float, message: str = "") -> None:
        if self.cancelled:
            raise Cancelled
        self.shares.append(done / total)


def test_progress_rises_to_the_end(residual: Case) -> None:
    watch = Watch()
    scan(*residual, Plan(), ratios=FEW, monitor=watch)
    assert watch.shares == sorted(watch.shares)
    assert watch.shares[-1] == pytest.approx(1)


@pytest.mark.parametrize("mode", ["exact", "adaptive"])
def test_a_cancelled_scan_goes_on_where_it_stopped(tmp_path, residual: Case, mode: str) -> None:
    model, data = residual
    watch, seen = Watch(), []

    def stop(point: Point) -> None:
        seen.append(point)
        watch.cancelled = len(seen) == 4

    with pytest.raises(Cancelled):
        scan(model, data, Plan(), ratios=FEW, mode=mode, cache=tmp_path, monitor=watch, report=stop)
    assert len(seen) == 4
    lines = len(next(tmp_path.iterdir()).read_text().splitlines())
    assert lines == 5, "four points and the model as it is"
    whole = scan(model, data, Plan(), ratios=FEW, mode=mode, cache=tmp_path)
    assert [point for point in whole.points if point in seen] == sorted(
        seen, key=lambda point: (whole.units.index(point.unit), point.ratio)
    )
    assert whole == scan(model, data, Plan(), ratios=FEW, mode=mode)


def test_an_adaptive_scan_of_a_trained_network_comes_close_and_says_what_it_ran() -> None:
    data = open_data("digits")
    module = open_model("digits_cnn", num_classes=10, input_shape=(1, 8, 8)).module
    model = dense_model(module, (1, 8, 8))
    found, exact = (scan(model, data, Plan(), mode=mode) for mode in ("adaptive", "exact"))
    assert all(found.of(unit)[-1].source == "measured" for unit in found.units)
    guessed = [point for point in found.points if not point.measured]
    assert sum(point.run_inputs for point in guessed) < 0.5 * sum(p.inputs for p in guessed)
    assert {point.source for point in guessed} == {"interpolated"}
    for point, other in zip(found.points, exact.points, strict=True):
        assert abs(point.accuracy - other.accuracy) <= 9 / 360  # images
        if point.measured:
            assert point.loss == pytest.approx(other.loss, abs=1e-6)


def test_an_adaptive_scan_takes_exact_figures_where_they_are_known(
    tmp_path, residual: Case
) -> None:
    exact = scan(*residual, Plan(), ratios=FEW, cache=tmp_path)
    found = scan(*residual, Plan(), ratios=FEW, cache=tmp_path, mode="adaptive")
    assert found.points == exact.points


def test_a_scan_is_plain_data(residual: Case) -> None:
    found = scan(*residual, Plan(), ratios=FEW)
    assert Sensitivity.from_json(found.to_json()) == found
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.points[0].accuracy = 1.0  # type: ignore[misc]


@pytest.mark.parametrize("ratio", [0, 1, -0.5, True, "half"])
def test_ratios_out_of_range_are_refused(residual: Case, ratio: object) -> None:
    with pytest.raises(PlanError, match=rf"must be in \(0, 1\), got {ratio!r}"):
        scan(*residual, Plan(), ratios=[ratio])  # type: ignore[list-item]


def test_a_scan_of_nothing_is_refused(residual: Case) -> None:
    with pytest.raises(PlanError, match="at least 1 ratio"):
        scan(*residual, Plan(), ratios=[])


def test_units_that_cannot_be_scanned_are_refused(residual: Case) -> None:
    with pytest.raises(UnknownUnitError, match="no channel unit 'frist'"):
        scan(*residual, Plan(), units=["frist"])
    with pytest.raises(PlanError, match=r"'head' must be 0, got 0\.5: it is not prunable"):
        scan(*residual, Plan(), units=["head"])


def test_a_scan_of_no_unit_is_refused(residual: Case) -> None:
    with pytest.raises(PlanError, match=r"at least 1 unit, got none. Leave units out for all"):
        scan(*residual, Plan(), units=[])


def test_a_model_without_a_unit_to_scan_says_why() -> None:
    model = dense_model(nn.Sequential(nn.Flatten(), nn.Linear(48, 3)).eval(), (3, 4, 4))
    data = random_data((3, 4, 4), 3)
    with pytest.raises(PlanError, match=r"has none \('1': these are the model outputs\)\. Try"):
        scan(model, data, Plan())
    assert scan(model, data, Plan(granularity="weight"), ratios=(0.5,)).units == ("1",)


def test_a_probe_set_of_one_class_is_refused(residual: Case) -> None:
    model, data = residual
    probe = dataclasses.replace(data.probe, labels=torch.full_like(data.probe.labels, 2))
    with pytest.raises(DataError, match=r"at least 2 classes, got only '2' in 40 inputs"):
        scan(model, dataclasses.replace(data, probe=probe), Plan())


def test_an_unknown_mode_is_refused(residual: Case) -> None:
    with pytest.raises(PlanError, match="one of exact, adaptive; got 'fast'"):
        scan(*residual, Plan(), mode="fast")


def test_the_plain_route_runs_chosen_inputs_only(residual: Case) -> None:
    model, data = residual
    target = Target.of(model, Plan(), "stem", 0.5)
    (portion,) = TorchRoute(model, data.probe).portions([target])
    chosen = (data.probe.labels == 1).numpy()
    some = portion.run(target, chosen, SILENT)
    assert (some == portion.run(target, None, SILENT)[chosen]).all()
