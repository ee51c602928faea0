"""A scan over workers finds what a scan without them finds, and loses nothing on the way."""

import dataclasses
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest
from scanning import Case, assert_same_figures, network_case, random_data
from toys import dense_model, toy_data, toy_net

from workbench import Plan, Session
from workbench.errors import WorkerError
from workbench.onnx_graph import CutError
from workbench.progress import Cancelled
from workbench.sensitivity import Point, Sensitivity, scan
from workbench.sensitivity.batches import BatchRunner
from workbench.sensitivity.cache import Cache
from workbench.sensitivity.onnx_route import OnnxRoute
from workbench.sensitivity.workers import worker
from workbench.sensitivity.workers.jobs import Job
from workbench.sensitivity.workers.messages import Errand, Outcome, Parcel

FEW = (0.25, 0.5, 0.75)
WORKERS = 2


@pytest.fixture
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(WORKERS) as pool:
        yield pool


@pytest.fixture(scope="module", params=["spawn", "forkserver"])
def processes(request: pytest.FixtureRequest) -> Iterator[Executor]:
    """Kept for several tests: a worker takes seconds to import PyTorch."""
    with process_pool(request.param) as pool:
        yield pool


def process_pool(start: str = "forkserver") -> ProcessPoolExecutor:
    return ProcessPoolExecutor(WORKERS, mp_context=multiprocessing.get_context(start))


class Watched(Executor):
    """Passes calls on, and remembers what went out and what came back.

    Attributes:
        change: Applied to every parcel that goes out.
    """

    def __init__(
        self, inner: Executor, change: Callable[[Parcel], Parcel] = lambda parcel: parcel
    ) -> None:
        self.inner, self.change = inner, change
        self.parcels: list[Parcel] = []
        self.errands: list[Errand] = []
        self.futures: list[Future[Outcome]] = []

    def submit(self, run: Any, parcel: Parcel, errand: Errand) -> Future[Outcome]:  # type: ignore[override]
        self.parcels.append(parcel)
        self.errands.append(errand)
        self.futures.append(self.inner.submit(run, self.change(parcel), errand))
        return self.futures[-1]

    @property
    def outcomes(self) -> list[Outcome]:
        return [future.result() for future in self.futures]

    @property
    def targets(self) -> int:
        return sum(len(errand.targets) for errand in self.errands)


@pytest.mark.parametrize("granularity", ["channel", "weight"])
@pytest.mark.parametrize("mode", ["exact", "adaptive"])
def test_workers_find_what_a_scan_without_them_finds(
    case: Case, threads: Executor, mode: str, granularity: str
) -> None:
    plan = Plan(granularity=granularity)
    found = scan(*case, plan, ratios=FEW, mode=mode, executor=threads)
    assert {point.route for point in found.points} <= {"onnxruntime", ""}
    assert_same_figures(found, scan(*case, plan, ratios=FEW, mode=mode))


def test_processes_find_the_same_and_read_the_model_once_each(
    residual: Case, processes: Executor
) -> None:
    watched = Watched(processes)
    found = scan(*residual, Plan(granularity="weight"), executor=watched)
    assert_same_figures(found, scan(*residual, Plan(granularity="weight")))
    assert len(watched.errands) > 3 * WORKERS
    assert all(parcel.content is None for parcel in watched.parcels)
    opened = Counter(outcome.worker for outcome in watched.outcomes if outcome.opened)
    assert 1 <= len(opened) <= WORKERS
    assert set(opened.values()) == {1}


def test_a_worker_that_cannot_read_the_file_gets_the_model_once(
    residual: Case, processes: Executor
) -> None:
    watched = Watched(
        processes, lambda parcel: dataclasses.replace(parcel, path="/on/another/machine")
    )
    # Other data than in other tests, so that no worker has the job already.
    data = random_data((3, 4, 4), 5, probe=24)
    found = scan(residual[0], data, Plan(granularity="weight"), executor=watched)
    assert_same_figures(found, scan(residual[0], data, Plan(granularity="weight")))
    sent = sum(parcel.content is not None for parcel in watched.parcels)
    opened = Counter(outcome.worker for outcome in watched.outcomes if outcome.opened)
    assert set(opened.values()) == {1}
    # One that was meant for a worker may have come to another, which had it.
    strays = sum(
        parcel.content is not None and not outcome.opened
        for parcel, outcome in zip(watched.parcels, watched.outcomes, strict=True)
    )
    assert sent == len(opened) + strays
    assert sent <= 2 * WORKERS
    assert len(watched.errands) > 3 * WORKERS


def test_batch_norms_are_recalibrated_in_workers_too(processes: Executor) -> None:
    case = network_case("digits_cnn")
    settings: dict[str, Any] = {"ratios": (0.5,), "recalibrate": 1, "units": ["stem", "head"]}
    found = scan(*case, Plan(), **settings, executor=processes)
    assert {point.route for point in found.points} == {"onnxruntime"}
    assert_same_figures(found, scan(*case, Plan(), **settings))


def test_what_runs_in_pytorch_runs_in_workers_too(
    processes: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.sensitivity.onnx_route.onnx_bytes", no_export)
    case = network_case("digits_cnn")
    settings: dict[str, Any] = {"ratios": (0.5,), "recalibrate": 1, "units": ["stem", "head"]}
    found = scan(*case, Plan(), **settings, executor=processes)
    assert {point.route for point in found.points} == {"pytorch"}
    assert_same_figures(found, scan(*case, Plan(), **settings))


def test_a_unit_that_cannot_be_cut_runs_in_pytorch_and_says_why(
    threads: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    portions = OnnxRoute.portions

    def refuse(self: OnnxRoute, targets: Any) -> Any:
        if targets[0].unit == "conv2":
            raise CutError("it stands in the way")
        return portions(self, targets)

    monkeypatch.setattr(OnnxRoute, "portions", refuse)
    model = dense_model(toy_net(), (1, 4, 4))
    found = scan(model, toy_data(), Plan(), executor=threads)
    assert found.notes == {"conv2": "it stands in the way"}
    assert {point.route for point in found.of("conv2")} == {"pytorch"}
    assert {point.route for point in found.of("conv1")} == {"onnxruntime", ""}
    assert_same_figures(found, scan(model, toy_data(), Plan()))


def no_export(*_: object, **__: object) -> bytes:
    raise CutError("no export today")


def test_a_model_that_cannot_be_pickled_is_refused_where_pytorch_has_to_run(
    residual: Case, threads: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.sensitivity.onnx_route.onnx_bytes", no_export)
    with pytest.raises(
        WorkerError, match=r"cannot be pickled: .*define its class at the top level"
    ):
        scan(*residual, Plan(), ratios=FEW, recalibrate=1, executor=threads)


def test_a_model_that_workers_cannot_open_is_refused(
    threads: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(content: bytes) -> Job:
        raise AttributeError("Can't get attribute 'Net' on <module '__main__'>")

    monkeypatch.setattr(worker, "open_job", refuse)
    model = dense_model(toy_net(), (1, 4, 4))
    with pytest.raises(WorkerError, match=r"AttributeError: Can't get.*define its class at the"):
        scan(model, toy_data(), Plan(), ratios=(0.5,), executor=threads)


def test_inputs_are_divided_as_the_scanning_process_would_divide_them() -> None:
    alone, helped = BatchRunner(1, 32, divided_for=3), BatchRunner(3, 32)
    assert [*alone._rows(512)] == [*helped._rows(512)] != [*BatchRunner(1, 32)._rows(512)]


def test_few_inputs_are_divided_too_so_that_a_slow_thread_keeps_nobody_waiting() -> None:
    sizes = [
        [rows.stop - rows.start for rows in BatchRunner(2, 32)._rows(count)]
        for count in (1, 24, 64, 512)
    ]
    assert sizes == [[1], [12, 12], [8] * 8, [32] * 16]


class Watch:
    """A monitor that remembers, and cancels when it is told to."""

    def __init__(self) -> None:
        self.shares: list[float] = []
        self.cancelled = False

    def report(self, done: float, total: float, message: str = "") -> None:
        if self.cancelled:
            raise Cancelled
        self.shares.append(done / total)


def test_points_and_progress_come_as_workers_end(threads: Executor) -> None:
    watch, watched, pending = Watch(), Watched(threads), []

    def note(point: Point) -> None:
        pending.append(sum(not future.done() for future in watched.futures))

    found = scan(*network_case("digits_cnn"), Plan(), executor=watched, monitor=watch, report=note)
    assert len(pending) == len(found.points)
    assert pending[0] > 0
    assert watch.shares == sorted(watch.shares)
    assert watch.shares[-1] == pytest.approx(1)


class OneOnly(Executor):
    """Runs the first call; the others wait for ever."""

    def __init__(self) -> None:
        self.waiting: list[Future[Any]] = []

    def submit(self, run: Any, *arguments: Any) -> Future[Any]:  # type: ignore[override]
        future: Future[Any] = Future()
        if self.waiting:
            self.waiting.append(future)
        else:
            future.set_result(run(*arguments))
            self.waiting.append(Future())
        return future


def test_a_cancelled_scan_calls_its_errands_back(residual: Case) -> None:
    watch, executor = Watch(), OneOnly()

    def stop(point: Point) -> None:
        watch.cancelled = True

    with pytest.raises(Cancelled):
        scan(*residual, Plan(), executor=executor, monitor=watch, report=stop)
    parked = executor.waiting[1:]
    assert len(parked) > 1
    assert all(future.cancelled() for future in parked)


@pytest.mark.parametrize("mode", ["exact", "adaptive"])
def test_a_cancelled_scan_with_workers_goes_on_where_it_stopped(
    residual: Case, threads: Executor, mode: str
) -> None:
    cache, watch, watched = Cache(None), Watch(), Watched(threads)
    seen: list[Point] = []

    def stop(point: Point) -> None:
        seen.append(point)
        watch.cancelled = True

    def again(executor: Executor, **settings: Any) -> Sensitivity:
        return scan(*residual, Plan(), mode=mode, cache=cache, executor=executor, **settings)

    with pytest.raises(Cancelled):
        again(watched, monitor=watch, report=stop)
    rest = Watched(threads)
    whole = again(rest)
    distinct = {(point.unit, point.kept) for point in whole.points if point.kept < point.size}
    known = {(point.unit, point.kept) for point in seen if point.kept < point.size}
    assert 0 < len(known) < len(distinct)
    if mode == "exact":
        assert rest.targets == len(distinct) - len(known)
    assert_same_figures(whole, scan(*residual, Plan(), mode=mode))


def test_figures_are_written_by_the_process_that_scans(
    tmp_path: Any, residual: Case, processes: Executor
) -> None:
    found = scan(*residual, Plan(), ratios=FEW, cache=tmp_path, executor=processes)
    lines = next(tmp_path.iterdir()).read_text().splitlines()
    assert len(lines) == 1 + len(found.points), "the model as it is, and every point once"
    watched = Watched(processes)
    assert scan(*residual, Plan(), ratios=FEW, cache=tmp_path, executor=watched) == found
    assert watched.errands == []


def test_a_pool_whose_workers_die_says_what_is_kept_and_another_goes_on() -> None:
    case, cache, seen = network_case("digits_cnn"), Cache(None), []
    with process_pool() as pool:

        def kill(point: Point) -> None:
            seen.append(point)
            for process in list((pool._processes or {}).values()):
                os.kill(process.pid, signal.SIGKILL)

        with pytest.raises(WorkerError, match=r"when (\d+) of 45 points were known") as failed:
            scan(*case, Plan(), cache=cache, executor=pool, report=kill)
    assert f"when {len(seen)} of 45" in str(failed.value)
    assert "Scan again with a new executor, or without one: in a session" in str(failed.value)
    again: list[Point] = []
    whole = scan(*case, Plan(), cache=cache, report=again.append)
    assert [point for point in whole.points if point in seen]
    assert_same_figures(whole, scan(*case, Plan()))


def test_an_executor_that_was_shut_down_is_an_error(residual: Case) -> None:
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(WorkerError, match=r"0 of 6 points.*cannot schedule new futures"):
        scan(*residual, Plan(), ratios=FEW, executor=pool)


def test_what_is_no_executor_is_refused(residual: Case) -> None:
    with pytest.raises(WorkerError, match=r"must be a concurrent\.futures\.Executor, got a int"):
        scan(*residual, Plan(), executor=4)  # type: ignore[arg-type]


def test_a_session_scans_with_workers_and_goes_on_after_they_failed(
    session: Session, threads: Executor
) -> None:
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(WorkerError):
        session.scan_sensitivity(ratios=FEW, executor=pool)
    found = session.scan_sensitivity(ratios=FEW, executor=threads)
    assert session.sensitivity == {unit: found.of(unit) for unit in found.units}
    assert_same_figures(session.scan_sensitivity(ratios=FEW), found)
