"""Finds sizes that a forward pass hard-codes, by running the pruned model without data."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from workbench.errors import InternalError
from workbench.graph.attributes import failure_of, proposals, siblings
from workbench.graph.comparison import Comparison, CourseDeparture, NumberDeparture
from workbench.graph.groups import ChannelGraph, Group, SizeAttribute
from workbench.graph.interpreter import Interpreter
from workbench.graph.removal import remove_channels
from workbench.graph.source_lines import failing_line
from workbench.graph.stand_in import NEEDS_VALUES, StandIns
from workbench.graph.structure import Structure, tensor_shapes
from workbench.progress import SILENT, Monitor

HARD_CODED = "its size is hard-coded"
"""How the reason of a group begins that a dry run refused."""

SETS_A_NUMBER = "its size sets a number that the forward pass computes with"
"""How the reason of a group begins that would change the network's arithmetic."""

CHANGES_COURSE = "it is not known what the forward pass does without some of its channels"
"""How the reason of a group begins if code that depends on values could not be followed."""

_MOST_TRIES = 300
_NOT_TRIED = (
    f"too much of the network has hard-coded sizes: after {_MOST_TRIES} tries it is not known "
    "whether this layer does"
)
_REMOVED_SHARE = 3  # a third of the channels: seldom a size that happens to fit
_DIFFERENT = 3


@dataclass(frozen=True)
class Complaint:
    """Why groups cannot be pruned together.

    Attributes:
        text: In words.
        place: Path of the module whose own code failed; None if none did.
    """

    text: str
    place: str | None = None


class DryRun:
    """Prunes groups of a module that stands in for the real one, and runs it.

    A plain number in a module that can follow is made to, and remembered in `sizes`. A product
    whose scale follows from its width is remembered in `scaled`, by the ids ``(heads, width)``
    of its first factor.

    Args:
        module: In evaluation mode.
        example_inputs: An input batch for evaluation mode and, for a network that runs more
            layers while it trains, one for training mode.
        run: What was found of each.
        stand_ins: Makes what is run.
        monitor: Asked before every try.
    """

    def __init__(
        self,
        module: nn.Module,
        example_inputs: Sequence[Tensor],
        run: Interpreter,
        stand_ins: StandIns,
        monitor: Monitor = SILENT,
    ) -> None:
        self.sizes: list[SizeAttribute] = []
        self.scaled: list[Tensor] = []
        self._done = 0  # operators of the last run that were as expected
        self._module, self._monitor, self._stand_ins = module, monitor, stand_ins
        self._shapes = tensor_shapes(module)
        self._inputs = [stand_ins.of_tensor(inputs) for inputs in example_inputs]
        self._run = run
        self._expected = [shape for course in run.courses for shape in course.tape.output_shapes]

    def refuse_hard_coded_sizes(self, graph: ChannelGraph) -> ChannelGraph:
        """Mark the groups without which the forward pass fails or changes its output shape.

        All groups are tried at once; only if that fails are they halved until the culprits
        stand alone. After so many tries that nobody would wait longer, the rest is refused.
        """
        refused: dict[str, str] = {}
        pending = [graph.prunable]
        tries = 0
        while pending:
            groups = pending.pop()
            tries += 1
            if tries > _MOST_TRIES:
                refused |= {group.name: _NOT_TRIED for group in groups}
                continue
            found = self.complaint(graph, groups) if groups else None
            if found is None:
                continue
            if len(groups) == 1:
                refused[groups[0].name] = found.text
                continue
            middle = len(groups) // 2
            pending += [groups[:middle], groups[middle:]]
        graph = replace(graph.refuse(refused), sizes=tuple(self.sizes))
        if refused and graph.prunable and (left := self.complaint(graph, graph.prunable)):
            return graph.refuse({group.name: left.text for group in graph.prunable})
        return graph

    def complaint(self, graph: ChannelGraph, groups: tuple[Group, ...]) -> Complaint | None:
        """Why these groups cannot be pruned together; None if they can."""
        self._monitor.report(0, 1, "trying the pruned network without data")
        kept = {group.name: _some_removed(group.size, n) for n, group in enumerate(groups)}
        gone = self._run.removed(groups, kept)
        pruned = self._stand_ins.of_module(self._module)
        graph = replace(graph, sizes=tuple(self.sizes))
        with self._stand_ins.running():
            remove_channels(pruned, Structure.of(graph, kept, self._shapes), shapes_only=True)
        while True:
            try:
                shapes = self._output_shapes(pruned, gone)
            except InternalError:
                raise
            except Exception as error:  # whatever the model's own code raises
                if self._follow(error, pruned, groups, gone):
                    continue
                failure = failure_of(error, pruned)
                line = failing_line(error)
                where = f" in {line}" if line else ""
                if isinstance(error, NumberDeparture):
                    return Complaint(f"{SETS_A_NUMBER}{where}: {_first_line(error)}")
                if isinstance(error, (CourseDeparture, *NEEDS_VALUES)):
                    return Complaint(f"{CHANGES_COURSE}{where}: {_first_line(error)}")
                text = f"{HARD_CODED}{where}: {_first_line(error)}"
                return Complaint(text, None if failure is None else failure.path)
            if shapes != self._expected:
                return Complaint(
                    f"{HARD_CODED} in the forward pass: without some of its channels the output "
                    f"has shape {_text(shapes)} instead of {_text(self._expected)}"
                )
            return None

    def _follow(
        self,
        error: Exception,
        pruned: nn.Module,
        groups: tuple[Group, ...],
        gone: np.ndarray,
    ) -> bool:
        """Make a number of the failing module follow; whether that moved the failure on."""
        failure = failure_of(error, pruned)
        if failure is None or isinstance(error, NumberDeparture):
            return False
        reached = self._done
        for proposal in proposals(failure, groups, self._shapes):
            before = getattr(failure.module, proposal.attribute)
            self._set(pruned, proposal)
            if getattr(failure.module, proposal.attribute) == before:
                continue
            try:
                self._output_shapes(pruned, gone)
            except Exception:
                if self._done <= reached:
                    setattr(failure.module, proposal.attribute, before)
                    continue
            for size in (proposal, *siblings(proposal, failure, self._module, self._shapes)):
                self._set(pruned, size)
                self.sizes.append(size)
            return True
        return False

    def _output_shapes(self, module: nn.Module, gone: np.ndarray) -> list[torch.Size]:
        shapes = []
        self._done, self.scaled = 0, []
        runs = zip(self._inputs, self._run.courses, strict=True)
        for training, (inputs, course) in enumerate(runs):
            comparison = Comparison(course, gone)
            try:
                with self._stand_ins.running(course.tape.answers), comparison:
                    output = module.train(bool(training))(inputs)
            finally:
                self._done += comparison.done
            self.scaled += comparison.scaled
            leaves = pytree.tree_leaves(output)
            shapes += [leaf.shape for leaf in leaves if isinstance(leaf, Tensor)]
        return shapes

    def _set(self, pruned: nn.Module, size: SizeAttribute) -> None:
        length = pruned.get_parameter(size.parameter).shape[size.dim]
        setattr(pruned.get_submodule(size.module), size.attribute, length // size.per)


def _some_removed(size: int, number: int) -> np.ndarray:
    """Flags of the channels that are left, not equally many in groups of one size."""
    kept = np.ones(size, bool)
    kept[: min(size - 1, max(1, size // _REMOVED_SHARE) + number % _DIFFERENT)] = False
    return kept


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _text(shapes: list[torch.Size]) -> str:
    return ", ".join(str(tuple(shape)) for shape in shapes)
