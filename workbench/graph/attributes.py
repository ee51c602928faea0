"""Sizes that modules keep as plain numbers: found by the line that fails when they are wrong."""

from dataclasses import dataclass
from types import CodeType, TracebackType

from torch import nn

from workbench.graph.groups import Group, SizeAttribute
from workbench.graph.removal import manages_its_sizes
from workbench.graph.structure import Shapes


@dataclass(frozen=True)
class Failure:
    """Where a forward pass failed: in which module and its code."""

    module: nn.Module
    path: str
    code: CodeType


def failure_of(error: Exception, root: nn.Module) -> Failure | None:
    """The innermost module whose own code raised; None if no module did."""
    paths = {part: name for name, part in root.named_modules()}
    found: tuple[nn.Module, CodeType] | None = None
    traceback: TracebackType | None = error.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        owner = frame.f_locals.get("self")
        if isinstance(owner, nn.Module) and owner in paths and not manages_its_sizes(owner):
            found = (owner, frame.f_code)
        traceback = traceback.tb_next
    return None if found is None else Failure(found[0], paths[found[0]], found[1])


def proposals(failure: Failure, groups: tuple[Group, ...], shapes: Shapes) -> list[SizeAttribute]:
    """Numbers of the failing module that its code uses and that equal a size being pruned."""
    inside = f"{failure.path}." if failure.path else ""
    found: dict[tuple[str, int, int], SizeAttribute] = {}
    for attribute, value in vars(failure.module).items():
        if type(value) is not int or value < 2 or attribute not in failure.code.co_names:
            continue
        for group in groups:
            for member in group.members:
                length = shapes[member.parameter][member.dim]
                fits = length == value or (group.size == value and length % value == 0)
                if fits and member.parameter.startswith(inside):
                    proposal = SizeAttribute(
                        failure.path, attribute, member.parameter, member.dim, length // value
                    )
                    found.setdefault((attribute, length, group.size), proposal)
    return list(found.values())


def siblings(
    accepted: SizeAttribute, failure: Failure, root: nn.Module, shapes: Shapes
) -> list[SizeAttribute]:
    """The same number in other modules of the same class, when they have the same parameter."""
    inner = accepted.parameter.removeprefix(f"{accepted.module}." if accepted.module else "")
    found = []
    for path, part in root.named_modules():
        parameter = f"{path}.{inner}" if path else inner
        alike = type(part) is type(failure.module) and path != accepted.module
        if alike and vars(part).get(accepted.attribute) is not None and parameter in shapes:
            length = shapes[parameter][accepted.dim]
            own = vars(part)[accepted.attribute]
            if length % accepted.per == 0 and length // accepted.per == own:
                found.append(
                    SizeAttribute(path, accepted.attribute, parameter, accepted.dim, accepted.per)
                )
    return found
