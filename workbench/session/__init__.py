"""The session, its tasks and its history."""

from workbench.session.history import History, Step
from workbench.session.session import Session
from workbench.session.tasks import Task

__all__ = ["History", "Session", "Step", "Task"]
