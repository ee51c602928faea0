"""How good predictions are: random plans for a trained ResNet-20, predicted and then measured.

    PRUNING_WORKBENCH_DATA=/path/to/data python benchmarks/prediction_resnet20.py
        [--plans 50] [--qualifying 15] [--most 600] [--highest 0.7]

Every unit's ratio is drawn uniformly from 0 to `--highest`. Counts of at least `--plans` plans are
compared with those of the pruned network, and latency with a measurement. Accuracy is compared for
plans that keep at least half of the dense accuracy; more are drawn until `--qualifying` of them
do. As in the workbench, every measured plan is learned from before the next one is predicted: at
once by arithmetic, then by a spot check of few probe inputs. There are two constants to beat: one
is told the median of all qualifying plans beforehand; the fair one knows those that were measured
before (of the plans learned from, to begin with). Latency has the first one only.
"""

import argparse
import statistics
import time
from collections.abc import Sequence

import numpy as np

from workbench import Plan, Session
from workbench.estimate import Estimate

NORMALIZE = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
Pair = tuple[Estimate, float]


def main() -> None:
    """Print the errors of every figure."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--plans", type=int, default=50)
    arguments.add_argument("--qualifying", type=int, default=15)
    arguments.add_argument("--most", type=int, default=600)
    arguments.add_argument("--highest", type=float, default=0.7)
    options = arguments.parse_args()
    with Session(
        "resnet20", "npz:cifar10.npz", weights="resnet20-12fca82f.th", normalize=NORMALIZE
    ) as session:
        prepare(session)
        half = 0.5 * measured_accuracy(session)
        accuracies: list[Pair] = []
        checked: list[Pair] = []
        before: list[float] = learned_from(session, half)
        fair: list[float] = []
        seconds: list[float] = []
        latencies: list[Pair] = []
        wrong, drawn = 0, 0
        draw = np.random.default_rng(0)
        while drawn < options.most and (
            drawn < options.plans or len(accuracies) < options.qualifying
        ):
            session.plan = random_plan(session, draw, options.highest)
            if drawn < options.plans:
                wrong += not counts_are_exact(session)
                latencies.append(latency(session))
            predicted = session.predict().accuracy
            start = time.perf_counter()
            refined = session.spot_check()
            seconds.append(time.perf_counter() - start)
            found = session.preview().accuracy
            if found >= half and predicted is not None and refined is not None:
                accuracies.append((predicted, found))
                checked.append((refined, found))
                fair.append(abs(statistics.median(before) - found))
                before.append(found)
            drawn += 1
    print(f"{drawn} plans; {len(accuracies)} keep at least half of the dense accuracy.")
    print(f"Parameters and MACs differ from the pruned network's in {wrong} plans.\n")
    print("| figure | plans | median error | of a told constant | error bars hold | half-width |")
    print("|---|---|---|---|---|---|")
    show("latency, relative", latencies, relative=True)
    show("accuracy at once, points", accuracies, relative=False)
    show("accuracy after a spot check, points", checked, relative=False)
    print(
        f"\nA constant that knows earlier plans only: {100 * statistics.median(fair):.1f} points."
    )
    print(f"A spot check took {1000 * statistics.median(seconds):.0f} ms at the median.")


def prepare(session: Session) -> None:
    """Everything the workbench measures before it predicts."""
    _ = session.baseline
    for name, work in (
        ("latency", session.learn_latency),
        ("sensitivity", session.scan_sensitivity),
        ("accuracy of plans", session.learn_accuracy),
    ):
        start = time.perf_counter()
        work()
        print(f"{name}: {time.perf_counter() - start:.1f} s")


def measured_accuracy(session: Session) -> float:
    """Of the dense model, on the probe set."""
    session.plan = Plan()
    return session.preview().accuracy


def learned_from(session: Session, least: float) -> list[float]:
    """Accuracies of the plans that predictions were learned from, if they are at least so high."""
    known = session._anticipation._fitting(session.plan)
    outcomes = () if known is None else known.outcomes
    return [one.accuracy for one in outcomes if one.accuracy >= least]


def random_plan(session: Session, draw: np.random.Generator, highest: float) -> Plan:
    """A ratio for every unit that can be pruned."""
    units = [unit.name for unit in session.units if unit.prunable]
    return Plan(ratios=dict(zip(units, draw.uniform(0, highest, len(units)).tolist(), strict=True)))


def counts_are_exact(session: Session) -> bool:
    """Whether parameters and MACs are those of the network that is really pruned."""
    expected = session.predict()
    pruned, _ = session.pruned.prune(session.plan)
    metrics = session._jobs.gauge.counts(pruned)
    return (expected.parameters, expected.macs) == (metrics.parameters, metrics.macs)


def latency(session: Session) -> Pair:
    """Predicted, and measured afterwards."""
    predicted = session.predict().latency_ms
    if predicted is None:
        raise SystemExit("latency was not learned")
    return predicted, session.time_plan().latency.median_ms


def show(name: str, pairs: Sequence[Pair], *, relative: bool) -> None:
    """Print one row."""
    scale = [found if relative else 1.0 for _, found in pairs]
    middle = statistics.median(found for _, found in pairs)
    errors = [abs(e.value - f) / s for (e, f), s in zip(pairs, scale, strict=True)]
    constant = [abs(middle - f) / s for (_, f), s in zip(pairs, scale, strict=True)]
    widths = [e.half_width / s for (e, _), s in zip(pairs, scale, strict=True)]
    held = statistics.mean(e.low <= f <= e.high for e, f in pairs)
    error, other, width = (100 * statistics.median(row) for row in (errors, constant, widths))
    print(f"| {name} | {len(pairs)} | {error:.1f} % | {other:.1f} % | {held:.0%} | {width:.1f} % |")


if __name__ == "__main__":
    main()
