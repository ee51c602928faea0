import dataclasses

import torch

from workbench.data import open_data
from workbench.data.splits import SubsetSplit
from workbench.models import train_digits_cnn as script
from workbench.models.catalog import SHIPPED_WEIGHTS
from workbench.models.state_dict import read_state_dict


def test_training_twice_gives_the_same_file(tmp_path):
    whole = open_data("digits")
    few = SubsetSplit(whole.train, torch.arange(150))
    data = dataclasses.replace(whole, train=few)
    files = []
    for name in ("first", "second"):
        torch.manual_seed(len(files) + 5)  # whatever was drawn before must not matter
        model = script.train(data, seed=3, epochs=1)
        files.append(script.write(model, tmp_path / f"{name}.safetensors").read_bytes())
    assert files[0] == files[1]


def test_the_rate_rises_and_then_falls_to_zero():
    rates = [script.learning_rate(epoch / 4, 60) for epoch in range(241)]
    peak = rates.index(max(rates))
    assert peak == 4 * script.WARM_UP_EPOCHS
    assert rates[:peak] == sorted(rates[:peak])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert rates[0] > 0
    assert abs(rates[-1]) < 1e-12


def test_distortion_moves_images_differently_and_only_a_little():
    images = torch.zeros(16, 1, 8, 8)
    images[:, :, 3:5, 3:5] = 1
    moved = script.distort(images, torch.Generator().manual_seed(0))
    assert moved.shape == images.shape
    assert not torch.equal(moved[0], moved[1])
    mass = moved.sum((1, 2, 3))
    assert (mass > 3).all()
    assert (mass < 5.5).all()


def test_the_shipped_file_holds_float32_weights_that_are_not_zero():
    state = read_state_dict(SHIPPED_WEIGHTS["digits_cnn"])
    weights = [tensor for name, tensor in state.items() if name.endswith("weight")]
    assert all(w.dtype == torch.float32 and w.abs().sum() > 0 for w in weights)
