"""Export formats: one file each, and one line in the registry."""

from workbench.export.formats.base import Format, Subject, Workshop
from workbench.export.formats.registry import FORMATS, Formats, chosen_formats

__all__ = ["FORMATS", "Format", "Formats", "Subject", "Workshop", "chosen_formats"]
