"""Train torchvision's MobileNetV2 for CIFAR-10 at 224 pixels: the network of `release.py`.

    PRUNING_WORKBENCH_DATA=/path/to/data python benchmarks/train_mobilenet_v2.py OUT.safetensors
        [--scale 1] [--threads 2] [--test-images 10000]

From random weights, on two cores in about half an hour: an image of 224 pixels costs fifteen times
one of 48, so most is learned on small images, and the last steps make the network used to large
ones (progressive resizing; Touvron et al., Fixing the train-test resolution discrepancy,
arXiv:1906.06423). `--scale 2` trains twice as long.
"""

import argparse
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from cifar_upsampled import CLASSES, PIXELS, arrays, enlarge, mobilenet_v2
from safetensors.torch import save
from torch import Tensor, nn

LEARNING_RATE = 3e-3
WEIGHT_DECAY = 0.05
WARM_UP = 0.05  # of all steps
SAID_EVERY = 50


@dataclass(frozen=True)
class Stage:
    """So many steps at one size."""

    pixels: int
    steps: int
    batch_size: int


STAGES = (Stage(48, 800, 64), Stage(64, 700, 64), Stage(96, 350, 64), Stage(PIXELS, 300, 16))


def main() -> None:
    """Train, write the weights, and print the accuracy on test images at 224 pixels."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("out", type=Path, help="where to write the weights, .safetensors")
    arguments.add_argument("--scale", type=float, default=1.0, help="this many times the steps")
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--test-images", type=int, default=10_000)
    arguments.add_argument("--seed", type=int, default=0)
    options = arguments.parse_args()
    if not options.out.parent.is_dir():
        arguments.error(f"there is no folder {options.out.parent}")
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    model = mobilenet_v2().to(memory_format=torch.channels_last)
    stages = [Stage(s.pixels, max(1, round(options.scale * s.steps)), s.batch_size) for s in STAGES]
    train(model, stages)
    weights = {name: value.contiguous() for name, value in model.state_dict().items()}
    options.out.write_bytes(save(weights))
    images, labels = arrays("test")
    accuracy = test_accuracy(model, images[: options.test_images], labels[: options.test_images])
    print(f"test accuracy at {PIXELS} pixels: {accuracy:.2%} of {options.test_images:,} images")


def train(model: nn.Module, stages: list[Stage]) -> None:
    """AdamW; a linear warm-up, then a cosine to zero over all stages."""
    images, labels = arrays("train")
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=WEIGHT_DECAY)
    total = sum(stage.steps for stage in stages)
    done, start = 0, time.perf_counter()
    for stage in stages:
        for batch, classes in batches(images, labels, stage):
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(done / total)
            logits = model(batch)
            loss = F.cross_entropy(logits, classes)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            done += 1
            if done % SAID_EVERY == 0:
                right = (logits.argmax(1) == classes).float().mean()
                seconds = time.perf_counter() - start
                print(
                    f"{seconds:5.0f} s  step {done} of {total}, {stage.pixels} pixels: "
                    f"loss {loss:.3f}, {right:.0%} right",
                    flush=True,
                )


def learning_rate(share: float) -> float:
    """Rate when this share of all steps is done."""
    if share < WARM_UP:
        return LEARNING_RATE * (share / WARM_UP)
    return LEARNING_RATE * 0.5 * (1 + math.cos(math.pi * (share - WARM_UP) / (1 - WARM_UP)))


def batches(images: Tensor, labels: Tensor, stage: Stage) -> Iterator[tuple[Tensor, Tensor]]:
    """Random images of the stage's size, every second one mirrored, channels last."""
    order = torch.empty(0, dtype=torch.long)
    for _ in range(stage.steps):
        if len(order) < stage.batch_size:
            order = torch.randperm(len(labels))
        chosen, order = order[: stage.batch_size], order[stage.batch_size :]
        batch = enlarge(images[chosen], stage.pixels)
        mirrored = torch.rand(len(chosen)) < 0.5
        batch[mirrored] = batch[mirrored].flip(3)
        yield batch.contiguous(memory_format=torch.channels_last), labels[chosen]


@torch.inference_mode()
def test_accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Share of images named rightly at 224 pixels."""
    model.eval()
    right = 0
    for batch, classes in zip(images.split(32), labels.split(32), strict=True):
        logits = model(enlarge(batch).contiguous(memory_format=torch.channels_last))
        assert logits.shape == (len(batch), CLASSES)
        right += int((logits.argmax(1) == classes).sum())
    return right / len(labels)


if __name__ == "__main__":
    main()
