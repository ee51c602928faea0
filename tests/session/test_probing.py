"""Answers on the probe set: the fast way gives what the plain one gives, or is not taken."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from workbench import Plan, Session
from workbench.measure.accuracy import Evaluation, evaluate
from workbench.onnx_graph import CutError
from workbench.progress import SILENT, Cancelled
from workbench.sensitivity.frontier import batch_size_for
from workbench.session import probing
from workbench.session.onnx_files import OnnxFiles


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[nn.Module]:
    """What was evaluated: pruned modules, or what stands for them."""
    modules: list[nn.Module] = []

    def noted(module: nn.Module, *arguments: object, **settings: object) -> Evaluation:
        modules.append(module)
        return evaluate(module, *arguments, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(probing, "evaluate", noted)
    return modules


def fast(module: nn.Module) -> bool:
    return isinstance(module, probing._Running)


def same(found: Evaluation, expected: Evaluation) -> bool:
    differ = int((found.predictions != expected.predictions).sum())
    return differ <= 1 and abs(found.loss - expected.loss) < 1e-4


def plans() -> list[tuple[str, Callable[[Plan], Plan]]]:
    return [
        ("channels", lambda plan: plan.with_ratios(0.4)),
        ("one unit", lambda plan: plan.with_ratio("head", 0.7)),
        ("weights", lambda plan: plan.with_(granularity="weight").with_ratios(0.6)),
        ("pattern", lambda plan: plan.with_(granularity="n:m", pattern="2:4", ratio=0.5)),
        ("nothing", lambda plan: plan),
    ]


@pytest.mark.parametrize("change", [change for _, change in plans()], ids=[n for n, _ in plans()])
def test_answers_in_the_cut_graph_are_those_of_the_pruned_module(
    digits: Session, asked: list[nn.Module], change: Callable[[Plan], Plan]
) -> None:
    _ = digits.baseline
    plan = change(digits.plan)
    pruned, _ = digits.pruned.prune(plan)
    found = digits._jobs.probing.answers(pruned, digits.pruned, SILENT)
    assert [fast(module) for module in asked] == [True]
    assert same(found, evaluate(pruned.module, digits.dataset.probe))


class StopsAfter:
    """A monitor that is cancelled once so many inputs have been answered."""

    def __init__(self, inputs: int) -> None:
        self.inputs = inputs
        self.told: list[float] = []

    def report(self, done: float, total: float, message: str = "") -> None:
        self.told.append(done / total)
        if done >= self.inputs:
            raise Cancelled(message)


def test_answers_are_dropped_within_a_batch(
    digits: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    _ = digits.baseline
    probing, model = digits._jobs.probing, digits.pruned
    everything = StopsAfter(10**9)
    probing.answers(model, model, everything)
    assert everything.told == sorted(everything.told) and everything.told[-1] == 1
    monitor, graph = StopsAfter(1), digits._jobs.probing._files.graph(model)
    assert graph is not None
    with pytest.raises(Cancelled):
        probing.answers(model, model, monitor)
    assert 0 < monitor.told[-1] < 2 * batch_size_for(graph) / len(digits.dataset.probe)


def test_a_model_that_was_pruned_before_is_cut_from_its_own_file(
    digits: Session, asked: list[nn.Module]
) -> None:
    digits.plan = digits.plan.with_ratios(0.3)
    digits.prune()
    digits.plan = digits.plan.with_ratios(0.5)
    digits.preview()
    pruned, _ = digits.pruned.prune(digits.plan)
    assert digits.previewed is not None
    assert same(digits.previewed, evaluate(pruned.module, digits.dataset.probe))
    assert asked and all(map(fast, asked))


def test_without_a_file_or_a_cut_the_module_is_run(
    digits: Session, asked: list[nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    _ = digits.baseline
    model, probe = digits.pruned, digits._jobs.probing

    def refuse(*_: object) -> None:
        raise CutError("no way through 'Foo'.")

    monkeypatch.setattr(OnnxFiles, "graph", lambda *_: None)
    probe.answers(model, model, SILENT)
    monkeypatch.setattr(OnnxFiles, "graph", refuse)
    probe.answers(model, model, SILENT)
    assert asked == [model.module, model.module]


def test_a_graph_whose_first_answers_are_others_is_not_believed(
    digits: Session, asked: list[nn.Module]
) -> None:
    _ = digits.baseline
    pruned, _ = digits.pruned.prune(digits.plan.with_ratios(0.4))
    with torch.no_grad():
        pruned.module.get_submodule("head").weight.mul_(1.05)  # type: ignore[union-attr]
    found = digits._jobs.probing.answers(pruned, digits.pruned, SILENT)
    assert [fast(module) for module in asked] == [True, False]
    expected = evaluate(pruned.module, digits.dataset.probe)
    assert found == expected and bool((found.predictions == expected.predictions).all())


def test_files_are_kept_of_the_dense_model_and_of_the_last_one(digits: Session) -> None:
    _ = digits.baseline
    models = [digits.pruned]
    for ratio in (0.2, 0.4):
        digits.plan = digits.plan.with_ratios(ratio)
        digits.prune()
        models.append(digits.pruned)
    files = digits._jobs.probing._files
    assert [files.graph(model) is not None for model in models] == [True, False, True]
