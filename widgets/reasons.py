"""Why something cannot be done now, in words for a tooltip; empty where it can."""

from workbench import Session

BUSY = "a step is being made"


def why_still(session: Session) -> str:
    """Why plan and history stand still."""
    return BUSY if session.busy else ""


def why_no_step(session: Session) -> str:
    """Why no step can be made, named or discarded."""
    read_only = f"the session is read-only, {session.read_only}" if session.read_only else ""
    return read_only or why_still(session)
