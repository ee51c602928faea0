"""Fixtures that the tests of the engine share."""

from collections.abc import Iterator

import pytest
import torch
from browser_path import find_browser
from playwright.sync_api import Browser, sync_playwright
from torch import nn
from toys import dense_model, toy_data, toy_net

from workbench import Plan, Session
from workbench.data import Dataset
from workbench.measure.metrics import Metrics
from workbench.progress import Monitor
from workbench.pruned import PrunedModel
from workbench.session.measuring import Gauge
from workbench.session.onnx_files import OnnxFiles

# Networks this small gain nothing from threads, and on a busy machine threads wait for each other.
torch.set_num_threads(1)


@pytest.fixture
def net() -> nn.Module:
    """The toy network with counted-up weights."""
    return toy_net()


@pytest.fixture
def data() -> Dataset:
    """Toy data."""
    return toy_data()


@pytest.fixture
def dense(net: nn.Module) -> PrunedModel:
    """The toy network before any pruning."""
    return dense_model(net, (1, 4, 4))


@pytest.fixture
def no_runtimes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what takes seconds of every step: ONNX export and latency."""

    def unmeasured(
        self: Gauge, model: PrunedModel, metrics: Metrics, dense: bytes | None, monitor: Monitor
    ) -> tuple[Metrics, bytes]:
        return metrics, b"onnx"

    monkeypatch.setattr(Gauge, "onnx", lambda self, model, monitor: b"onnx")
    monkeypatch.setattr(Gauge, "deployment", unmeasured)
    monkeypatch.setattr(OnnxFiles, "file_of", lambda self, model, monitor: None)


@pytest.fixture
def session(net: nn.Module, data: Dataset, no_runtimes: None) -> Iterator[Session]:
    """A session on the toys, its baseline measured."""
    with Session(net, data) as session:
        assert session.baseline.accuracy is not None
        yield session


@pytest.fixture(scope="session")
def digits_session() -> Iterator[Session]:
    """The bundled network on digits; take `digits`, which begins at the opened model."""
    with Session("digits_cnn", "digits") as session:
        assert session.baseline.latency_ms is not None  # before any test leaves that out
        yield session


@pytest.fixture
def digits(digits_session: Session) -> Session:
    """The bundled network on digits, as it was opened; its history may hold steps already."""
    digits_session.checkout(0)
    digits_session.plan = Plan()
    return digits_session


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser that `make browser` finds; one for all tests, as Playwright allows no second."""
    path = find_browser()
    with sync_playwright() as playwright:
        executable = None if path is None else str(path)
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield browser
        browser.close()
