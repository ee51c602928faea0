"""A scan over many workers: of a process pool, a thread pool, or a cluster."""

from workbench.sensitivity.workers.spread import spread

__all__ = ["spread"]
