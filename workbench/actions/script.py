"""Several actions as one piece of Python that runs on its own."""

import re
from collections.abc import Sequence

from workbench.actions.base import Action
from workbench.plan import Plan

_IMPORTED = ("GradualSettings", "Plan", "Session")


def script_of(actions: Sequence[Action]) -> str:
    """Python that does one action after the other.

    Args:
        actions: Opening first.
    """
    plan, statements = Plan(), []
    for action in actions:
        statements.append(action.code(plan))
        plan = action.plan_after(plan)
    body = "\n".join(statements)
    names = [name for name in _IMPORTED if re.search(rf"\b{name}\(", body)]
    return f"from workbench import {', '.join(names)}\n\n{body}\n"
