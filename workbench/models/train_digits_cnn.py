"""Train the bundled network: ``python -m workbench.models.train_digits_cnn``.

Takes about a minute on two cores. The settings were chosen on validation data; test accuracy is
printed at the end and decides nothing. The same machine writes the same file every time.
"""

import math
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors.torch import save
from torch import Tensor, nn

from workbench.data import Dataset, open_data
from workbench.measure.accuracy import evaluate
from workbench.models.catalog import BUNDLED, SHIPPED_WEIGHTS

SEED = 1
EPOCHS = 60
WARM_UP_EPOCHS = 3
BATCH_SIZE = 64
LEARNING_RATE = 0.1
WEIGHT_DECAY = 1e-3
LABEL_SMOOTHING = 0.05
MAX_ROTATION = math.radians(12)
MAX_SHIFT = 0.25  # of half the image: one pixel in eight
MAX_SCALE = 0.1
THREADS = 2  # the order of summation, and so the last bits, depend on it


def main() -> None:
    """Train, write the weights into the package, and print what they achieve."""
    torch.set_num_threads(THREADS)
    torch.use_deterministic_algorithms(True)
    dataset = open_data("digits")
    model = train(dataset, seed=SEED, epochs=EPOCHS)
    path = write(model, SHIPPED_WEIGHTS["digits_cnn"])
    print(f"validation accuracy {evaluate(model, dataset.validation).accuracy:.2%}")
    print(f"test accuracy       {evaluate(model, dataset.test).accuracy:.2%}")
    print(f"written to {path}")


def train(dataset: Dataset, *, seed: int, epochs: int) -> nn.Module:
    """Train the network from random weights; returns it in eval mode.

    SGD with Nesterov momentum; a linear warm-up, then a cosine to zero.
    """
    torch.manual_seed(seed)
    random = torch.Generator().manual_seed(seed)
    model = BUNDLED["digits_cnn"](len(dataset.classes), dataset.input_shape)
    groups: list[dict[str, Any]] = [
        {"params": [p for p in model.parameters() if p.dim() > 1], "weight_decay": WEIGHT_DECAY},
        {"params": [p for p in model.parameters() if p.dim() <= 1]},
    ]
    optimizer = torch.optim.SGD(groups, lr=LEARNING_RATE, momentum=0.9, nesterov=True)
    model.train()
    for epoch in range(epochs):
        steps = math.ceil(len(dataset.train) / BATCH_SIZE)
        batches = dataset.train.batches(BATCH_SIZE, shuffle=random)
        for step, (images, labels) in enumerate(batches):
            rate = learning_rate(epoch + step / steps, epochs)
            for group in optimizer.param_groups:
                group["lr"] = rate
            logits = model(distort(images, random))
            loss = F.cross_entropy(logits, labels, label_smoothing=LABEL_SMOOTHING)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return model.eval()


def learning_rate(epoch: float, epochs: int) -> float:
    """Rate at a fractional epoch: linear warm-up, then half a cosine down to zero."""
    if epoch < WARM_UP_EPOCHS:
        return LEARNING_RATE * (epoch + 0.1) / (WARM_UP_EPOCHS + 0.1)
    share = (epoch - WARM_UP_EPOCHS) / (epochs - WARM_UP_EPOCHS)
    return LEARNING_RATE * 0.5 * (1 + math.cos(math.pi * share))


def distort(images: Tensor, random: torch.Generator) -> Tensor:
    """Turn, scale and shift every image ``(B, C, H, W)`` a little, each differently."""
    count = len(images)
    angle, scale_x, scale_y, shift_x, shift_y = (
        2 * torch.rand(5, count, generator=random) - 1
    ).unbind()
    angle = angle * MAX_ROTATION
    width, height = 1 + MAX_SCALE * scale_x, 1 + MAX_SCALE * scale_y
    rows = (
        torch.stack([angle.cos() * width, -angle.sin() * height, shift_x * MAX_SHIFT], 1),
        torch.stack([angle.sin() * width, angle.cos() * height, shift_y * MAX_SHIFT], 1),
    )
    grid = F.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def write(model: nn.Module, path: Path) -> Path:
    """Write the state dict as safetensors."""
    path.write_bytes(save(model.state_dict()))
    return path


if __name__ == "__main__":
    main()
