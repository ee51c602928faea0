"""Small parts that panels share: buttons that say why they are off, and safe text."""

import html
from collections.abc import Callable

import ipywidgets


def action_button(
    label: str, name: str, on_click: Callable[[], None], *, style: str = ""
) -> ipywidgets.Button:
    """A button.

    Args:
        label: What it says.
        name: For style sheets and tests: class ``pw-<name>``.
        on_click: Called without arguments.
        style: ``"primary"``, ``"danger"`` or none.
    """
    button = ipywidgets.Button(description=label, button_style=style)
    button.add_class("pw-button")
    button.add_class(f"pw-{name}")
    button.on_click(lambda _: on_click())
    return button


def set_state(control: ipywidgets.Widget, name: str, reason: str = "") -> None:
    """Enable a control, or disable it for a reason.

    The tooltip tells what the control is, which is also what a screen reader says, and why it is
    off.
    """
    control.disabled = bool(reason)
    control.tooltip = f"{name}. Not now: {reason}." if reason else name


def show(widget: ipywidgets.Widget, visible: bool) -> None:
    """Show a widget, or take it out of the page's layout."""
    widget.layout.display = None if visible else "none"


def enable(button: ipywidgets.Button, hint: str, reason: str = "") -> None:
    """Enable a button with a hint, or disable it for a reason; either is its tooltip."""
    button.disabled = bool(reason)
    button.tooltip = f"Not now: {reason}." if reason else hint


def text(name: str, value: str = "") -> ipywidgets.HTML:
    """A piece of text of class ``pw-<name>``."""
    widget = ipywidgets.HTML(value=html.escape(value))
    widget.add_class(f"pw-{name}")
    return widget


def set_text(widget: ipywidgets.HTML, value: str) -> None:
    """Show text literally, whatever it holds."""
    widget.value = html.escape(value)


def labelled(label: str, control: ipywidgets.Widget, after: str = "") -> ipywidgets.HBox:
    """A control with its label on the left, at the size of its words; and words on the right."""
    words = [_caption(label), control] + ([_caption(after)] if after else [])
    box = ipywidgets.HBox(words)
    box.add_class("pw-labelled")
    return box


def _caption(words: str) -> ipywidgets.HTML:
    caption = ipywidgets.HTML(value=html.escape(words))
    caption.add_class("pw-caption")
    return caption
