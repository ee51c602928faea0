import math
import pickle

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from workbench.errors import WeightsError
from workbench.models.state_dict import load_weights, read_state_dict


def _net():
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def _same(model, state):
    return all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".th"])
@pytest.mark.parametrize("container", [None, "state_dict", "model", "model_state_dict"])
def test_torch_files_are_read_bare_or_in_a_checkpoint(tmp_path, suffix, container):
    state = _net().state_dict()
    path = tmp_path / f"weights{suffix}"
    torch.save({container: state, "epoch": 3} if container else state, path)
    assert read_state_dict(path).keys() == state.keys()
    model = _net()
    load_weights(model, read_state_dict(str(path)), source="weights")
    assert _same(model, state)


def test_safetensors_files_are_read(tmp_path):
    state = _net().state_dict()
    save_file(state, tmp_path / "weights.safetensors")
    model = _net()
    load_weights(model, read_state_dict(tmp_path / "weights.safetensors"), source="weights")
    assert _same(model, state)


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod."])
def test_prefixes_of_wrappers_are_dropped(prefix):
    state = _net().state_dict()
    model = _net()
    load_weights(model, {prefix + name: t for name, t in state.items()}, source="weights")
    assert _same(model, state)


def test_a_prefix_that_is_the_models_own_is_kept():
    class Wrapper(nn.Module):
        def __init__(self):
            super().__init__()
            self.module = _net()

    saved, model = Wrapper(), Wrapper()
    load_weights(model, saved.state_dict(), source="weights")
    assert _same(model, saved.state_dict())


def test_counters_that_old_checkpoints_lack_may_be_missing():
    state = _net().state_dict()
    del state["1.num_batches_tracked"]
    load_weights(_net(), state, source="weights")


def test_every_difference_is_listed_with_both_shapes_and_nothing_is_loaded():
    state = _net().state_dict()
    state["2.weight"] = torch.zeros(5, 4)
    state["extra"] = torch.zeros(7)
    del state["0.bias"]
    model = _net()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(WeightsError) as info:
        load_weights(model, state, source="mine.pt")
    message = str(info.value)
    assert "mine.pt" in message
    assert "wrong shapes: 2.weight has (5, 4) where the model has (2, 4)" in message
    assert "missing: 0.bias (4,)" in message
    assert "unexpected: extra (7,)" in message
    assert _same(model, before)


def test_long_lists_of_differences_are_cut_and_counted():
    with pytest.raises(WeightsError, match=r"missing: .* and 3 more"):
        load_weights(nn.Sequential(*(nn.PReLU() for _ in range(9))), {}, source="empty")


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_values_that_are_not_finite_are_refused_by_name_and_nothing_is_loaded(bad):
    state = _net().state_dict()
    state["2.weight"] = state["2.weight"].clone()
    state["2.weight"][0, :3] = bad
    model = _net()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(WeightsError, match=r"got 3 NaN or infinite values in '2\.weight' of mine"):
        load_weights(model, state, source="mine.pt")
    assert _same(model, before)


@pytest.mark.parametrize("container", [None, "state_dict", "model"])
def test_a_pickled_module_is_refused_with_the_way_to_convert_it(tmp_path, container):
    torch.save({container: _net()} if container else _net(), tmp_path / "whole.pt")
    with pytest.raises(WeightsError, match=r"whole\.pt.*convert it: torch\.save\(torch\.load\("):
        read_state_dict(tmp_path / "whole.pt")


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_file_is_never_run(tmp_path, zipped):
    marker = tmp_path / "ran"

    class Attack:
        def __reduce__(self):
            return (marker.touch, ())

    path = tmp_path / "evil.pt"
    if zipped:
        torch.save({"weight": Attack()}, path)
    else:
        path.write_bytes(pickle.dumps(Attack()))
    with pytest.raises(WeightsError, match="more than tensors"):
        read_state_dict(path)
    assert not marker.exists()


@pytest.mark.parametrize("name", ["broken.pt", "broken.safetensors"])
@pytest.mark.parametrize("contents", [b"", b"these are not weights"])
def test_damaged_files_are_refused_by_name(tmp_path, name, contents):
    (tmp_path / name).write_bytes(contents)
    with pytest.raises(WeightsError, match=name.replace(".", r"\.")):
        read_state_dict(tmp_path / name)


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ([1, 2], "must hold a state dict, tensors by name, got a list"),
        (torch.zeros(3), "must hold a state dict, tensors by name, got a Tensor"),
        ({"epoch": 3}, "got a int under 'epoch'"),
        ({3: torch.zeros(2)}, "got a Tensor under 3"),
    ],
)
def test_files_that_hold_something_else_are_refused(tmp_path, contents, message):
    torch.save(contents, tmp_path / "other.pt")
    with pytest.raises(WeightsError, match=message):
        read_state_dict(tmp_path / "other.pt")


def test_other_kinds_of_files_are_refused_with_the_kinds_that_are_read(tmp_path):
    (tmp_path / "net.onnx").touch()
    with pytest.raises(WeightsError, match=r"\.safetensors, \.pt, \.pth, \.th, got '\.onnx'"):
        read_state_dict(tmp_path / "net.onnx")


def test_a_missing_file_is_named():
    with pytest.raises(WeightsError, match=r"weights file not found: .*nowhere\.pt"):
        read_state_dict("nowhere.pt")


def test_a_relative_path_is_also_looked_for_in_the_data_directory(tmp_path, monkeypatch):
    torch.save(_net().state_dict(), tmp_path / "net.pt")
    monkeypatch.setenv("PRUNING_WORKBENCH_DATA", str(tmp_path))
    assert "0.weight" in read_state_dict("net.pt")
