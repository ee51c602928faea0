"""Latency from widths: the sums that matter, what is learned of them, and how far off it may be."""

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from toys import dense_model, toy_net

from workbench.estimate import Estimate
from workbench.latency_model import LatencyModel, Sample
from workbench.latency_model.features import Features
from workbench.latency_model.samples import plans_to_measure
from workbench.predict import Predictor
from workbench.pruned import PrunedModel


class Wide(nn.Module):
    """Every kind of layer that a runtime treats in its own way."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 16, 3, padding=1)
        self.depthwise = nn.Conv2d(16, 16, 3, padding=1, groups=16)
        self.pointwise = nn.Conv2d(16, 24, 1)
        self.grouped = nn.Conv2d(24, 24, 3, padding=1, groups=2)
        self.classifier = nn.Linear(24, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pointwise(self.depthwise(self.first(x)))
        return self.classifier(self.grouped(x).mean((2, 3)))


def wide() -> PrunedModel:
    return dense_model(Wide(), (3, 4, 4))


def cells(features: Features, kept: dict[str, int]) -> dict[tuple[str, str], list[float]]:
    """By kind and path: multiply-adds, filled up, outputs, inputs, layers; where there are any."""
    counts = np.array([[kept[unit] for unit in features.units]], np.float64)
    names = itertools.product(
        ("convolution", "pointwise", "depthwise", "grouped", "linear"),
        ("few", "aligned", "unaligned"),
    )
    rows = features.at(counts)[0].reshape(-1, 5).tolist()
    return {name: row for name, row in zip(names, rows, strict=True) if row[-1]}


def test_sums_of_a_toy_network_are_those_reckoned_by_hand() -> None:
    features = Features.of(dense_model(toy_net(), (1, 4, 4)))
    assert cells(features, {"conv1": 3, "conv2": 6}) == {
        # 1 to 3 channels, and 3 to 6, 9 taps each at 16 places
        ("convolution", "few"): [
            (1 * 3 + 3 * 6) * 144,
            (8 * 8 + 8 * 8) * 144,
            (3 + 6) * 16,
            (1 + 3) * 144,
            2,
        ],
        ("linear", "few"): [6 * 3, 64, 3, 6, 1],
    }


def test_layers_count_by_their_kind_and_by_the_path_their_inputs_allow() -> None:
    dense = wide()
    features = Features.of(dense)
    whole = {unit.name: unit.size for unit in dense.anatomy.units("channel")}
    found = cells(features, whole | {"first": 13})
    assert set(found) == {
        ("convolution", "few"),
        ("depthwise", "unaligned"),
        ("pointwise", "unaligned"),
        ("grouped", "aligned"),
        ("linear", "aligned"),
    }
    assert found["pointwise", "unaligned"][:2] == [13 * 24 * 16, 16 * 24 * 16]
    assert found["depthwise", "unaligned"][:2] == [13 * 9 * 16, 16 * 9 * 16]
    assert ("pointwise", "aligned") in cells(features, whole | {"first": 12})


def samples_of(features: Features, dense: PrunedModel, count: int, seed: int = 0) -> list[Sample]:
    """Timed by a machine on which what does not fit its blocks takes three times as long."""
    predictor = Predictor(dense)
    found = []
    for plan in itertools.islice(plans_to_measure(dense, seed), count):
        kept = predictor.predict(plan).kept
        counts = np.array([kept[unit] for unit in features.units], np.float64)
        found.append(Sample(counts, machine(features, counts)))
    return found


def machine(features: Features, counts: np.ndarray) -> float:
    rows = features.at(counts[None])[0].reshape(-1, 3, 5)
    return float(0.2 + (rows[:, :, 0] * [1, 1, 3]).sum() / 1e5)


def test_what_was_learned_foretells_networks_that_were_not_measured() -> None:
    dense = wide()
    features = Features.of(dense)
    model = LatencyModel.fit(features, samples_of(features, dense, 24))
    errors = []
    for unseen in samples_of(features, dense, 40, seed=1):
        predicted = model.predict(unseen.kept)
        errors.append(abs(predicted.value / unseen.relative - 1))
    assert np.median(errors) < 0.03
    assert np.mean(np.array(errors) <= model.relative_error) >= 0.8


def test_a_width_that_misses_the_alignment_is_foretold_to_be_slower() -> None:
    dense = wide()
    features = Features.of(dense)
    model = LatencyModel.fit(features, samples_of(features, dense, 24))
    sizes = {unit.name: float(unit.size) for unit in dense.anatomy.units("channel")}
    counts = np.array([sizes[unit] for unit in features.units])
    narrower = counts.copy()
    narrower[features.units.index("first")] = 15
    assert model.predict(narrower).value > model.predict(counts).value


def test_the_error_bar_grows_with_predictions_that_were_refuted() -> None:
    dense = wide()
    features = Features.of(dense)
    samples = samples_of(features, dense, 24)
    refuted = [Sample(s.kept, s.relative, error=0.5) for s in samples_of(features, dense, 12, 2)]
    before = LatencyModel.fit(features, samples)
    after = LatencyModel.fit(features, [*samples, *refuted])
    assert before.relative_error < 0.4
    assert after.relative_error == 0.5


def test_a_prediction_is_never_negative() -> None:
    dense = wide()
    features = Features.of(dense)
    falling = [Sample(s.kept, 1e-6 * s.kept.sum()) for s in samples_of(features, dense, 12)]
    found = LatencyModel.fit(features, falling).predict(np.ones(3))
    assert 0 <= found.low < found.value < found.high


def test_plans_to_measure_are_the_same_for_a_seed_and_of_all_roundings() -> None:
    dense = wide()
    first, again, other = (
        list(itertools.islice(plans_to_measure(dense, seed), 12)) for seed in (0, 0, 1)
    )
    assert first == again != other
    assert {plan.round_to for plan in first} == {1, 4, 8}


def test_an_estimate_in_another_unit_keeps_its_shape() -> None:
    assert Estimate(1, 0.5, 2).scaled(10) == Estimate(10, 5, 20)
    assert Estimate(1, 0.5, 2).half_width == pytest.approx(0.75)


def test_a_network_without_weights_that_channels_run_through_has_no_sums() -> None:
    features = Features.of(dense_model(nn.Sequential(nn.Flatten(), nn.Linear(16, 3)), (1, 4, 4)))
    assert features.units == ()
    assert not features.at(torch.zeros(1, 0).numpy()).any()
