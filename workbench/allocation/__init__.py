"""Budgets: from a target for the whole network to a ratio for every unit."""

from workbench.allocation.registry import ALLOCATORS, allocator_named

__all__ = ["ALLOCATORS", "allocator_named"]
