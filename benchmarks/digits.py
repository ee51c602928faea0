"""What pruning does to the bundled network: size, latency and accuracy, each beside the dense one.

python benchmarks/digits.py
"""

import math

import numpy as np

from workbench import Session
from workbench.export.onnx import onnx_bytes
from workbench.measure.latency import latency_ratio, measure_latencies

ROUNDS = 400
BATCHES = (1, 64)


def main() -> None:
    """Print the figures as a table."""
    print("| case | accuracy | parameters | non-zero | MACs | size | zipped ONNX |")
    print("|---|---|---|---|---|---|---|")
    with Session("digits_cnn", "digits") as session:
        show("dense", session)
        dense = onnx_bytes(session.model, session.dataset.example_input())
        session.plan = session.plan.with_ratios(0.5)
        session.prune()
        show("50 % of channels", session)
        session.finetune(epochs=3)
        show("50 % of channels, 3 epochs", session)
        pruned = onnx_bytes(session.model, session.dataset.example_input())
    with Session("digits_cnn", "digits") as session:
        session.plan = session.plan.with_(granularity="weight", ratio=0.9)
        session.prune()
        show("90 % of weights", session)
        session.finetune(epochs=3)
        show("90 % of weights, 3 epochs", session)
        session.finetune(epochs=10)
        show("90 % of weights, 10 more", session)
        masked = onnx_bytes(session.model, session.dataset.example_input())
    print("\nONNX Runtime, one thread, dense and pruned in turn; ratio dense / pruned:\n")
    print("| case | batch | dense ms | pruned ms | ratio | 95 % interval |")
    print("|---|---|---|---|---|---|")
    for case, file in (("50 % of channels", pruned), ("90 % of weights", masked)):
        for batch in BATCHES:
            compare(case, batch, dense, file)


def show(case: str, session: Session) -> None:
    """Print one row of what a session's current step is like."""
    if case == "dense":
        _ = session.baseline
    found = session.history.current.metrics
    assert found.accuracy is not None
    print(
        f"| {case} | {found.accuracy:.2%} | {found.parameters:,} | {found.nonzero_parameters:,} "
        f"| {found.macs:,} | {found.size_bytes:,} B | {found.onnx_gzip_bytes:,} B |"
    )


def compare(case: str, batch: int, dense: bytes, pruned: bytes) -> None:
    """Print one row of latencies measured in turn."""
    inputs = np.zeros((batch, 1, 8, 8), np.float32)
    found = measure_latencies(
        {"dense": dense, "pruned": pruned}, inputs, rounds=ROUNDS, time_limit_s=math.inf
    )
    ratio = latency_ratio(found["dense"], found["pruned"])
    print(
        f"| {case} | {batch} | {found['dense'].median_ms:.4f} | {found['pruned'].median_ms:.4f} "
        f"| {ratio.value:.2f} | {ratio.low:.2f} to {ratio.high:.2f} |"
    )


if __name__ == "__main__":
    main()
