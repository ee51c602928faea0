"""All export formats by name."""

from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from types import MappingProxyType

import yaml

from workbench.errors import ExportError
from workbench.export.formats.archive import Archive
from workbench.export.formats.base import Format
from workbench.export.formats.bundle import Bundle
from workbench.export.formats.onnx_fp16 import OnnxFloat16
from workbench.export.formats.onnx_fp32 import OnnxFloat32
from workbench.export.formats.onnx_int8 import OnnxInt8
from workbench.export.formats.onnx_int8_dynamic import OnnxInt8Dynamic
from workbench.export.formats.pt2 import ExportedProgram
from workbench.export.formats.python_source import PythonSource
from workbench.export.formats.tflite import TFLite

FORMATS: Mapping[str, type[Format]] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            OnnxFloat32,
            OnnxFloat16,
            OnnxInt8,
            OnnxInt8Dynamic,
            ExportedProgram,
            PythonSource,
            TFLite,
            Archive,
            Bundle,
        )
    }
)

Formats = str | Format | tuple[str | Format, ...]
"""One format or several: names of `FORMATS`, or formats with settings of their own."""


def chosen_formats(formats: Formats) -> tuple[Format, ...]:
    """The formats that are meant, each once, in the order of `FORMATS`; your own come last.

    Settings may follow a name: ``"onnx-int8:calibration=entropy,images=512"``.

    Raises:
        ExportError: If one is unknown, is given twice, or cannot be written here.
    """
    listed = (formats,) if isinstance(formats, str | Format) else tuple(formats)
    found: dict[str, Format] = {}
    for one in listed:
        chosen = one if isinstance(one, Format) else _named(one)
        if found.get(chosen.name, chosen) != chosen:
            raise ExportError(
                f"each export format can be written once, got {chosen.name!r} with two settings. "
                "Export to a second directory."
            )
        if reason := chosen.missing():
            raise ExportError(f"export format {chosen.name!r} cannot be written here: {reason}.")
        found[chosen.name] = chosen
    return tuple(found[name] for name in (*FORMATS, *(found.keys() - FORMATS)) if name in found)


def _named(spelled: object) -> Format:
    """A format by its name, with settings behind a colon: ``onnx-int8:calibration=entropy``."""
    name, _, settings = str(spelled).partition(":")
    if not isinstance(spelled, str) or name not in FORMATS:
        close = get_close_matches(name, FORMATS, n=1)
        suggestion = f" Did you mean {close[0]!r}?" if close else ""
        raise ExportError(
            f"export formats must be among {', '.join(FORMATS)}; got {spelled!r}.{suggestion}"
        )
    kind = FORMATS[name]
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    given = {}
    for setting in filter(None, settings.split(",")):
        key, equals, value = setting.partition("=")
        if key not in known or not equals:
            raise ExportError(
                f"settings of export format {name!r} must be among "
                f"{', '.join(known) or 'none'}, as in 'name=value', got {setting!r}."
            )
        given[key] = _parsed(name, key, value, type(known[key].default))
    return kind(**given)


def _parsed(name: str, key: str, value: str, kind: type) -> object:
    parsed = value if kind is str else yaml.safe_load(value)
    if type(parsed) is not kind:
        raise ExportError(
            f"{key} of export format {name!r} must be of type {kind.__name__}, got {value!r}."
        )
    return parsed
