"""What cannot go on is refused by name, and nothing is lost by asking."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn
from toys import toy_data, toy_net
from watching import at_first_batch

from workbench import GradualSettings, Plan, Session
from workbench.data import Dataset
from workbench.errors import FingerprintError
from workbench.events import EpochTrained
from workbench.progress import Cancelled
from workbench.store.fingerprints import fingerprints_of
from workbench.store.runs import RunFiles
from workbench.training import FinetuneSettings

Reopen = Callable[..., Session]
SETTINGS = FinetuneSettings(epochs=3, batch_size=16)


def weights(session: Session) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in session.model.state_dict().items()}


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[n], second[n]) for n in first)


def uninterrupted() -> dict[str, torch.Tensor]:
    with Session(toy_net(), toy_data()) as session:
        session.submit_finetune(SETTINGS).result()
        return weights(session)


def stop(session: Session) -> None:
    unsubscribe = session.events.subscribe(
        lambda event: session.cancel() if isinstance(event, EpochTrained) else None
    )
    with pytest.raises(Cancelled):
        session.submit_finetune(SETTINGS).result()
    unsubscribe()


def changed_model() -> nn.Module:
    module = toy_net()
    with torch.no_grad():
        module.conv2.weight[0, 0, 0, 0] += 1e-6
    return module


def changed_data() -> Dataset:
    data = toy_data()
    labels = data.train.labels.clone()
    labels[0] = (labels[0] + 1) % 3
    return dataclasses.replace(data, train=dataclasses.replace(data.train, labels=labels))


@pytest.mark.parametrize(
    ("model", "data", "named"),
    [(changed_model, toy_data, "weights"), (toy_net, changed_data, "data")],
)
def test_a_run_does_not_go_on_with_another_model_or_other_data(
    kept: Reopen,
    home: Path,
    model: Callable[[], nn.Module],
    data: Callable[[], Dataset],
    named: str,
) -> None:
    expected = uninterrupted()
    session = kept()
    stop(session)
    offered = session.interrupted
    session.close()
    stored = fingerprints_of(toy_net(), toy_data())[named][:8]
    found = fingerprints_of(model(), data())[named][:8]
    with pytest.raises(FingerprintError, match=rf"the {named} \({stored} stored, {found} now\)"):
        Session(model(), data(), directory=home)
    again = kept()
    assert again.interrupted == offered is not None
    again.resume()
    assert same(weights(again), expected)


def test_cancelling_while_the_state_is_written_keeps_that_epoch(
    kept: Reopen, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = uninterrupted()
    session = kept()
    write = RunFiles.write_checkpoint

    def cancelled(self: RunFiles, number: int, epoch: int, state: bytes) -> None:
        if epoch == 2:
            session.cancel()
        write(self, number, epoch, state)

    with monkeypatch.context() as patch:
        patch.setattr(RunFiles, "write_checkpoint", cancelled)
        with pytest.raises(Cancelled):
            session.submit_finetune(SETTINGS).result()
    again = kept()
    assert again.interrupted is not None and again.interrupted.epoch == 2
    again.resume()
    assert same(weights(again), expected)


def test_cancelling_gradual_pruning_in_its_first_batch_commits_nothing(kept: Reopen) -> None:
    session = kept()
    session.plan = Plan(granularity="weight", ratio=0.5)
    before = weights(session)
    at_first_batch(session, session.cancel)
    with pytest.raises(Cancelled):
        session.submit_prune_gradually(SETTINGS, GradualSettings(updates=2)).result()
    assert same(weights(session), before) and len(session.history) == 1
    assert session.interrupted is not None and session.interrupted.epoch == 0
    assert kept().resume().kind == "prune_gradually"


def test_a_torn_last_line_of_the_curves_loses_its_points_alone(kept: Reopen, home: Path) -> None:
    session = kept()
    session.finetune(2)
    session.close()
    curves = home / "runs" / "1" / "curves.jsonl"
    lines = curves.read_bytes().splitlines(keepends=True)
    assert len(lines) == 2
    curves.write_bytes(b"".join(lines)[:-9])
    (run,) = kept().training.runs
    assert [epoch for epoch, _ in run.accuracies] == [1]
    kept().finetune(1)
    assert len(kept().training.runs) == 2
