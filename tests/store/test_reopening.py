"""What one kernel made, the next one finds."""

import dataclasses
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import torch
from torch import nn
from toys import ToyNet, counted_up, toy_data, toy_net

from workbench import Plan, Session
from workbench.criteria import registry
from workbench.devices import LocalCpu
from workbench.errors import DataError, ModelError, StoreError
from workbench.measure.latency import Latency
from workbench.session.measuring import Gauge

Reopen = Callable[..., Session]


def weights(session: Session) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in session.model.state_dict().items()}


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[n], second[n]) for n in first)


def test_steps_come_back_with_models_figures_and_reasons(kept: Reopen) -> None:
    session = kept()
    session.plan = Plan(ratio=0.5)
    session.prune()
    session.finetune(2)
    steps, model = tuple(session.history), weights(session)
    again = kept()
    assert tuple(again.history) == steps
    assert again.history.current.id == 2
    assert same(weights(again), model)
    assert again.model.conv1.out_channels == 2
    x, _ = next(again.dataset.test.batches(4))
    assert torch.equal(again.model(x), session.model(x))


def test_every_older_step_has_its_weights_bit_for_bit(kept: Reopen) -> None:
    session = kept()
    session.plan = Plan(granularity="weight", ratio=0.5)
    session.prune()
    session.finetune(1)
    session.plan = Plan(ratio=0.5)
    session.prune()
    models = {}
    for step in session.history:
        session.checkout(step.id)
        models[step.id] = weights(session)
    again = kept()
    for step in again.history:
        again.checkout(step.id)
        assert same(weights(again), models[step.id])


def test_masks_stay_in_force_after_reopening(kept: Reopen) -> None:
    session = kept()
    session.plan = Plan(granularity="weight", ratio=0.5)
    session.prune()
    session.plan = Plan(ratio=0.25)
    session.prune()
    masks, alive = session.pruned.masks, session.pruned.alive("weight")
    again = kept()
    assert same(again.pruned.masks, masks)
    assert {unit: tuple(flags) for unit, flags in again.pruned.alive("weight").items()} == {
        unit: tuple(flags) for unit, flags in alive.items()
    }
    again.finetune(1)
    for name, mask in again.pruned.masks.items():
        assert not again.model.get_submodule(name).weight[~mask].any()


def test_pruning_goes_on_as_if_nothing_had_happened(kept: Reopen, tmp_path: Path) -> None:
    plans = [Plan(ratio=0.25), Plan(ratio=0.5)]
    session = kept()
    for plan in plans:
        session.plan = plan
        session.prune()
    expected = weights(session)
    session.checkout(1)
    again = kept()
    again.plan = plans[1]
    assert again.prune().parent == 1
    assert same(weights(again), expected)


def test_the_current_step_and_those_undone_come_back(kept: Reopen) -> None:
    session = kept()
    session.plan = Plan(ratio=0.5)
    session.prune()
    session.finetune(1)
    session.undo()
    session.undo()
    again = kept()
    assert (again.history.current.id, again.history.undone) == (0, (2, 1))
    assert [again.redo().id, again.redo().id] == [1, 2]
    again.checkout(1)
    assert (kept().history.current.id, kept().history.can_redo) == (1, False)


def test_plan_and_targets_come_back(kept: Reopen) -> None:
    session = kept()
    session.plan = Plan(criterion="l2", ratio=0.3).with_ratio("conv1", 0.5).remove("conv2", [1])
    session.targets = {"accuracy": 0.9}
    again = kept()
    assert again.plan == session.plan
    assert dict(again.targets) == {"accuracy": 0.9}


@pytest.fixture
def quick_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every network takes a millisecond."""

    def latencies(self: LocalCpu, models: Iterable[str], *_: object, **__: object) -> object:
        return {name: Latency.from_samples((1.0, 1.0)) for name in models}

    monkeypatch.setattr(LocalCpu, "latencies", latencies)


def test_device_and_batch_size_come_back_without_timing_anything(
    kept: Reopen, home: Path, quick_cpu: None
) -> None:
    assert kept().conditions.words == "this machine's CPU, 1 thread, batch 1"
    kept().use_device("cpu:2", batch_size=4)
    again = kept()
    assert (again.device, again.conditions.batch_size) == (LocalCpu(2), 4)
    assert again.baseline.measured_on == again.conditions.words
    again.targets = {"accuracy": 0.5}  # is stored beside them
    again = kept()
    assert (again.device, again.conditions.batch_size) == (LocalCpu(2), 4)
    again.save(home.parent / "copy")
    with Session.open(home.parent / "copy", toy_net(), toy_data()) as copied:
        assert copied.conditions == again.conditions


def test_a_device_that_is_not_here_is_named_and_this_machine_takes_its_place(
    kept: Reopen, quick_cpu: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept().use_device("cpu:2")
    monkeypatch.setattr("workbench.session.keeping.word_of", lambda device: "toaster:2")
    kept().targets = {"accuracy": 0.5}
    again = kept()
    assert again.device == LocalCpu(1)
    (note,) = (note for note in again.notes if "toaster" in note)
    assert note.startswith("The steps were timed on 'toaster:2', which cannot be used here")
    assert "New latencies are those of this machine's CPU, 1 thread, batch 1" in note


def test_the_baseline_is_not_measured_again(kept: Reopen, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = []

    def deployment(self, model, metrics, dense, monitor):
        measured.append(model)
        return dataclasses.replace(metrics, latency_ms=Latency(1.0, 1.0, 1.0, (1.0,))), b"onnx"

    monkeypatch.setattr(Gauge, "deployment", deployment)
    session = kept()
    assert session.baseline.latency_ms is not None
    again = kept()
    assert again.baseline == session.baseline
    assert len(measured) == 1


def test_latency_that_a_killed_kernel_could_not_measure_is_measured_later(
    kept: Reopen, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = kept()
    session.plan = Plan(ratio=0.5)
    assert session.prune().metrics.latency_ms is None

    def deployment(self, model, metrics, dense, monitor):
        return dataclasses.replace(metrics, latency_ms=Latency(1.0, 1.0, 1.0, (1.0,))), b"onnx"

    monkeypatch.setattr(Gauge, "deployment", deployment)
    again = kept()
    again._tasks.submit("export", "waiting", lambda monitor: None).result()
    assert again.history[1].metrics.latency_ms is not None
    assert kept().history[1].metrics.latency_ms is not None


def test_only_recent_models_stay_in_memory(kept: Reopen) -> None:
    session = kept()
    for ratio in range(1, 10):
        session.plan = Plan(granularity="weight", ratio=ratio / 10)
        session.prune()
    assert len(session.history._models._held) == 5
    assert len(session.history._models._alive) <= 7
    assert session.checkout(1).id == 1
    assert session.history.model.alive("weight")["conv1"].sum() == 32


def test_a_model_that_is_still_held_is_the_same_object(kept: Reopen) -> None:
    session = kept()
    session.plan = Plan(granularity="weight", ratio=0.1)
    session.prune()
    held = session.pruned
    for ratio in range(2, 10):
        session.plan = Plan(granularity="weight", ratio=ratio / 10)
        session.prune()
    assert 1 not in session.history._models._held
    session.checkout(1)
    assert session.pruned is held


def test_without_a_directory_nothing_is_written(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    session.plan = Plan(ratio=0.5)
    session.prune()
    assert (session.directory, session.read_only) == (None, "")
    assert list(tmp_path.iterdir()) == []


def test_open_finds_bundled_models_and_data_by_name(tmp_path: Path, no_runtimes: None) -> None:
    with Session("lenet300_100", "digits", directory=tmp_path / "a") as session:
        session.plan = Plan(ratio=0.5)
        session.prune()
        model, notes = weights(session), session.notes
    with Session.open(tmp_path / "a") as again:
        assert same(weights(again), model)
        assert again.notes == notes
        again.undo()
        assert not same(weights(again), model)


def test_random_weights_are_those_that_were_stored(tmp_path: Path, no_runtimes: None) -> None:
    with Session("lenet300_100", "digits", directory=tmp_path) as session:
        model = weights(session)
    with Session("lenet300_100", "digits", directory=tmp_path) as again:
        assert same(weights(again), model)


def test_a_directory_can_be_moved(kept: Reopen, home: Path, tmp_path: Path) -> None:
    session = kept()
    session.plan = Plan(ratio=0.5)
    session.prune()
    model = weights(session)
    session.close()
    archive = shutil.make_archive(str(tmp_path / "archive"), "zip", home)
    shutil.rmtree(home)
    shutil.unpack_archive(archive, tmp_path / "elsewhere")
    with Session.open(tmp_path / "elsewhere", toy_net(), toy_data()) as again:
        assert same(weights(again), model)
        assert again.directory == tmp_path / "elsewhere"


def test_open_takes_the_stored_weights_of_an_own_module(kept: Reopen, home: Path) -> None:
    model = weights(kept())
    kept().close()
    with Session.open(home, ToyNet(), toy_data()) as again:
        assert same(weights(again), model)


def test_own_modules_and_data_have_to_be_passed_in(kept: Reopen, home: Path) -> None:
    kept().close()
    with pytest.raises(DataError, match=r"data 'toy' are your own.* pass them: data="):
        Session.open(home, toy_net())
    with pytest.raises(ModelError, match=r"is your own module.* pass it: model="):
        Session.open(home, data=toy_data())


def test_there_must_be_a_session_to_open(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"there is no session in .*nothing\. Session\("):
        Session.open(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_an_example_input_that_was_given_comes_back(home: Path, no_runtimes: None) -> None:
    given = torch.full((2, 1, 4, 4), 0.25)
    with Session(toy_net(), toy_data(), example_input=given, directory=home):
        pass
    with Session.open(home, toy_net(), toy_data()) as again:
        assert torch.equal(again._jobs.gauge.example_input, given[:1])


def test_a_directory_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(StoreError, match=r"holds 'thesis\.tex' and no session\.json"):
        Session(toy_net(), toy_data(), directory=tmp_path)
    with pytest.raises(StoreError, match=r"must be a directory, got the file .*thesis\.tex"):
        Session(toy_net(), toy_data(), directory=tmp_path / "thesis.tex")
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_plan_that_fits_no_more_is_left_out_with_a_note(
    kept: Reopen, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = kept()
    session.plan = Plan(criterion="l2", ratio=0.5)
    session.close()

    monkeypatch.setattr(
        registry, "CRITERIA", {k: v for k, v in registry.CRITERIA.items() if k != "l2"}
    )
    again = kept()
    assert again.plan == Plan()
    assert any("plan does not fit any more: " in note for note in again.notes)


def test_frozen_parameters_stay_frozen(home: Path, no_runtimes: None) -> None:
    def frozen() -> nn.Module:
        module = counted_up(ToyNet())
        module.bn.weight.requires_grad_(False)
        return module

    with Session(frozen(), toy_data(), directory=home) as session:
        session.plan = Plan(ratio=0.5)
        session.prune()
    with Session(frozen(), toy_data(), directory=home) as again:
        assert not again.model.bn.weight.requires_grad
        assert again.model.conv1.weight.requires_grad
