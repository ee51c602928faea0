"""Export a model to a directory, all or nothing, with proof that every file works.

Files are made in a hidden place beside their target, opened again there and run on the whole test
set, and only then moved to where they belong.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from workbench.errors import ExportError
from workbench.export.bundle import DESCRIPTION, load, read_description, write_description
from workbench.export.checking import TOLERANCE, Check, Reference
from workbench.export.formats import (
    FORMATS,
    Format,
    Formats,
    Subject,
    Workshop,
    chosen_formats,
)
from workbench.export.formats.bundle import Bundle
from workbench.export.page import report_facts, report_html
from workbench.export.report import Exported, ExportReport
from workbench.export.staging import Staging, staging
from workbench.export.story import Story
from workbench.export.timing import timed
from workbench.measure.size import state_dict_bytes
from workbench.progress import SILENT, Monitor, Part

__all__ = [
    "DEFAULT_FORMATS",
    "ExportReport",
    "Exported",
    "check_vacant",
    "export_package",
    "load",
    "present",
]

DEFAULT_FORMATS: tuple[str, ...] = ("onnx",)
"""What is written unless something else is asked for; the bundle always is."""

REPORT, REPORT_DATA, RECIPE = "report.html", "report.json", "recipe.yaml"

_WRITTEN, _CHECKED, _TIMED = 30, 85, 98


def export_package(
    directory: Path,
    subject: Subject,
    *,
    formats: Formats = DEFAULT_FORMATS,
    story: Story | None = None,
    dense_onnx: Callable[[], bytes] | None = None,
    overwrite: bool = False,
    monitor: Monitor = SILENT,
) -> ExportReport:
    """Write a model in several formats, with the bundle that `load` reads.

    Args:
        directory: Made if missing.
        subject: What to write.
        formats: Names of `FORMATS`, or formats with settings of their own.
        story: How the model came about: with it, a report and the recipe are written too.
        dense_onnx: Gives the dense model's ONNX file, to be timed beside the exported ones.
        overwrite: Whether an export that is there is replaced, all of it.
        monitor: Receives progress and may cancel.

    Raises:
        DataError: If there is no test data.
        ExportError: If a format is unknown or cannot be written, what was written does not
            answer as the model does, there is an export already, or there is no space. Nothing
            is left behind then, and what was there before is as it was.
    """
    chosen = chosen_formats(formats)
    chosen = (*(one for one in chosen if not isinstance(one, Bundle)), Bundle())
    if not overwrite:
        check_vacant(directory)
    stored = state_dict_bytes(subject.model.module)
    needed = stored + sum(one.expected_bytes(stored) for one in chosen)
    with staging(directory, needed) as stage:
        workshop = Workshop(subject, stage.directory, story.about() if story else {})
        written = _write(chosen, workshop, Part(monitor, 0, _WRITTEN, 100))
        exported = _checked(chosen, written, workshop, Part(monitor, _WRITTEN, _CHECKED, 100))
        rest = Part(monitor, _CHECKED, _TIMED, 100)
        exported = timed(exported, chosen, workshop, dense_onnx, monitor=rest)
        files = [name for names in written.values() for name in names if name != DESCRIPTION]
        if story is not None:
            files += _tell(story, exported, workshop)
        _describe(stage, workshop, files)
        names = [*files, DESCRIPTION]
        sizes = {name: (stage.directory / name).stat().st_size for name in names}
        monitor.report(_TIMED, 100, "moving into place")
        stage.publish(names, stale=[name for name in present(directory) if name not in names])
    monitor.report(100, 100, "written")
    return ExportReport(directory, sizes, exported)


def _write(
    formats: Sequence[Format], workshop: Workshop, monitor: Monitor
) -> dict[str, tuple[str, ...]]:
    written = {}
    for place, one in enumerate(formats):
        monitor.report(place, len(formats), f"writing {one.title}")
        written[one.name] = one.write(workshop, Part(monitor, place, place + 1, len(formats)))
    return written


def _checked(
    formats: Sequence[Format],
    written: Mapping[str, tuple[str, ...]],
    workshop: Workshop,
    monitor: Monitor,
) -> tuple[Exported, ...]:
    """Every format, opened again and run on the test data."""
    subject = workshop.subject
    parts = len(formats) + 1
    reference = Reference.of(
        subject.model.module, subject.dataset.test, monitor=Part(monitor, 0, 1, parts)
    )
    found = []
    for place, one in enumerate(formats, start=1):
        part = Part(monitor, place, place + 1, parts)
        check = reference.compare(one.open(workshop), monitor=part, what=one.title)
        if one.exact:
            _require_agreement(one, check)
        sizes = {name: workshop.path(name).stat().st_size for name in written[one.name]}
        found.append(
            Exported(
                one.name,
                one.title,
                one.runtime,
                sizes,
                check,
                settings=one.settings,
                notes=one.notes(workshop),
            )
        )
    return tuple(found)


def _require_agreement(one: Format, check: Check) -> None:
    """Rounding may move an output; it changes a class only where two are tied."""
    if check.disagreements > check.ties or not check.max_difference < float("inf"):
        raise ExportError(
            f"{one.title} must name the same class as the PyTorch model for all {check.inputs:,} "
            f"test inputs, but for ties within {TOLERANCE:g} of the largest output, got "
            f"{check.verdict}, {check.ties} of them ties, and outputs up to "
            f"{check.max_difference:.2g} apart. The file is wrong and was not kept: leave "
            f"{one.name!r} out, and please report it."
        )


def _tell(story: Story, exported: Sequence[Exported], workshop: Workshop) -> list[str]:
    """Write what was done and what came of it; returns the names of the files."""
    facts = report_facts(story, exported)
    contents = {
        REPORT: report_html(story, exported, facts),
        REPORT_DATA: json.dumps(facts, indent=2),
    }
    if story.recipe:
        contents[RECIPE] = story.recipe
    for name, text in contents.items():
        workshop.path(name).write_text(text, encoding="utf-8")
    return list(contents)


def _describe(stage: Staging, workshop: Workshop, files: Sequence[str]) -> None:
    """The bundle's description again, now that all files are there to be listed; read back."""
    subject = workshop.subject
    write_description(stage.directory, subject.model, subject.origin, files, workshop.description)
    read_description(stage.directory)


def check_vacant(directory: Path) -> None:
    """Refuse a directory that holds an export.

    Raises:
        ExportError: If it does; says which files.
    """
    if found := present(directory):
        raise ExportError(
            f"{directory} must hold no export yet, but has {', '.join(found)}. Choose another "
            "directory, or overwrite to replace the whole export."
        )


def present(directory: Path) -> list[str]:
    """Files of an export that a directory holds."""
    known = [name for kind in FORMATS.values() for name in kind.files]
    known += [REPORT, REPORT_DATA, RECIPE]
    return [name for name in known if (directory / name).exists()]
