"""Half of all channels removed from every torchvision classifier: the workbench and Torch-Pruning.

    python benchmarks/torchvision_channels.py [--models resnet18 swin_t] [--only workbench]

Every network is pruned in a process of its own, by each tool in turn, with random weights and L2
magnitude. Torch-Pruning (https://github.com/VainF/Torch-Pruning) has to be installed for its part:
``pip install torch-pruning==1.6.1``. Its run is stopped after 120 s.
"""

import argparse
import copy
import json
import resource
import subprocess
import sys
import time

import torch
import torchvision
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from workbench.anatomy import Anatomy
from workbench.graph import analyze_channels
from workbench.graph.reasons import MODEL_OUTPUT
from workbench.graph.removal import remove_channels
from workbench.graph.structure import Structure, tensor_shapes
from workbench.masks import mask_channels
from workbench.plan import Plan
from workbench.pruned import PrunedModel

TOOLS = ("workbench", "torch-pruning")
STOPPED_AFTER_S = 120
Result = dict[str, object]
Pruned = tuple[nn.Module, tuple[float, float], str, dict[str, str]]
"""The pruned network, seconds for analysis and surgery, the verdict, and pinned layers' reasons."""


def main() -> None:
    """Print one row per network and tool, and a summary."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--models", nargs="*")
    arguments.add_argument("--only", choices=TOOLS)
    arguments.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.one:
        print(json.dumps(measure(*options.one)))
        return
    names = options.models or torchvision.models.list_models(module=torchvision.models)
    tools = [options.only] if options.only else TOOLS
    print(
        "| network | tool | analysis s | surgery s | parameters kept | MACs kept | GiB | result |"
    )
    print("|---|---|---|---|---|---|---|---|")
    results = {(name, tool): run(name, tool) for name in names for tool in tools}
    summarise(names, results)


def run(name: str, tool: str) -> Result:
    """Measure in a process of its own, and print the row."""
    command = [sys.executable, __file__, "--one", name, tool]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=STOPPED_AFTER_S, check=False
        )
        lines = done.stdout.strip().splitlines()
        error = (done.stderr.strip().splitlines() or ["no output"])[-1]
        result: Result = json.loads(lines[-1]) if done.returncode == 0 else {"result": error[:90]}
    except subprocess.TimeoutExpired:
        result = {"result": f"stopped after {STOPPED_AFTER_S} s"}
    columns = ("analysis_s", "surgery_s", "parameters", "macs", "gib")
    figures = " | ".join(f"{result[column]:.3f}" if column in result else "–" for column in columns)
    print(f"| {name} | {tool} | {figures} | {result['result']} |", flush=True)
    return result


def measure(name: str, tool: str) -> Result:
    """Prune one network by one tool."""
    size = 299 if name == "inception_v3" else 224
    plain = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    torch.manual_seed(0)
    module = torchvision.models.get_model(name, weights=None, **plain).eval()
    for part in module.modules():  # a head of zeros would agree with anything
        if isinstance(part, nn.Linear) and not part.weight.any():
            nn.init.normal_(part.weight, std=0.02)
    inputs = torch.randn(1, 3, size, size)
    settle_normalization(module, size)
    before = cost(module, inputs)
    prune = {"workbench": prune_here, "torch-pruning": prune_there}[tool]
    pruned, times, verdict, pinned = prune(module, inputs)
    after = cost(pruned, inputs)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {
        "analysis_s": times[0],
        "surgery_s": times[1],
        "parameters": after[0] / before[0],
        "macs": after[1] / before[1],
        "gib": peak,
        "result": verdict,
        "pinned": pinned,
    }


def settle_normalization(module: nn.Module, size: int) -> None:
    """Give batch norms the statistics of one batch, or signals fade with random weights."""
    norms = [m for m in module.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 1.0
    with torch.no_grad():
        module.train()(torch.randn(2, 3, size, size))
    module.eval()
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def cost(module: nn.Module, inputs: torch.Tensor) -> tuple[int, int]:
    """Parameters, and operations as PyTorch counts them."""
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        module(inputs)
    return sum(p.numel() for p in module.parameters()), counter.get_total_flops()


def prune_here(module: nn.Module, inputs: torch.Tensor) -> Pruned:
    """Analyse, choose, remove; then compare with the masked network."""
    start = time.perf_counter()
    graph = analyze_channels(module, inputs)
    analysed = time.perf_counter()
    anatomy = Anatomy((), graph, tensor_shapes(module), {})
    selection = PrunedModel(anatomy, module).select(Plan(ratio=0.5, criterion="l2"))
    pruned = copy.deepcopy(module)
    remove_channels(pruned, Structure.of(graph, selection.kept, anatomy.shapes))
    done = time.perf_counter()
    masked = copy.deepcopy(module)
    mask_channels(masked, graph, selection.kept)
    with torch.no_grad():
        expected, found = masked(inputs), pruned(inputs)
    difference = float((expected - found).abs().max() / expected.abs().max().clamp(min=1e-30))
    agrees = difference < 1e-3 or not expected.any()
    verdict = f"agrees, {difference:.0e}" if agrees else f"DIFFERS by {difference:.1e}"
    pinned = {group.name: group.reason for group in graph.groups if not group.prunable}
    return pruned, (analysed - start, done - analysed), verdict, pinned


def prune_there(module: nn.Module, inputs: torch.Tensor) -> Pruned:
    """Torch-Pruning as its README shows it: L2 magnitude, the classifier left out."""
    import torch_pruning as tp  # noqa: PLC0415 - not a dependency

    start = time.perf_counter()
    outputs = [m for m in module.modules() if isinstance(m, nn.Linear) and m.out_features == 1000]
    outputs += [m for m in module.modules() if isinstance(m, nn.Conv2d) and m.out_channels == 1000]
    heads = {m: m.num_heads for m in module.modules() if isinstance(m, nn.MultiheadAttention)}
    pruner = tp.pruner.MagnitudePruner(
        module,
        inputs,
        importance=tp.importance.MagnitudeImportance(p=2),
        pruning_ratio=0.5,
        ignored_layers=outputs,
        num_heads=heads,
    )
    analysed = time.perf_counter()
    pruner.step()
    done = time.perf_counter()
    return module, (analysed - start, done - analysed), "runs", {}


def summarise(names: list[str], results: dict[tuple[str, str], Result]) -> None:
    """Print totals, the ratio of times over what both tools can do, and what is pinned."""
    for tool in TOOLS:
        ended = [name for name in names if "analysis_s" in results.get((name, tool), {})]
        if ended:
            print(f"\n{tool}: {len(ended)} of {len(names)} networks")
    both = [n for n in names if all("analysis_s" in results.get((n, t), {}) for t in TOOLS)]
    if both:
        ratio = seconds(both, TOOLS[0], results) / seconds(both, TOOLS[1], results)
        slower = [
            n for n in both if seconds([n], TOOLS[0], results) > seconds([n], TOOLS[1], results)
        ]
        print(f"\n{len(both)} networks both can do: {TOOLS[0]} takes {ratio:.2f} of the time")
        print(f"\nslower on {len(slower)} of them: {', '.join(slower) or 'none'}")
        fewer = [n for n in both if kept(n, TOOLS[0], results) > kept(n, TOOLS[1], results) + 5e-4]
        print(f"\n{TOOLS[0]} removes fewer parameters on: {', '.join(fewer) or 'none'}")
    print("\nPinned layers, beside the model outputs:\n")
    for name in names:
        pinned = results.get((name, TOOLS[0]), {}).get("pinned", {})
        assert isinstance(pinned, dict)
        for layer, reason in pinned.items():
            if reason != str(MODEL_OUTPUT):
                print(f"- {name} `{layer}`: {reason}")


def kept(name: str, tool: str, results: dict[tuple[str, str], Result]) -> float:
    """Share of the parameters that is left."""
    return float(str(results[name, tool]["parameters"]))


def seconds(names: list[str], tool: str, results: dict[tuple[str, str], Result]) -> float:
    """Analysis and surgery of these networks together."""
    parts = ("analysis_s", "surgery_s")
    return sum(float(str(results[name, tool][part])) for name in names for part in parts)


if __name__ == "__main__":
    main()
