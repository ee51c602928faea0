"""Probe images whose prediction the plan changes: people believe a picture."""

import html
from collections.abc import Sequence

import ipywidgets
import numpy as np

from widgets.png import data_uri
from widgets.score_rows import changes_anything
from workbench import Session
from workbench.data.pictures import pictures
from workbench.measure.flips import KINDS, Flips

MOST_SHOWN = 24

_HEADINGS = dict(
    zip(
        KINDS,
        ("Right before, wrong now", "Wrong before, right now", "Wrong before, wrong otherwise"),
        strict=True,
    )
)


class FlipsPanel:
    """A section of small pictures, each with its class before and after.

    Args:
        session: Its plan is carried out on a copy whenever it is measured.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._drawn: Flips | None = None
        self._pictures = ipywidgets.HTML()
        self._pictures.add_class("pw-flips")
        self._words = ipywidgets.HTML()
        self._words.add_class("pw-flips-words")
        self.root = ipywidgets.VBox([self._words, self._pictures])
        self.root.add_class("pw-flips-panel")
        self.update()

    def update(self) -> None:
        """Show what is known; while a plan is being measured, what was known of the last one."""
        session, flips = self._session, self._session.flipped
        words = why_none(session, flips)
        self._words.value = html.escape(words)
        if flips is not None and flips is not self._drawn:
            self._drawn = flips
            shown = [int(index) for index in flips.indices[:MOST_SHOWN]]
            drawn = pictures(session.dataset.probe, shown)
            self._pictures.value = flips_html(flips, session.dataset.classes, drawn)
        elif flips is None and not is_pending(session):
            self._drawn, self._pictures.value = None, ""
        stale = flips is None and bool(self._pictures.value)
        (self._pictures.add_class if stale else self._pictures.remove_class)("pw-stale")


def is_pending(session: Session) -> bool:
    """Whether the plan changes something, and what it changes is going to be measured."""
    return bool(session.dataset.classes) and changes_anything(session, session.predict(wait=False))


def why_none(session: Session, flips: Flips | None) -> str:
    """What to say above the pictures, or instead of them."""
    if not session.dataset.classes:
        return "Predictions that change are shown for data with classes, and this data has none."
    if flips is None:
        if not is_pending(session):
            return "Predictions on the probe images: the plan changes nothing yet."
        return "Predictions on the probe images: being measured."
    if not len(flips):
        return f"No prediction changes, on all {flips.inputs} probe images."
    verb = "change" if len(flips) > 1 else "changes"
    return f"{len(flips)} of {flips.inputs} predictions on the probe images {verb}:"


def flips_html(
    flips: Flips, classes: Sequence[str], drawn: np.ndarray | None, most: int = MOST_SHOWN
) -> str:
    """Groups of tiles.

    Args:
        flips: What changed.
        classes: Class names, in label order.
        drawn: Pictures of the first `most`, ``(shown, height, width, 3)``, uint8; None if the
            inputs are no images: then only counts are listed.
        most: How many are shown at most.
    """
    counts = {kind: count for kind, count in flips.counts.items() if count}
    if drawn is None:
        items = (f"<li>{_HEADINGS[kind]}: {count}</li>" for kind, count in counts.items())
        return f"<ul>{''.join(items)}</ul>" if counts else ""
    kinds, parts = flips.kinds[:most], []
    for kind, count in counts.items():
        tiles = "".join(
            _tile(flips, number, classes) for number, each in enumerate(kinds) if each == kind
        )
        heading = f'<div class="pw-flips-kind">{_HEADINGS[kind]} ({count})</div>'
        parts.append(f'{heading}<div class="pw-tiles">{tiles}</div>')
    hidden = len(flips) - len(kinds)
    more = f'<div class="pw-flips-more">and {hidden} more</div>' if hidden > 0 else ""
    strip = data_uri(drawn.transpose(1, 0, 2, 3).reshape(drawn.shape[1], -1, 3))
    ratio = drawn.shape[2] / drawn.shape[1]
    style = f"--pw-strip:url({strip});--pw-shape:{ratio:.4f};--pw-shown:{len(drawn)}"
    return f'<div style="{style}">{"".join(parts)}{more}</div>'


def _tile(flips: Flips, number: int, classes: Sequence[str]) -> str:
    """One picture out of the strip, with what it is taken for before and after."""
    true, before, after = (
        html.escape(_name(int(column[number]), classes))
        for column in (flips.labels, flips.before, flips.after)
    )
    words = (
        f"Probe image {int(flips.indices[number])}, class {true}: predicted {before} before, "
        f"{after} with the plan"
    )
    truth = f'<span class="pw-tile-truth">is {true}</span>' if true != before else ""
    return (
        f'<div class="pw-tile" title="{words}">'
        f'<span class="pw-picture" role="img" aria-label="{words}" style="--pw-at:{number}"></span>'
        f'<span class="pw-tile-words" aria-hidden="true">{before} → {after}</span>{truth}</div>'
    )


def _name(label: int, classes: Sequence[str]) -> str:
    """A class by its name; networks may have more outputs than the data has classes."""
    return classes[label] if label < len(classes) else f"class {label}"
