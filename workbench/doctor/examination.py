"""All checks, one after another; none can keep the others from being made."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from workbench.doctor.bokehjs import check_bokehjs
from workbench.doctor.browser import check_browser
from workbench.doctor.energy import check_energy_counter
from workbench.doctor.engine import check_onnx_runtime, check_torch
from workbench.doctor.extras import check_extras
from workbench.doctor.finding import Finding, problem
from workbench.doctor.front_end import check_extensions, check_widgets
from workbench.doctor.packages import check_packages, check_python, check_workbench

Check = Callable[[], Iterable[Finding]]

CHECKS: tuple[Check, ...] = (
    check_python,
    check_workbench,
    check_packages,
    check_extras,
    check_torch,
    check_onnx_runtime,
    check_widgets,
    check_extensions,
    check_bokehjs,
    check_energy_counter,
    check_browser,
)


def examine(checks: Sequence[Check] = CHECKS) -> Iterator[Finding]:
    """Make the checks, and hand out what each finds as soon as it is known."""
    for check in checks:
        try:
            yield from check()
        except Exception as error:  # a broken installation can raise anything
            name = check.__name__.removeprefix("check_").replace("_", " ")
            yield problem(
                f"{name} could not be checked: {type(error).__name__}: {error}",
                "Mend the other problems first. If it stays, report it with all that is said here.",
            )
