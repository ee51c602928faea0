"""What the tests of exports share: a subject of toys, and a format that is there at once."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from networks import Trap
from torch import nn
from toys import dense_model, toy_data, toy_net

from workbench import Plan
from workbench.data import Dataset
from workbench.data.splits import ArraySplit
from workbench.export.checking import Run
from workbench.export.formats import Format, Subject, Workshop
from workbench.export.running import module_runner
from workbench.export.story import Chapter, Story
from workbench.measure.metrics import Metrics
from workbench.progress import SILENT, Monitor
from workbench.pruned import PrunedModel

TOY = {"kind": "module", "constructor": "toys.ToyNet", "arguments": {}}
EXAMPLE = torch.zeros(1, 1, 4, 4)


@dataclass(frozen=True)
class Plain(Format):
    """A text file; what runs is the model, with something added to its outputs.

    Attributes:
        text: What the file holds.
        added: By class.
    """

    text: str = "plain"
    added: tuple[float, ...] = (0.0, 0.0, 0.0)
    name: ClassVar[str] = "plain"
    title: ClassVar[str] = "Plain text"
    purpose: ClassVar[str] = "For tests."
    files: ClassVar[tuple[str, ...]] = ("plain.txt",)
    runtime: ClassVar[str] = "PyTorch"

    def write(self, workshop: Workshop, monitor: Monitor = SILENT) -> tuple[str, ...]:
        workshop.path("plain.txt").write_text(self.text)
        return self.files

    def open(self, workshop: Workshop) -> Run:
        run = module_runner(workshop.subject.model.module)
        return lambda inputs: run(inputs) + torch.tensor(self.added).numpy()


def subject(model: PrunedModel, dense: nn.Module | None = None, **others: Any) -> Subject:
    """A pruned toy network, its data, and the network it came from."""
    given = {"dataset": toy_data(), "example_input": EXAMPLE, "origin": TOY, "name": "toy"} | others
    return Subject(model, toy_net() if dense is None else dense, **given)


def pruned_toy(**plan: Any) -> PrunedModel:
    """The toy network, half of its channels removed unless the plan says something else."""
    return dense_model(toy_net(), (1, 4, 4)).prune(Plan(**({"ratio": 0.5} | plan)))[0]


def noise(shape: tuple[int, ...]) -> Dataset:
    """Ten random inputs of a shape as test data, for networks that no data is at hand for."""
    random = torch.Generator().manual_seed(0)
    split = ArraySplit(torch.rand(10, *shape, generator=random), torch.zeros(10, dtype=torch.int64))
    return Dataset("noise", ("only",), shape, split, split, split, split)


def trap_subject(trap: Trap, *ratios: float) -> Subject:
    """A network of the traps, pruned in steps."""
    dense = dense_model(trap.make().eval(), trap.shape)
    pruned = dense
    for ratio in ratios:
        pruned = pruned.prune(Plan(ratio=ratio))[0]
    example = torch.zeros(1, *trap.shape)
    return Subject(pruned, dense.module, noise(trap.shape), example, TOY)


def story(metrics: Metrics, **others: Any) -> Story:
    """A model that was opened, and pruned."""
    chapters = (Chapter("opened toy", "", metrics), Chapter("pruned half", "", metrics))
    return Story(**({"name": "toy", "data": "toys", "chapters": chapters} | others))
