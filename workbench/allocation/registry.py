"""The allocators by name: a new one is one file and one line here."""

from workbench.allocation.base import Allocator
from workbench.allocation.global_magnitude import GlobalMagnitude
from workbench.allocation.greedy import Greedy
from workbench.allocation.lagrangian import Lagrangian
from workbench.allocation.uniform import Uniform
from workbench.errors import PlanError

ALLOCATORS: dict[str, Allocator] = {
    allocator.name: allocator
    for allocator in (Lagrangian(), Greedy(), GlobalMagnitude(), Uniform())
}


def allocator_named(name: str) -> Allocator:
    """An allocator by its name.

    Raises:
        PlanError: If there is none of that name; lists those there are.
    """
    if name in ALLOCATORS:
        return ALLOCATORS[name]
    raise PlanError(f"allocator must be one of {', '.join(ALLOCATORS)}; got {name!r}.")
