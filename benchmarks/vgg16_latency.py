"""torchvision's VGG-16 with most of its filters and hidden units removed: how much faster?

    python benchmarks/vgg16_latency.py [--ratio 0.8] [--align 8] [--rounds 20]

224 pixels, ONNX Runtime on the CPU, one input, one thread; all networks in turn, so the ratio does
not depend on how busy the machine is. Weights are random, as latency does not depend on them. The
aligned network keeps widths that are multiples of `--align`, which is what kernels compute at a
time.
"""

import argparse
import math

import numpy as np
import torch

from workbench import Plan
from workbench.export.onnx import onnx_bytes
from workbench.measure.latency import latency_ratio, measure_latencies
from workbench.measure.size import parameter_count
from workbench.models import open_model
from workbench.surgery import prune_channels

SHAPE = (3, 224, 224)


def main() -> None:
    """Print one row per network."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--ratio", type=float, default=0.8)
    arguments.add_argument("--align", type=int, default=8)
    arguments.add_argument("--rounds", type=int, default=20)
    options = arguments.parse_args()
    torch.manual_seed(0)
    example = torch.zeros(1, *SHAPE)
    dense = open_model("vgg16", num_classes=1000, input_shape=SHAPE).module
    files = {"dense": onnx_bytes(dense, example)}
    counts = {"dense": parameter_count(dense)}
    for name, align in (
        ("pruned", 1),
        (f"pruned, widths in steps of {options.align}", options.align),
    ):
        plan = Plan(ratio=options.ratio, round_to=align)
        pruned, _ = prune_channels(dense, example, plan=plan)
        files[name], counts[name] = onnx_bytes(pruned, example), parameter_count(pruned)
    found = measure_latencies(
        files, np.zeros((1, *SHAPE), np.float32), rounds=options.rounds, time_limit_s=math.inf
    )
    print(f"VGG-16, {options.ratio:.0%} of filters and hidden units removed\n")
    print("| network | parameters | median | against dense | 95 % interval |")
    print("|---|---|---|---|---|")
    for name, latency in found.items():
        ratio = latency_ratio(found["dense"], latency)
        print(
            f"| {name} | {counts[name]:,} | {latency.median_ms:.1f} ms | {ratio.value:.1f} × "
            f"| {ratio.low:.1f} to {ratio.high:.1f} |"
        )


if __name__ == "__main__":
    main()
