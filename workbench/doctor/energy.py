"""Can the processor's energy counter be read?"""

from collections.abc import Iterator
from pathlib import Path

from workbench.doctor.finding import Finding, ok, warning
from workbench.errors import MeasurementError


def check_energy_counter(powercap: Path | None = None) -> Iterator[Finding]:
    """RAPL, where the machine has it; without it energy is estimated, which is no fault."""
    # Measuring needs packages that may be missing.
    from workbench.measure.energy_counters import POWERCAP, Rapl  # noqa: PLC0415

    powercap = powercap or POWERCAP
    if not any(powercap.glob("intel-rapl:*")):
        yield ok("energy: no RAPL counter on this machine; energy is estimated")
        return
    try:
        counter = Rapl.open(powercap)
    except MeasurementError as error:
        fault, _, mend = str(error).partition(". ")
        yield warning(f"energy: {fault}; until then it is estimated", mend)
    else:
        yield ok(f"energy: {counter.name} can be read")
