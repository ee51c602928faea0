"""How far a scan has come, in what running its units costs."""

from workbench.progress import Monitor, Part

MESSAGE = "measuring sensitivity"


class Effort:
    """Adds up what is done, and tells a monitor.

    The model as it is costs 1, a unit what was expected of it.

    Args:
        monitor: Receives progress; may cancel.
    """

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._left: dict[str, float] = {"": 1.0}
        self._done, self._total = 0.0, 1.0

    def expect(self, unit: str, cost: float) -> None:
        """Say what a unit will cost."""
        self._left[unit] = cost
        self._total += cost

    def part(self, unit: str = "") -> Part:
        """The share of a unit, or of the model as it is, for what runs it."""
        left = self._left.get(unit, 0.0)
        return Part(self._monitor, self._done, self._done + left, self._total)

    def finish(self, unit: str = "", share: float = 1.0) -> None:
        """A share of what was left of a unit is done.

        Raises:
            Cancelled: If the monitor was cancelled.
        """
        done = share * self._left.get(unit, 0.0)
        self._left[unit] = self._left.get(unit, 0.0) - done
        self._done += done
        self.report()

    def report(self) -> None:
        """Say how far it is.

        Raises:
            Cancelled: If the monitor was cancelled.
        """
        self._monitor.report(self._done, self._total, MESSAGE)
