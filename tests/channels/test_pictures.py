"""Pictures of weights, against numbers reckoned by hand."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from toys import dense_model

from workbench import Plan
from workbench.channels import WeightPictures
from workbench.channels.pictures import weight_pictures
from workbench.channels.producer import producer_of
from workbench.pruned import PrunedModel


def pictures(model: PrunedModel, unit: str) -> WeightPictures:
    group = model.anatomy.graph.group(unit)
    producer = producer_of(model, group)
    assert producer is not None
    return weight_pictures(producer, group.size)


def drawn(weight: Tensor, layer: nn.Module, *rest: nn.Module, shape: tuple[int, ...]) -> Tensor:
    with torch.no_grad():
        layer.weight.copy_(weight.reshape(layer.weight.shape))
    return pictures(dense_model(nn.Sequential(layer, *rest).eval(), shape), "0")


def test_kernels_over_three_inputs_are_coloured() -> None:
    weight = torch.zeros(2, 3, 2, 2)
    weight[1, 0], weight[1, 2] = 2, -2
    conv, end = nn.Conv2d(3, 2, 2), nn.Conv2d(2, 1, 1)
    found = drawn(weight, conv, end, shape=(3, 4, 4))
    assert (found.kind, found.scale, found.pixels.shape) == ("rgb", 2, (2, 2, 2, 3))
    assert found.pixels[0, 0, 0].tolist() == [128, 128, 128]
    assert found.pixels[1, 0, 0].tolist() == [255, 128, 0]


def test_kernels_over_one_input_show_signs() -> None:
    weight = torch.tensor([[-1.0, 0, 0.5, 1]]).repeat(3, 1)
    found = drawn(weight, nn.Conv2d(1, 3, 2), nn.Conv2d(3, 1, 1), shape=(1, 4, 4))
    assert found.kind == "signed"
    assert found.pixels[2, :, :, 0].tolist() == [[0, 128], [191, 255]]


def test_kernels_over_many_inputs_show_mean_magnitudes() -> None:
    weight = torch.zeros(2, 4, 1, 2)
    weight[0, :, 0, 1] = torch.tensor([1.0, -1, 1, -1])
    weight[1, 0, 0, 0] = 2
    layer = nn.Conv2d(4, 2, (1, 2))
    found = drawn(weight, layer, nn.Conv2d(2, 1, 1), shape=(4, 4, 4))
    assert (found.kind, found.pixels.shape) == ("magnitude", (2, 1, 2, 1))
    assert found.pixels[:, 0, :, 0].tolist() == [[0, 255], [128, 0]]


@pytest.mark.parametrize(("inputs", "shape"), [(6, (2, 3)), (16, (4, 4)), (1000, (16, 16))])
def test_inputs_of_a_linear_layer_lie_row_by_row(inputs: int, shape: tuple[int, int]) -> None:
    found = drawn(torch.ones(3, inputs), nn.Linear(inputs, 3), nn.Linear(3, 2), shape=(inputs,))
    assert (found.kind, found.pixels.shape) == ("signed", (3, *shape, 1))
    assert set(np.unique(found.pixels)) == {255}


def test_kernels_of_one_pixel_show_their_inputs() -> None:
    found = drawn(torch.ones(2, 9), nn.Conv2d(9, 2, 1), nn.Conv2d(2, 1, 1), shape=(9, 4, 4))
    assert (found.kind, found.pixels.shape) == ("inputs", (2, 3, 3, 1))


def test_outputs_of_a_transposed_convolution_are_its_channels() -> None:
    layer = nn.ConvTranspose2d(2, 3, 2)
    weight = torch.zeros(2, 3, 2, 2)
    weight[:, 1] = 1
    found = drawn(weight, layer, nn.Conv2d(3, 1, 1), shape=(2, 4, 4))
    assert [int(picture.max()) for picture in found.pixels] == [0, 255, 0]


def test_what_is_left_stays_at_its_dense_number(dense: PrunedModel) -> None:
    whole = pictures(dense, "conv1")
    pruned, _ = dense.prune(Plan().remove("conv1", [1]))
    found = pictures(pruned, "conv1")
    assert found.pixels[[0, 2, 3]].tolist() == whole.pixels[[0, 2, 3]].tolist()
    assert found.pixels[1].max() == 0
