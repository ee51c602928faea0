import json

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from workbench.data import open_data
from workbench.errors import ModelError, WeightsError
from workbench.measure.accuracy import evaluate
from workbench.models import BUNDLED, build_model, model_names, open_model

DIGITS = {"num_classes": 10, "input_shape": (1, 8, 8)}


class Net(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.norm = nn.BatchNorm2d(1)
        self.linear = nn.Linear(64, classes)

    def forward(self, x):
        return self.linear(self.norm(x).flatten(1))


def test_the_bundled_network_comes_trained():
    opened = open_model("digits_cnn", **DIGITS)
    data = open_data("digits")
    assert opened.notes == ()
    assert evaluate(opened.module, data.test).accuracy >= 0.985
    assert evaluate(opened.module, data.validation).accuracy >= 0.985


def test_the_bundled_network_on_other_images_says_what_it_was_trained_on():
    opened = open_model("digits_cnn", num_classes=10, input_shape=(1, 28, 28))
    assert "trained on inputs (1, 8, 8), not (1, 28, 28)" in opened.notes[0]


def test_the_bundled_network_for_other_classes_is_untrained_and_says_so():
    opened = open_model("digits_cnn", num_classes=3, input_shape=(1, 8, 8))
    assert "untrained" in opened.notes[0]


@pytest.mark.parametrize("name", BUNDLED)
def test_every_bundled_network_can_be_built_again_from_its_origin(name):
    opened = open_model(name, num_classes=10, input_shape=(1, 16, 16))
    origin = json.loads(json.dumps(opened.origin))
    again = build_model(origin)
    again.load_state_dict(opened.module.state_dict())
    x = torch.randn(2, 1, 16, 16)
    assert torch.equal(again(x), opened.module(x))
    assert not again.training


def test_untrained_networks_say_so():
    assert "untrained" in open_model("lenet5", num_classes=10, input_shape=(1, 28, 28)).notes[0]


def test_a_module_is_copied_and_the_users_own_stays_untouched():
    mine = Net().train()
    before = {name: tensor.clone() for name, tensor in mine.state_dict().items()}
    opened = open_model(mine, **DIGITS)
    opened.module.linear.weight.data.zero_()
    assert opened.name == "Net"
    assert not any(module.training for module in opened.module.modules())
    assert all(module.training for module in mine.modules())
    assert all(torch.equal(t, before[name]) for name, t in mine.state_dict().items())


def test_opening_leaves_the_copy_bit_for_bit_equal():
    mine = Net()
    opened = open_model(mine, **DIGITS)
    assert all(torch.equal(t, mine.state_dict()[n]) for n, t in opened.module.state_dict().items())


def test_weights_are_loaded_into_a_module(tmp_path):
    trained = Net()
    torch.save({"state_dict": trained.state_dict()}, tmp_path / "net.pth")
    opened = open_model(Net(), **DIGITS, weights=tmp_path / "net.pth")
    assert torch.equal(opened.module.linear.weight, trained.linear.weight)


def test_weights_are_loaded_into_a_bundled_network(tmp_path):
    trained = BUNDLED["resnet20"](10, (3, 32, 32))
    state = {f"module.{name}": tensor for name, tensor in trained.state_dict().items()}
    torch.save({"state_dict": state, "best_prec1": 12.0}, tmp_path / "resnet.th")
    opened = open_model(
        "resnet20", num_classes=10, input_shape=(3, 32, 32), weights=str(tmp_path / "resnet.th")
    )
    assert torch.equal(opened.module.linear.weight, trained.linear.weight)
    assert opened.notes == ()


def test_weights_of_another_network_are_refused_with_both_shapes(tmp_path):
    torch.save(Net(7).state_dict(), tmp_path / "seven.pt")
    with pytest.raises(WeightsError, match=r"linear\.weight has \(7, 64\).*model has \(10, 64\)"):
        open_model(Net(), **DIGITS, weights=tmp_path / "seven.pt")


def test_a_module_cannot_be_built_from_its_origin_alone():
    origin = open_model(Net(), **DIGITS).origin
    assert origin["kind"] == "module"
    with pytest.raises(ModelError, match=r"Net is your own module.*pass it: model="):
        build_model(origin)


@pytest.mark.parametrize(
    "origin",
    [
        {},
        {"kind": "bundled", "constructor": "resnet1202", "arguments": {}},
        {"kind": "bundled", "constructor": "resnet20", "arguments": {"num_classes": 10}},
        {
            "kind": "bundled",
            "constructor": "resnet20",
            "arguments": {"num_classes": 10, "input_shape": []},
        },
        {"kind": "torchvision", "constructor": "os.system", "arguments": {"num_classes": 10}},
        {"kind": "torchvision", "constructor": "resnet18", "arguments": {"colour": "red"}},
    ],
)
def test_an_origin_that_this_version_does_not_know_is_refused(origin):
    with pytest.raises(ModelError, match=r"cannot be built|cannot build"):
        build_model(origin)


def test_a_model_with_another_number_of_classes_is_refused_with_both_shapes():
    with pytest.raises(ModelError, match=r"10 class scores.*\(2, 10\).* got \(2, 7\)"):
        open_model(Net(7), **DIGITS)


def test_a_model_that_cannot_run_on_the_inputs_is_refused_with_the_shape():
    with pytest.raises(ModelError, match=r"Net cannot run on inputs of shape \(2, 3, 8, 8\)"):
        open_model(Net(), num_classes=10, input_shape=(3, 8, 8))


def test_a_model_that_returns_something_else_is_refused():
    class Pair(Net):
        def forward(self, x):
            return super().forward(x), x

    with pytest.raises(
        ModelError, match="Pair must return one tensor of class scores, got a tuple"
    ):
        open_model(Pair(), **DIGITS)


@pytest.mark.parametrize("where", ["linear.bias", "norm.running_var"])
def test_a_model_with_nan_weights_is_refused_by_the_tensors_name(where):
    model = Net()
    model.state_dict()[where][0] = float("nan")
    with pytest.raises(WeightsError, match=f"got 1 NaN or infinite values in '{where}' of Net"):
        open_model(model, **DIGITS)


def test_a_model_in_double_precision_is_refused_with_the_remedy():
    with pytest.raises(ModelError, match=r"float32, got torch\.float64 in .*model\.float\(\)"):
        open_model(Net().double(), **DIGITS)


def test_a_lazy_model_is_refused_until_it_has_run():
    model = nn.Sequential(nn.Flatten(), nn.LazyLinear(10))
    with pytest.raises(ModelError, match=r"'1\.weight' is still lazy"):
        open_model(model, **DIGITS)
    model(torch.zeros(1, 1, 8, 8))
    open_model(model, **DIGITS)


def test_a_model_that_cannot_be_copied_is_refused():
    model = Net()
    model.cached = model.linear(torch.zeros(1, 64))
    with pytest.raises(ModelError, match="model Net cannot be copied"):
        open_model(model, **DIGITS)


def test_an_unknown_name_is_answered_with_the_closest():
    with pytest.raises(ModelError, match=r"no model named 'Resnet_20'.*Did you mean 'resnet20'"):
        open_model("Resnet_20", **DIGITS)


@pytest.mark.parametrize("spec", [Net, 5])
def test_anything_but_a_name_or_a_module_is_refused(spec):
    with pytest.raises(
        ModelError, match=r"must be a name or a torch\.nn\.Module, got a (type|int)"
    ):
        open_model(spec, **DIGITS)


def test_names_are_the_bundled_ones_and_torchvisions():
    names = model_names()
    assert {"digits_cnn", "resnet56", "resnet18", "vit_b_16"} <= set(names)
    assert len(names) == len(set(names))


def test_masks_of_torch_are_folded_into_the_copy_and_the_users_own_keeps_them():
    mine = Net()
    prune.random_unstructured(mine.linear, "weight", 0.25)
    prune.identity(mine.norm, "bias")
    mine(torch.zeros(1, 1, 8, 8))
    masked = mine.linear.weight.detach().clone()
    names = list(mine.state_dict())
    opened = open_model(mine, **DIGITS)
    assert torch.equal(opened.module.linear.weight, masked)
    assert sorted(opened.module.state_dict()) == sorted(Net().state_dict())
    assert (
        "on 2 tensors are folded into the copy: 161 of their 641 weights are 0" in opened.notes[0]
    )
    assert list(mine.state_dict()) == names and prune.is_pruned(mine.linear)
    assert mine.linear.weight is not opened.module.linear.weight


def test_a_data_parallel_wrapper_is_taken_off_with_a_note():
    mine = Net()
    opened = open_model(nn.DataParallel(mine), **DIGITS)
    assert type(opened.module) is Net and opened.name == "Net"
    assert "pruned without its DataParallel" in opened.notes[0]
    assert torch.equal(opened.module.linear.weight, mine.linear.weight)


def test_a_compiled_model_is_opened_as_the_module_inside_with_a_note():
    opened = open_model(torch.compile(nn.DataParallel(Net())), **DIGITS)
    assert type(opened.module) is Net
    assert "without torch.compile" in opened.notes[0] and "DataParallel" in opened.notes[1]


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:FutureWarning")
def test_torchscript_is_refused_with_the_remedy():
    script = torch.jit.trace(Net().eval(), torch.zeros(1, 1, 8, 8))
    with pytest.raises(ModelError, match=r"must be Python code, got TorchScript"):
        open_model(script, **DIGITS)


def test_complex_weights_are_refused_by_name():
    mine = Net()
    mine.linear = nn.Linear(64, 10, dtype=torch.complex64)
    with pytest.raises(ModelError, match=r"float32, got torch\.complex64 in 'linear\.weight'"):
        open_model(mine, **DIGITS)


def test_half_precision_is_refused_with_the_remedy():
    with pytest.raises(ModelError, match=r"float32, got torch\.bfloat16 in .*model\.float\(\)"):
        open_model(Net().bfloat16(), **DIGITS)


def test_frozen_parameters_and_modes_of_the_users_own_stay():
    mine = Net().train()
    mine.norm.eval().requires_grad_(False)
    opened = open_model(mine, **DIGITS)
    assert mine.training and not mine.norm.training
    frozen = {name for name, p in opened.module.named_parameters() if not p.requires_grad}
    assert frozen == {"norm.weight", "norm.bias"}
