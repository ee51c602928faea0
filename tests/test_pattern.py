"""N:M patterns: their text, their blocks, and what pruning by them gives."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from networks import Network
from torch import Tensor, nn
from toys import ToyNet, counted_up, dense_model, toy_data

from workbench import Plan, Session, load
from workbench.errors import PlanError
from workbench.measure.size import nonzero_count
from workbench.models import build_model
from workbench.pattern import Layout, Pattern
from workbench.predict import Predictor
from workbench.pruned import PrunedModel
from workbench.training import FinetuneSettings, finetune
from workbench.units import Unit

PATTERNS = ["1:2", "1:4", "2:4", "3:4", "4:8", "1:8", "3:16"]
NOT_PATTERNS = ["4:2", "2:2", "0:4", "2", "2:4:8", "a:b", "-1:4", "2.0:4", "", 24, (2, 4), None]


def plan_for(pattern: str, **settings: Any) -> Plan:
    return Plan(granularity="n:m", pattern=pattern, ratio=0.5, **settings)


def several_kinds() -> PrunedModel:
    """Linear layers and convolutions in one, two and three dimensions, with 16 inputs each."""
    torch.manual_seed(0)
    net = Network(
        lambda m, x: m.last(m.three(m.two(m.one(x)[..., None])[..., None]).flatten(1)),
        one=nn.Conv1d(16, 16, 3, padding=1),
        two=nn.Conv2d(16, 16, (3, 1), padding=(1, 0), bias=False),
        three=nn.Conv3d(16, 4, 1),
        last=nn.Linear(32, 5),
    )
    return dense_model(net.eval(), (16, 8))


def blocks_of(values: Tensor, m: int) -> Tensor:
    """Along the inputs, for every output and kernel position: shape (blocks, m)."""
    return values.movedim(1, -1).reshape(-1, m)


@pytest.mark.parametrize("text", NOT_PATTERNS)
def test_a_pattern_that_keeps_all_or_nothing_is_refused(text: Any) -> None:
    message = f"'n:m' in whole numbers with 1 <= n < m, got {text!r}. Use for example '2:4'"
    with pytest.raises(PlanError, match=re.escape(message)):
        Plan(granularity="n:m", pattern=text)


def test_a_pattern_is_written_without_what_it_does_not_need() -> None:
    assert Plan(pattern=" 02 : 4 ").pattern == "2:4"
    assert Pattern.parse("3:8").sparsity == 0.625


@pytest.mark.parametrize(
    ("pattern", "ratio", "on"),
    [
        ("2:4", 0, False),
        ("2:4", 0.24, False),
        ("2:4", 0.25, True),
        ("2:4", 0.99, True),
        ("1:4", 0.37, False),
        ("1:4", 0.375, True),
        ("15:16", 0.03125, True),
    ],
)
def test_a_ratio_of_half_the_sparsity_turns_a_pattern_on(
    pattern: str, ratio: float, on: bool
) -> None:
    assert Pattern.parse(pattern).is_on(ratio) is on


def test_blocks_of_a_convolution_hold_one_kernel_position_of_neighbouring_inputs() -> None:
    weight = np.arange(2 * 4 * 3)  # (2 filters, 4 input channels, 3 positions)
    layout = Layout(np.ones(24, bool), (2, 4, 3))
    assert layout.blocks(weight, Pattern(1, 4))[:2].tolist() == [[0, 3, 6, 9], [1, 4, 7, 10]]
    assert layout.blocks(weight, Pattern(1, 2))[:2].tolist() == [[0, 3], [6, 9]]


def test_blocks_run_over_what_is_left() -> None:
    present = np.array([True, False, True, True, False, True, True, True])  # one row, 8 inputs
    layout = Layout(present, (1, 6))
    ranks = np.where(present, [3.0, 9, 1, 2, 9, 6, 5, 4], -np.inf)
    kept = layout.best(ranks, Pattern(1, 3))
    assert np.flatnonzero(kept).tolist() == [0, 5]  # of 0, 2, 3 and of 5, 6, 7


def test_of_equal_ranks_the_first_are_kept_and_what_is_gone_stays_gone() -> None:
    layout = Layout(np.ones(8, bool), (1, 8))
    kept = layout.best(np.array([1.0] * 4 + [-np.inf] * 3 + [0.0]), Pattern(2, 4))
    assert np.flatnonzero(kept).tolist() == [0, 1, 7]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_block_keeps_exactly_its_n_largest_weights(pattern: str) -> None:
    n, m = map(int, pattern.split(":"))
    dense = several_kinds()
    pruned, results = dense.prune(plan_for(pattern))
    assert set(pruned.masks) == {"one", "two", "three", "last"}
    for name, mask in pruned.masks.items():
        before = dense.module.get_parameter(f"{name}.weight")
        after = pruned.module.get_parameter(f"{name}.weight")
        assert (blocks_of(mask, m).sum(dim=1) == n).all()
        largest = blocks_of(before.abs(), m).topk(n, dim=1).values.sort(dim=1).values
        assert torch.equal(blocks_of(after.abs(), m).sort(dim=1).values[:, -n:], largest)
        assert torch.equal(after, before * mask)
    for result in results:
        assert result.achieved == pytest.approx(1 - n / m)


@pytest.mark.parametrize("criterion", ["l1", "random"])
def test_masks_only_shrink_from_one_pattern_to_the_next(criterion: str) -> None:
    current = several_kinds()
    for seed, pattern in enumerate(["3:4", "2:4", "4:8", "1:4", "3:4"]):
        before = current.alive("n:m")
        current, results = current.prune(plan_for(pattern, criterion=criterion, seed=seed))
        n, m = map(int, pattern.split(":"))
        for name, flags in current.alive("n:m").items():
            assert not (flags & ~before[name]).any()
            layout = current.layouts[name]
            assert (layout.blocks(flags, Pattern(n, m)).sum(axis=1) <= n).all()
        assert [r.kept for r in results] == [int(f.sum()) for f in current.alive("n:m").values()]


@pytest.mark.parametrize(("first", "second"), [("3:4", "1:4"), ("2:4", "2:4"), ("4:8", "1:8")])
def test_a_pattern_in_two_steps_equals_one(first: str, second: str) -> None:
    dense = several_kinds()
    once, results = dense.prune(plan_for(second))
    twice, results_in_steps = dense.prune(plan_for(first))[0].prune(plan_for(second))
    expected, found = once.module.state_dict(), twice.module.state_dict()
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    assert results == results_in_steps


def test_layers_turned_on_one_after_the_other_equal_all_at_once() -> None:
    dense = several_kinds()
    once, _ = dense.prune(plan_for("2:4"))
    current = dense
    for name in ("two", "last", "one", "three"):
        own = Plan(granularity="n:m").with_ratio(name, 0.5)
        current, _ = current.prune(own)
    expected, found = once.module.state_dict(), current.module.state_dict()
    assert all(torch.equal(expected[name], found[name]) for name in expected)


def test_carrying_a_pattern_out_leaves_the_model_it_starts_from_untouched() -> None:
    dense = several_kinds()
    before = {name: tensor.clone() for name, tensor in dense.module.state_dict().items()}
    dense.prune(plan_for("2:4"))
    assert all(torch.equal(before[n], t) for n, t in dense.module.state_dict().items())
    assert not dense.weights


def test_locked_units_and_units_that_are_off_stay_dense() -> None:
    plan = plan_for("2:4").lock("one").with_ratio("two", 0).with_ratio("three", 0.2)
    pruned, results = several_kinds().prune(plan)
    assert set(pruned.masks) == {"last"}
    assert [result.reason for result in results] == [
        "locked",
        "",
        "on or off: 2:4 removes 50 %, and less than half of that is off",
        "",
    ]
    assert [result.requested for result in results] == [0, 0, 0.2, 0.5]


def test_request_and_outcome_differ_with_a_reason() -> None:
    plan = Plan(granularity="n:m", pattern="1:4", ratios={"one": 0.5, "two": 0.75})
    _, results = several_kinds().prune(plan)
    assert (results[0].requested, results[0].achieved) == (0.5, 0.75)
    assert results[0].reason == "on or off: 1:4 removes 75 %"
    assert (results[1].achieved, results[1].reason) == (0.75, "")


def test_layers_without_whole_blocks_say_why() -> None:
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3),
        nn.Conv2d(8, 8, 3, groups=8),
        nn.Conv2d(8, 8, 3, groups=2),
        nn.ConvTranspose2d(8, 6, 2),
        nn.Flatten(),
        nn.Linear(54, 4),
    )
    dense = dense_model(net.eval(), (3, 8, 8))
    units = {unit.name: unit for unit in dense.anatomy.units("n:m", "2:4")}
    assert {name: unit.reason for name, unit in units.items()} == {
        "0": "each of its filters reads 3 input channels, which is no multiple of 4",
        "1": "each of its filters reads 1 input channel, which is no multiple of 4",
        "2": "",
        "3": "N:M blocks are defined for linear layers and convolutions, not transposed ones",
        "5": "it reads 54 inputs, which is no multiple of 4",
    }
    assert units["2"] == Unit("2", "n:m", ("2",), 288)
    assert [u.name for u in dense.anatomy.units("n:m", "1:2") if u.prunable] == ["2", "5"]
    with pytest.raises(PlanError, match=r"ratio of unit '5' must be 0, got 0\.5: it is not pru"):
        dense.anatomy.check(Plan(granularity="n:m").with_ratio("5", 0.5))
    pruned, results = dense.prune(plan_for("2:4"))
    assert set(pruned.masks) == {"2"}
    assert set(dense.layouts) == set(units) - {"3"}
    assert [result.reason for result in results] == [unit.reason for unit in units.values()]


def test_a_pattern_applies_to_what_channels_left() -> None:
    dense = several_kinds()
    smaller, _ = dense.prune(Plan(ratios={"one": 0.5}))
    pruned, results = smaller.prune(plan_for("2:4"))
    by_name = {result.unit: result for result in results}
    assert (blocks_of(pruned.masks["two"], 4).sum(dim=1) == 2).all()
    assert pruned.masks["two"].shape[1] == 8
    assert (by_name["two"].achieved, by_name["two"].kept) == (0.75, 16 * 8 * 3 // 2)
    assert by_name["two"].reason == "2:4 applies to what earlier steps left"


def test_a_layer_that_lost_its_whole_blocks_keeps_what_it_has_and_says_why() -> None:
    smaller, _ = several_kinds().prune(Plan(ratios={"one": 0.2}))
    assert smaller.structure.shape("two.weight", (16, 16, 3, 1))[1] == 13
    pruned, results = smaller.prune(plan_for("2:4"))
    assert "two" not in pruned.masks
    by_name = {result.unit: result for result in results}
    assert by_name["two"].reason == "the inputs that earlier steps left are no multiple of 4"


def test_weights_removed_before_stay_removed_and_fill_no_block() -> None:
    sparse, _ = several_kinds().prune(Plan(granularity="weight", ratio=0.6))
    pruned, results = sparse.prune(plan_for("2:4"))
    for name, mask in pruned.masks.items():
        before = sparse.masks[name]
        assert not (mask & ~before).any()
        expected = blocks_of(before, 4).sum(dim=1).clamp(max=2)
        assert torch.equal(blocks_of(mask, 4).sum(dim=1), expected)
    assert {result.reason for result in results} == {"2:4 applies to what earlier steps left"}


def test_a_floor_turns_a_layer_on_and_a_cap_below_the_pattern_keeps_it_off() -> None:
    plan = Plan(granularity="n:m", max_ratio=0.6).with_bounds("one", min_ratio=0.2)
    plan = plan.with_ratios({"two": 0.5, "last": 0.5}).with_bounds("last", max_ratio=0.4)
    _, results = several_kinds().prune(plan)
    assert [(result.achieved, result.reason) for result in results] == [
        (0.5, "its floor turns it on"),
        (0.5, ""),
        (0, ""),
        (0, "at most 40 % of it may go, and 2:4 removes 50 %"),
    ]


@pytest.mark.parametrize("name", ["digits_cnn", "resnet20"])
def test_predictions_of_patterns_are_what_pruning_gives(name: str) -> None:
    torch.manual_seed(0)
    shape = [1, 8, 8] if name == "digits_cnn" else [3, 16, 16]
    arguments = {"num_classes": 10, "input_shape": shape}
    module = build_model({"kind": "bundled", "constructor": name, "arguments": arguments})
    with torch.no_grad():  # zeros of the user's own go first
        for parameter in module.parameters():
            parameter[torch.rand_like(parameter) < 0.3] = 0
    current = dense_model(module, tuple(shape))
    random = np.random.default_rng(1)
    for number, pattern in enumerate(["3:4", "2:4", "channel", "1:4", "1:2", "7:8"]):
        if pattern == "channel":
            current, _ = current.prune(Plan(ratio=0.3, round_to=4))
            continue
        names = [unit.name for unit in current.anatomy.units("n:m", pattern) if unit.prunable]
        ratios = {unit: float(random.random()) for unit in names[::2]}
        plan = plan_for(pattern, ratios=ratios, locks=frozenset(names[number : number + 1]))
        found = Predictor(current).predict(plan)
        current, results = current.prune(plan)
        assert found.kept == {result.unit: result.kept for result in results}
        assert found.reasons == {r.unit: r.reason for r in results if r.reason}
        assert found.nonzero_parameters == nonzero_count(current.module)


def test_fine_tuning_holds_a_pattern() -> None:
    torch.manual_seed(0)
    dense = dense_model(counted_up(ToyNet()), (1, 4, 4))
    pruned, _ = dense.prune(plan_for("2:4"))
    before = {name: mask.clone() for name, mask in pruned.masks.items()}
    assert set(before) == {"conv2"}
    weights = pruned.module.get_parameter("conv2.weight").detach().clone()
    finetune(pruned.module, toy_data(), FinetuneSettings(epochs=1), masks=pruned.masks)
    after = pruned.module.get_parameter("conv2.weight")
    assert not torch.equal(weights, after)
    assert not after[~before["conv2"]].any()


def test_a_session_previews_prunes_trains_and_undoes_a_pattern(session: Session) -> None:
    session.plan = plan_for("2:4")
    before = {name: tensor.clone() for name, tensor in session.model.state_dict().items()}
    session.preview()
    assert all(torch.equal(before[n], t) for n, t in session.model.state_dict().items())
    step = session.prune()
    assert step.title == "pruned 2:4 weights by l1"
    assert step.metrics.nonzero_parameters == session.baseline.nonzero_parameters - 108
    assert [unit.achieved for unit in step.units] == [0, 0.5, 0]
    session.finetune(epochs=1)
    assert int(session.model.get_parameter("conv2.weight").count_nonzero()) == 108
    session.undo()
    session.undo()
    assert all(torch.equal(before[n], t) for n, t in session.model.state_dict().items())


def test_an_exported_pattern_comes_back(digits: Session, tmp_path: Path) -> None:
    digits.plan = plan_for("2:4")
    digits.prune()
    report = digits.export(tmp_path)
    assert report.check.max_difference < 1e-4
    weight = load(tmp_path).get_parameter("head.weight")
    assert (blocks_of(weight != 0, 4).sum(dim=1) == 2).all()
