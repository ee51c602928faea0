"""Pieces that a page is made of."""

import html
from importlib.resources import files

import ipywidgets

from widgets.theme import chart_colours


def side_by_side(left: list[ipywidgets.Widget], right: list[ipywidgets.Widget]) -> ipywidgets.Box:
    """Two columns, or one below the other where the page is narrow."""
    columns = ipywidgets.Box([ipywidgets.VBox(left), ipywidgets.VBox(right)])
    columns.add_class("pw-columns")
    return columns


def heading(words: str) -> ipywidgets.HTML:
    """A heading in plain words."""
    shown = ipywidgets.HTML(html.escape(words))
    shown.add_class("pw-heading")
    return shown


def style() -> ipywidgets.HTML:
    """The style sheet of everything that is not in a widget of its own."""
    css = files("widgets").joinpath("app.css").read_text(encoding="utf-8")
    sheet = ipywidgets.HTML(f"<style>{chart_colours()}{css}</style>")
    sheet.layout.display = "none"
    return sheet
