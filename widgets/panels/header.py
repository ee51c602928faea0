"""The line above everything: what is open, and what concerns all of it."""

import html
from collections.abc import Sequence

import ipywidgets

from workbench import Session


def header(session: Session, tools: Sequence[ipywidgets.Widget]) -> ipywidgets.Box:
    """The title with tools beside it, and below what is to be known of model and data.

    Args:
        session: What is open.
        tools: From left to right.
    """
    title = ipywidgets.HTML('<span class="pw-title">Pruning Workbench</span>')
    title.add_class("pw-header-text")
    bar = ipywidgets.HBox([title, *tools])
    bar.add_class("pw-header")
    name, data = html.escape(session.name), html.escape(session.dataset.name)
    about = (f"model <b>{name}</b>", f"data <b>{data}</b>", *map(html.escape, session.notes))
    return ipywidgets.VBox(
        [bar, ipywidgets.HTML(f'<span class="pw-notes">{" · ".join(about)}</span>')]
    )
