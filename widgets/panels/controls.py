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


def labelled(label: str, control: ipywidgets.Widget) -> ipywidgets.HBox:
    """A control with its label on the left, at the size of its words."""
    caption = ipywidgets.HTML(value=html.escape(label))
    caption.add_class("pw-caption")
    box = ipywidgets.HBox([caption, control])
    box.add_class("pw-labelled")
    return box
