"""Responses to the probe set, against what NumPy says of all activations at once."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scanning import network_case, random_data
from torch import Tensor, nn
from toys import dense_model

from workbench import Plan
from workbench.channels import ChannelReport, Responses, report_channels
from workbench.channels import responses as module_of_responses
from workbench.channels.reaching import Reach
from workbench.data import Dataset
from workbench.export.onnx import onnx_bytes
from workbench.onnx_graph import CutError, OnnxGraph
from workbench.progress import Cancelled
from workbench.pruned import PrunedModel


def reported(model: PrunedModel, data: Dataset, unit: str) -> Responses:
    found = report_channels(model, data, unit).responses
    assert found is not None
    return found


def activations(model: PrunedModel, layer: str, data: Dataset) -> tuple[Tensor, Tensor]:
    kept: list[Tensor] = []
    handle = model.module.get_submodule(layer).register_forward_hook(
        lambda module, inputs, output: kept.append(output)
    )
    inputs, labels = next(data.probe.batches(10_000))
    with torch.no_grad():
        model.module(inputs)
    handle.remove()
    return kept[0], labels


@pytest.fixture
def random_net() -> PrunedModel:
    torch.manual_seed(0)
    layers = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 6, 3), nn.Flatten(), nn.Linear(24, 5)
    )
    return dense_model(layers.eval(), (3, 6, 6))


@pytest.fixture
def random_inputs() -> Dataset:
    return random_data((3, 6, 6), 5, probe=90)


def test_means_by_class_are_those_of_all_activations(
    random_net: PrunedModel, random_inputs: Dataset
) -> None:
    found = reported(random_net, random_inputs, "2")
    values, labels = activations(random_net, "2", random_inputs)
    for label in range(5):
        expected = values[labels == label].mean((0, 2, 3))
        assert found.class_means[:, label] == pytest.approx(expected.numpy(), abs=1e-5)
    assert found.inputs == 90


def test_neighbours_are_the_strongest_correlations(
    random_net: PrunedModel, random_inputs: Dataset
) -> None:
    found = reported(random_net, random_inputs, "0")
    values, _ = activations(random_net, "0", random_inputs)
    rows = F.adaptive_avg_pool2d(values, 4).permute(1, 0, 2, 3).flatten(1).numpy()
    expected = np.corrcoef(rows)
    np.fill_diagonal(expected, 0)
    places = np.abs(expected).argmax(axis=1)
    assert found.neighbours.tolist() == places.tolist()
    assert found.correlations == pytest.approx(expected[np.arange(8), places], abs=1e-6)


def test_a_twin_is_found_and_a_silent_channel_has_no_neighbour(
    random_net: PrunedModel, random_inputs: Dataset
) -> None:
    conv = random_net.module[0]
    with torch.no_grad():
        conv.weight[3] = -2 * conv.weight[1]
        conv.weight[5] = 0
        conv.bias[5] = 1000
    found = reported(random_net, random_inputs, "0")
    assert (found.neighbours[1], found.neighbours[3]) == (3, 1)
    assert found.correlations[1] == pytest.approx(-1, abs=1e-6)
    assert found.neighbours[5] == -1 and np.isnan(found.correlations[5])


def test_maps_are_of_one_image_of_every_class_first(
    random_net: PrunedModel, random_inputs: Dataset
) -> None:
    found = reported(random_net, random_inputs, "0")
    values, labels = activations(random_net, "0", random_inputs)
    assert sorted(image.label for image in found.images[:5]) == list(range(5))
    assert all(int(labels[image.number]) == image.label for image in found.images)
    assert found.images[0].pixels.shape == (6, 6, 3)
    numbers = [image.number for image in found.images]
    own = values[numbers, 2].numpy()
    expected = (own - own.min()) / (own.max() - own.min()) * 255
    assert np.abs(found.maps[2].astype(float) - expected).max() <= 1


def test_gone_channels_leave_gaps_and_the_rest_keeps_its_numbers(
    random_net: PrunedModel, random_inputs: Dataset
) -> None:
    pruned, _ = random_net.prune(Plan().remove("0", [0, 4]))
    found = reported(pruned, random_inputs, "0")
    whole = reported(random_net, random_inputs, "0")
    left = [1, 2, 3, 5, 6, 7]
    assert found.class_means[left] == pytest.approx(whole.class_means[left], abs=1e-5)
    assert np.isnan(found.class_means[[0, 4]]).all()
    assert found.neighbours[[0, 4]].tolist() == [-1, -1]
    assert not set(found.neighbours[left].tolist()) & {0, 4}
    assert found.maps[0].max() == 0


def test_small_batches_give_the_same(
    random_net: PrunedModel, random_inputs: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = reported(random_net, random_inputs, "0")
    monkeypatch.setattr(module_of_responses, "BATCH_BYTES", 7 * 8 * 16 * 4)
    found = reported(random_net, random_inputs, "0")
    assert found.class_means == pytest.approx(whole.class_means, abs=1e-5)
    assert found.correlations == pytest.approx(whole.correlations, abs=1e-6)
    assert found.maps.tolist() == whole.maps.tolist()


def test_only_so_much_of_a_layers_output_is_held_at_once(
    random_net: PrunedModel, random_inputs: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    original = module_of_responses.Capture.run
    monkeypatch.setattr(module_of_responses, "BATCH_BYTES", 4 * 8 * 16 * 4)
    monkeypatch.setattr(
        module_of_responses.Capture,
        "run",
        lambda self, *given: (seen.append(len(given[0])), original(self, *given))[1],
    )
    reported(random_net, random_inputs, "0")
    assert max(seen) == 4


def test_wide_units_go_without_correlations_and_say_so(
    random_net: PrunedModel, random_inputs: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module_of_responses, "MOST_CORRELATED", 7)
    report = report_channels(random_net, random_inputs, "0")
    assert report.responses is not None
    assert set(report.responses.neighbours.tolist()) == {-1}
    assert any("at most 7 channels" in note for note in report.notes)


@pytest.mark.parametrize("network", ["digits_cnn", "residual", "concatenation", "attention"])
def test_every_unit_can_be_looked_at(network: str) -> None:
    model, data = network_case(network)
    before = {name: value.clone() for name, value in model.module.state_dict().items()}
    for unit in model.anatomy.units("channel"):
        found: ChannelReport = report_channels(model, data, unit.name)
        assert found.size == unit.size
        assert found.weights is not None or found.notes
        assert found.responses is not None or found.notes
        if len(unit.layers) > 1:
            assert any(found.layer in note for note in found.notes)
    assert all(torch.equal(before[n], v) for n, v in model.module.state_dict().items())
    assert not any(part._forward_hooks for part in model.module.modules())


def test_looking_can_be_cancelled(random_net: PrunedModel, random_inputs: Dataset) -> None:
    class Stop:
        def report(self, done: float, total: float, message: str = "") -> None:
            if done > 0:
                raise Cancelled

    with pytest.raises(Cancelled):
        report_channels(random_net, random_inputs, "0", monitor=Stop())


def test_tokens_that_fill_a_square_are_shown_as_one() -> None:
    class Patches(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.patches, self.mlp = nn.Conv2d(3, 4, 2, 2), nn.Linear(4, 6)
            self.head = nn.Linear(6, 5)

        def forward(self, x: Tensor) -> Tensor:
            tokens = self.patches(x).flatten(2).transpose(1, 2)
            return self.head(self.mlp(tokens).mean(1))

    model = dense_model(Patches().eval(), (3, 6, 6))
    found = reported(model, random_data((3, 6, 6), 5), "mlp")
    assert found.maps.shape[2:] == (3, 3)


@pytest.fixture
def graph(random_net: PrunedModel) -> OnnxGraph:
    return OnnxGraph.read(onnx_bytes(random_net.module, torch.zeros(1, 3, 6, 6)), random_net.module)


def same(first: Responses, second: Responses) -> bool:
    return (
        np.allclose(first.class_means, second.class_means, atol=1e-5)
        and np.allclose(first.correlations, second.correlations, atol=1e-4)
        and np.abs(first.maps.astype(int) - second.maps.astype(int)).max() <= 1
    )


def test_a_graph_of_the_model_gives_the_same_without_running_the_module(
    random_net: PrunedModel,
    random_inputs: Dataset,
    graph: OnnxGraph,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = reported(random_net, random_inputs, "2")
    run: list[int] = []
    first = random_net.module.get_submodule("0")
    handle = first.register_forward_hook(
        lambda _module, inputs, _output: run.append(len(inputs[0]))
    )
    found = report_channels(random_net, random_inputs, "2", graph=graph).responses
    handle.remove()
    assert found is not None and same(found, plain)
    assert sum(run) == module_of_responses._CHECKED


@pytest.mark.parametrize("unit", ["0", "2"])
def test_a_layer_that_reads_the_input_and_a_graph_of_other_weights_are_left_to_the_module(
    random_net: PrunedModel, random_inputs: Dataset, graph: OnnxGraph, unit: str
) -> None:
    with torch.no_grad():
        random_net.module.get_submodule("0").weight.mul_(-1)
    plain = reported(random_net, random_inputs, unit)
    found = report_channels(random_net, random_inputs, unit, graph=graph).responses
    assert found is not None and same(found, plain)


def test_what_a_graph_does_not_tell_is_refused(graph: OnnxGraph) -> None:
    with pytest.raises(CutError, match="must read what the network makes"):
        Reach(graph, "0")
    with pytest.raises(CutError, match="must be one convolution"):
        Reach(graph, "4")
    with pytest.raises(CutError, match="must be one convolution"):
        Reach(graph, "nowhere")
