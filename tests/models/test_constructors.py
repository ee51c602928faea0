import pytest
import torch
from torch import nn

from workbench.errors import ModelError
from workbench.models import BUNDLED
from workbench.models.cifar_resnet import ZeroPadShortcut


def _parameters(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("name", "input_shape", "parameters"),
    [
        ("digits_cnn", (1, 8, 8), 91306),
        ("lenet300_100", (1, 28, 28), 266610),
        ("lenet5", (1, 28, 28), 61706),
        ("lenet5", (1, 32, 32), 61706),
        ("lenet5_caffe", (1, 28, 28), 431080),
        ("resnet20", (3, 32, 32), 269722),
        ("resnet32", (3, 32, 32), 464154),
        ("resnet44", (3, 32, 32), 658586),
        ("resnet56", (3, 32, 32), 853018),
    ],
)
def test_networks_have_the_published_number_of_parameters(name, input_shape, parameters):
    assert _parameters(BUNDLED[name](10, input_shape)) == parameters


@pytest.mark.parametrize("name", BUNDLED)
@pytest.mark.parametrize("input_shape", [(1, 28, 28), (3, 32, 40)])
def test_every_bundled_network_takes_any_channels_sizes_and_classes(name, input_shape):
    model = BUNDLED[name](7, input_shape).eval()
    with torch.inference_mode():
        assert model(torch.zeros(2, *input_shape)).shape == (2, 7)


@pytest.mark.parametrize(("name", "smallest"), [("lenet5", 12), ("lenet5_caffe", 16)])
def test_lenets_say_how_small_images_may_be(name, smallest):
    BUNDLED[name](10, (1, smallest, smallest)).eval()(torch.zeros(1, 1, smallest, smallest))
    below = (1, smallest - 1, smallest)
    with pytest.raises(ModelError, match=rf"{smallest} x {smallest} pixels.*\(1, {smallest - 1}, "):
        BUNDLED[name](10, below)


@pytest.mark.parametrize("name", ["lenet5", "lenet5_caffe"])
def test_lenets_refuse_inputs_that_are_no_images(name):
    with pytest.raises(ModelError, match=rf"{name} needs images.*got \(784,\)"):
        BUNDLED[name](10, (784,))


def test_the_shortcut_keeps_every_second_pixel_and_pads_channels_with_zeros():
    x = torch.arange(16.0).view(1, 1, 4, 4)
    y = ZeroPadShortcut(2, 1, 2)(x)
    assert y.shape == (1, 4, 2, 2)
    assert y[0, 1].tolist() == [[0, 2], [8, 10]]
    assert y[0, [0, 2, 3]].abs().sum() == 0


def test_the_shortcut_reads_its_padding_when_it_runs():
    shortcut = ZeroPadShortcut(2, 8, 8)
    shortcut.pad_before, shortcut.pad_after = 3, 0
    assert shortcut(torch.ones(1, 2, 4, 4)).shape == (1, 5, 2, 2)


def test_the_resnet_pads_a_quarter_of_the_new_width_on_each_side():
    shortcut = BUNDLED["resnet20"](10, (3, 32, 32)).get_submodule("layer3.0.shortcut")
    assert isinstance(shortcut, ZeroPadShortcut)
    assert (shortcut.stride, shortcut.pad_before, shortcut.pad_after) == (2, 16, 16)


def test_the_bundled_network_has_every_kind_of_layer_that_couples_channels():
    model = BUNDLED["digits_cnn"](10, (1, 8, 8))
    convolutions = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    assert any(conv.groups == conv.in_channels > 1 for conv in convolutions)
    assert any(isinstance(m, nn.BatchNorm2d) for m in model.modules())
    assert {"stem", "block1.conv1", "block3.depthwise", "head", "classifier"} <= {
        name for name, _ in model.named_modules()
    }


def test_halving_every_width_leaves_less_than_40_percent_of_the_bundled_networks_parameters():
    model = BUNDLED["digits_cnn"](10, (1, 8, 8))
    left = 0
    for name, parameter in model.named_parameters():
        fixed = name in ("stem.weight", "classifier.weight") or ".depthwise." in name
        quartered = parameter.dim() == 4 and not fixed
        kept = 1 if name == "classifier.bias" else 0.25 if quartered else 0.5
        left += parameter.numel() * kept
    assert left < 0.4 * _parameters(model)


@pytest.mark.parametrize("name", ["digits_cnn", "resnet20", "lenet5"])
def test_networks_export_with_a_dynamic_batch(name):
    model = BUNDLED[name](10, (1, 12, 12)).eval()
    batch = torch.export.Dim("batch", min=1)
    example = (torch.randn(2, 1, 12, 12),)
    program = torch.export.export(model, example, dynamic_shapes=({0: batch},), strict=False)
    x = torch.randn(5, 1, 12, 12)
    assert torch.allclose(program.module()(x), model(x), atol=1e-5)
