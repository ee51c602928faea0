import json
from urllib.error import URLError

import pytest
import torch
import torchvision

from workbench.errors import ModelError, WeightsError
from workbench.models import build_model, open_model

SMALL = "shufflenet_v2_x0_5"
IMAGES = {"input_shape": (3, 32, 32)}


@pytest.fixture
def published(monkeypatch):
    """What the download would bring: torchvision's own tensors, without the network."""
    torch.manual_seed(0)
    state = torchvision.models.get_model(SMALL, weights=None).state_dict()
    weights = torchvision.models.get_model_weights(SMALL)
    monkeypatch.setattr(weights, "get_state_dict", lambda *args, **options: dict(state))
    return state


@pytest.mark.parametrize("name", [SMALL, "mobilenet_v3_small", "googlenet"])
def test_networks_are_built_untrained_for_the_datas_classes(name):
    opened = open_model(name, num_classes=10, **IMAGES)
    assert opened.name == name
    assert opened.notes == (f"{name} is untrained: its weights are random.",)
    again = build_model(json.loads(json.dumps(opened.origin)))
    again.load_state_dict(opened.module.state_dict())
    x = torch.randn(2, 3, 32, 32)
    assert torch.equal(again(x), opened.module(x))


@pytest.mark.parametrize("weights", ["DEFAULT", "IMAGENET1K_V1"])
def test_published_weights_are_loaded_by_name(published, weights):
    opened = open_model(SMALL, num_classes=1000, **IMAGES, weights=weights)
    assert torch.equal(opened.module.fc.weight, published["fc.weight"])
    assert opened.notes == ()


def test_published_weights_for_other_classes_leave_the_classifier_untrained_and_say_so(published):
    opened = open_model(SMALL, num_classes=10, **IMAGES, weights="DEFAULT")
    assert torch.equal(opened.module.conv1[0].weight, published["conv1.0.weight"])
    assert opened.module.fc.weight.shape == (10, 1024)
    assert "trained for 1,000 classes; fc.weight, fc.bias start untrained" in opened.notes[0]


def test_a_failed_download_names_the_weights_and_the_remedy(monkeypatch):
    def fail(*args, **options):
        raise URLError("no route to host")

    monkeypatch.setattr(torchvision.models.get_model_weights(SMALL), "get_state_dict", fail)
    with pytest.raises(WeightsError, match=r"IMAGENET1K_V1 .*https://.*no route to host.*Connect"):
        open_model(SMALL, num_classes=1000, **IMAGES, weights="DEFAULT")


def test_a_weights_file_is_read_as_for_any_other_network(tmp_path):
    state = torchvision.models.get_model(SMALL, weights=None, num_classes=10).state_dict()
    torch.save(state, tmp_path / "mine.pt")
    opened = open_model(SMALL, num_classes=10, **IMAGES, weights=str(tmp_path / "mine.pt"))
    assert torch.equal(opened.module.fc.weight, state["fc.weight"])
    assert opened.notes == ()


def test_unknown_weights_are_answered_with_those_that_exist():
    with pytest.raises(WeightsError, match=r"IMAGENET1K_V9.*own weights.*DEFAULT, IMAGENET1K_V1"):
        open_model(SMALL, num_classes=10, **IMAGES, weights="IMAGENET1K_V9")


def test_inputs_that_a_network_cannot_take_are_refused_with_their_shape():
    with pytest.raises(ModelError, match=rf"{SMALL} cannot run on inputs of shape \(2, 1, 8, 8\)"):
        open_model(SMALL, num_classes=10, input_shape=(1, 8, 8))
