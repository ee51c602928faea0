"""Findings as text for a terminal."""

from collections.abc import Iterable, Iterator

from workbench.doctor.finding import Finding, State

_WIDTH = max(len(state) for state in State)


def findings_text(findings: Iterable[Finding]) -> Iterator[str]:
    """A line for each finding, one for how to mend it, and a last one that sums up."""
    counts = dict.fromkeys(State, 0)
    for finding in findings:
        counts[finding.state] += 1
        yield f"{finding.state:<{_WIDTH}}  {finding.text}"
        if finding.remedy:
            yield f"{'':<{_WIDTH}}  → {finding.remedy}"
    yield ""
    yield _summary(counts[State.PROBLEM], counts[State.WARNING])


def _summary(problems: int, warnings: int) -> str:
    if not problems + warnings:
        return "All is well."
    said = [_counted(problems, "problem"), _counted(warnings, "warning")]
    return f"{' and '.join(filter(None, said))}."


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}" if number else ""
