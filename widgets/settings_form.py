"""Controls for a settings class, made from what its fields declare."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import ipywidgets

from widgets.panels.controls import labelled
from workbench.training.constraints import Choice, Optional, Rising, Switch, Whole

_NUMBER_PX = 84
_MOST = 1_000_000


class SettingsForm:
    """One control for each of some fields; the settings class itself checks what they say.

    Args:
        settings: A dataclass whose fields were declared with
            `workbench.training.constraints.setting`.
        names: Which fields, from left to right.
    """

    def __init__(self, settings: type, names: Sequence[str]) -> None:
        fields = {entry.name: entry for entry in dataclasses.fields(settings)}
        self._fields = {name: fields[name] for name in names}
        self._controls = {name: _control(entry) for name, entry in self._fields.items()}
        rows = [
            labelled("" if isinstance(control, ipywidgets.Checkbox) else _words(name), control)
            for name, control in self._controls.items()
        ]
        self.root = ipywidgets.HBox(rows)
        self.root.add_class("pw-toolbar")

    @property
    def values(self) -> dict[str, Any]:
        """What the controls say, by name; what cannot be read is passed on as it was typed."""
        return {
            name: _value(self._fields[name].metadata["constraint"], control.value)
            for name, control in self._controls.items()
        }


def _words(name: str) -> str:
    return name.replace("_", " ")


def _control(entry: "dataclasses.Field[Any]") -> ipywidgets.Widget:
    constraint, default = entry.metadata["constraint"], entry.default
    words = _words(entry.name)
    match constraint:
        case Choice(names=names):
            control = ipywidgets.Dropdown(options=list(names), value=default)
            control.layout.width = "auto"
        case Switch():
            control = ipywidgets.Checkbox(default, description=words, indent=False)
            control.layout.width = "auto"
        case Whole(least=least):
            control = ipywidgets.BoundedIntText(default, min=least, max=_MOST)
            control.layout.width = f"{_NUMBER_PX}px"
        case Optional() | Rising():
            control = ipywidgets.Text("", placeholder="none")
            control.layout.width = f"{_NUMBER_PX}px"
        case _:
            control = ipywidgets.FloatText(default, step=None)
            control.layout.width = f"{_NUMBER_PX}px"
    control.tooltip = f"{words}: {constraint.words}. {entry.metadata['remedy']}"
    control.add_class(f"pw-{entry.name.replace('_', '-')}")
    return control


def _value(constraint: Any, shown: Any) -> Any:
    match constraint:
        case Optional():
            return None if not shown.strip() else _number(shown)
        case Rising():
            return tuple(_number(part) for part in shown.split(",") if part.strip())
        case _:
            return shown


def _number(typed: str) -> float | int | str:
    """What was typed, as a number if it is one."""
    for kind in (int, float):
        try:
            return kind(typed)
        except ValueError:
            continue
    return typed
