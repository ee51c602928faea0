"""Kept figures are used only if nothing that makes them has changed."""

import copy
import dataclasses
import json

import pytest
import torch
from scanning import Case, random_data
from torch import nn

from workbench import Plan
from workbench.data import Dataset
from workbench.digests import digest_of
from workbench.pruned import PrunedModel
from workbench.recalibration import Recalibration
from workbench.sensitivity import fingerprint, scan
from workbench.sensitivity.fingerprint import context_of, key_of
from workbench.sensitivity.measuring import Measuring
from workbench.sensitivity.targets import Target


def key(
    model: PrunedModel,
    data: Dataset,
    plan: Plan | None = None,
    ratio: float = 0.5,
    recalibration: Recalibration | None = None,
) -> str:
    target = Target.of(model, plan or Plan(), "stem", ratio)
    return key_of(context_of(model, data.probe, recalibration), target)


def test_the_same_inputs_have_the_same_key(residual: Case) -> None:
    model, data = residual
    again = PrunedModel(model.anatomy, copy.deepcopy(model.module))
    assert key(model, data) == key(again, random_data((3, 4, 4), 5))


def test_any_other_weight_gives_another_key(residual: Case) -> None:
    model, data = residual
    before = key(model, data)
    with torch.no_grad():
        model.module.head.bias[0] += 1e-6
    assert key(model, data) != before


def test_other_code_gives_another_key(residual: Case) -> None:
    model, data = residual
    before = key(model, data)
    model.module.stem.padding_mode = "reflect"
    assert key(model, data) != before


@pytest.mark.parametrize(
    "plan",
    [
        Plan(criterion="l2"),
        Plan(criterion="random", seed=1),
        Plan(seed=3),
        Plan(round_to=4),
        Plan(scope="global"),
    ],
    ids=str,
)
def test_another_plan_gives_another_key(residual: Case, plan: Plan) -> None:
    assert key(*residual, plan=plan) != key(*residual)


@pytest.mark.parametrize("pattern", ["1:4", "4:8"])
def test_another_pattern_gives_another_key(residual: Case, pattern: str) -> None:
    plan = Plan(granularity="n:m")
    model, data = residual
    keys = {
        key_of(context_of(model, data.probe, None), Target.of(model, own, "second", 0.5))
        for own in (plan, plan.with_(pattern=pattern), Plan(granularity="weight"))
    }
    assert len(keys) == 3


def test_another_ratio_gives_another_key(residual: Case) -> None:
    assert key(*residual, ratio=0.5) != key(*residual, ratio=0.51)


def test_other_data_gives_another_key(residual: Case) -> None:
    model, data = residual
    images, labels = data.probe.images.clone(), data.probe.labels.clone()
    images[3, 0, 0, 0] += 1e-3
    labels[0] = (labels[0] + 1) % 5
    for probe in (
        dataclasses.replace(data.probe, images=images),
        dataclasses.replace(data.probe, labels=labels),
    ):
        assert key(model, dataclasses.replace(data, probe=probe)) != key(model, data)


def test_other_recalibration_gives_another_key(residual: Case) -> None:
    model, data = residual
    kinds = [None, *(Recalibration.from_split(data.train, n, s) for n, s in ((1, 0), (1, 1)))]
    assert len({key(model, data, recalibration=kind) for kind in kinds}) == 3


def test_another_starting_point_gives_another_key(residual: Case) -> None:
    model, data = residual
    masked, _ = model.prune(Plan(granularity="weight", ratios={"first": 0.2}))
    cut, _ = model.prune(Plan(ratios={"first": 0.2}))
    assert len({key(start, data) for start in (model, masked, cut)}) == 3


def test_another_format_gives_another_key(residual: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    before = key(*residual)
    monkeypatch.setattr(fingerprint, "FORMAT", fingerprint.FORMAT + 1)
    assert key(*residual) != before


def test_a_key_does_not_depend_on_the_order_of_settings() -> None:
    first = {"a": 1, "b": {"c": [1, 2], "d": None}}
    second = {"b": {"d": None, "c": [1, 2]}, "a": 1}
    assert digest_of(first) == digest_of(second)
    assert digest_of(first) != digest_of({**first, "a": 2})


def test_a_scan_that_is_kept_runs_nothing(
    tmp_path, residual: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = scan(*residual, Plan(), ratios=(0.5,), cache=tmp_path)

    def refuse(*_: object) -> nn.Module:
        raise AssertionError("everything is known")

    monkeypatch.setattr(Measuring, "_route", refuse)
    assert scan(*residual, Plan(), ratios=(0.5,), cache=tmp_path) == found


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-20],
        lambda text: text.replace('"loss": 1', '"loss": 2'),
        lambda text: "\x00\xff{]\n" + text,
        lambda text: text.replace('"key"', '"kye"'),
        lambda text: "[]\n3\nnull\n" + text,
    ],
    ids=["cut short", "another figure", "no text", "no key", "no object"],
)
def test_a_damaged_line_is_measured_again(tmp_path, residual: Case, damage) -> None:
    found = scan(*residual, Plan(), ratios=(0.25, 0.5), cache=tmp_path)
    (file,) = tmp_path.iterdir()
    text = file.read_text()
    assert damage(text) != text
    file.write_text(damage(text))
    assert scan(*residual, Plan(), ratios=(0.25, 0.5), cache=tmp_path) == found
    lines = file.read_bytes().splitlines()
    whole = [line for line in lines if line.startswith(b'{"key"') and line.endswith(b"}")]
    assert {json.loads(line)["key"] for line in whole if b"digest" in line} >= {
        json.loads(line)["key"] for line in text.splitlines()
    }
