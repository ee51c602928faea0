"""A scan over a real dask cluster: two worker processes, on this machine only."""

import os
import signal
from collections.abc import Iterator

import pytest
from distributed import Client, LocalCluster
from scanning import assert_same_figures, network_case

from workbench import Plan
from workbench.errors import WorkerError
from workbench.sensitivity import Point, scan
from workbench.sensitivity.workers import liveness


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with (
        LocalCluster(
            n_workers=2,
            processes=True,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.mark.parametrize("mode", ["exact", "adaptive"])
def test_a_cluster_finds_what_a_scan_without_it_finds(client: Client, mode: str) -> None:
    case = network_case("digits_cnn")
    found = scan(*case, Plan(), mode=mode, executor=client.get_executor())
    assert_same_figures(found, scan(*case, Plan(), mode=mode))


def test_a_killed_worker_costs_no_point(client: Client) -> None:
    case, seen = network_case("digits_cnn"), list[Point]()
    workers = client.run(os.getpid)

    def kill_one(point: Point) -> None:
        if not seen:
            os.kill(next(iter(workers.values())), signal.SIGKILL)
        seen.append(point)

    plan = Plan(criterion="l2")  # other errands than those that the cluster has seen
    found = scan(*case, plan, executor=client.get_executor(), report=kill_one)
    assert len(seen) == len(found.points), "every point is reported once"
    assert_same_figures(found, scan(*case, plan))
    assert set(client.run(os.getpid).values()) != set(workers.values()), "one was killed"


def test_a_cluster_that_lost_all_workers_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(liveness, "PATIENCE_S", 0.2)
    monkeypatch.setattr(liveness, "_ASKED_EVERY_S", 0.05)
    with (
        LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
        pytest.raises(WorkerError, match=r"0 of 45 points were known .*has had no worker for"),
    ):
        scan(*network_case("digits_cnn"), Plan(), executor=client.get_executor())
