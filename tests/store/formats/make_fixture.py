"""Write a session directory of the present format, to be kept as a fixture of it.

python tests/store/formats/make_fixture.py

Run it once when the format changes, with the code that is about to be released, and keep what it
wrote: `test_formats.py` opens the directory of every version with the code of the day.
"""

import dataclasses
import json
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

import torch  # noqa: E402
from store.formats.subject import Net, dataset  # noqa: E402

from workbench import Plan, Session  # noqa: E402
from workbench.digests import digest_of_tensors  # noqa: E402
from workbench.events import EpochTrained  # noqa: E402
from workbench.progress import Cancelled  # noqa: E402
from workbench.session.measuring import Gauge  # noqa: E402
from workbench.store.formats import FORMAT_VERSION  # noqa: E402

EXPECTED = "expected.json"


def main() -> None:
    """Work through everything that is stored, and note what was there."""
    torch.set_num_threads(1)
    Gauge.deployment = lambda self, model, metrics, *_, **__: (metrics, b"onnx")  # type: ignore[method-assign]
    home = HERE / f"version-{FORMAT_VERSION}"
    shutil.rmtree(home, ignore_errors=True)
    with Session(Net(), dataset(), directory=home) as session:
        work_on(session)
        found = summary(session)
    (home / "lock").unlink()
    (home / EXPECTED).write_text(json.dumps(found, indent=2) + "\n")


def work_on(session: Session) -> None:
    """Channels, weights, training, a scan, names, targets, an undone step, a stopped run."""
    _ = session.baseline
    session.plan = Plan(ratio=0.5)
    session.prune()
    session.plan = Plan(granularity="weight", ratio=0.9)
    session.prune()
    session.finetune(2, batch_size=16)
    session.rename(3, name="recovered", remark="after two epochs")
    session.undo()
    session.plan = Plan(criterion="l2").with_ratio("conv2", 0.5).lock("conv1")
    session.targets = {"accuracy": 0.75}
    session.scan_sensitivity(ratios=(0.25, 0.5))
    unsubscribe = session.events.subscribe(
        lambda event: session.cancel() if isinstance(event, EpochTrained) else None
    )
    try:
        session.finetune(3, batch_size=16)
    except Cancelled:
        unsubscribe()


def summary(session: Session) -> dict[str, object]:
    """All that has to come back, as plain data."""
    interrupted = session.interrupted
    assert interrupted is not None
    return {
        "steps": [
            {
                "id": step.id,
                "parent": step.parent,
                "action": step.action.to_json(),
                "title": step.title,
                "remark": step.remark,
                "parameters": step.metrics.parameters,
                "accuracy": step.metrics.accuracy,
                "kept": {unit.unit: unit.kept for unit in step.units},
                "epochs": [dataclasses.asdict(epoch) for epoch in step.epochs],
                "weights": digest_of_tensors(session.history.model_of(step.id).module.state_dict()),
            }
            for step in session.history
        ],
        "current": session.history.current.id,
        "undone": list(session.history.undone),
        "plan": session.plan.to_json(),
        "targets": dict(session.targets),
        "scan": {
            unit: [p.accuracy for p in points] for unit, points in session.sensitivity.items()
        },
        "runs": [
            [run.outcome, len(run.losses), [list(point) for point in run.accuracies]]
            for run in session.training.runs
        ],
        "interrupted": [interrupted.epoch, interrupted.epochs, interrupted.step_id],
        "journal": [line["action"] for line in session._home.journal_lines()],
    }


if __name__ == "__main__":
    main()
