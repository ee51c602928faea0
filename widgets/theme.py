"""Light and dark: who watches JupyterLab's theme, and the colours of the charts, defined once."""

from dataclasses import dataclass
from typing import cast

import anywidget
import traitlets
from bokeh.models.annotations import Title
from bokeh.plotting import figure

from widgets.front_end import module_source, style_source

FONT = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif"


class ThemeWatcher(anywidget.AnyWidget):
    """An invisible widget whose `dark` follows JupyterLab's theme.

    It works as soon as it exists in the page, displayed or not; elsewhere it says light. It also
    brings the style sheet that colours Bokeh's tooltips.
    """

    _esm = module_source("theme.js")
    _css = style_source("theme.css")

    dark = traitlets.Bool(False, help="Whether the page is dark; the browser writes it.").tag(
        sync=True
    )


@dataclass(frozen=True)
class Palette:
    """Colours by what they mean.

    The colours of data are chosen to stay apart for colour-blind eyes.

    Reference:
        Okabe and Ito, Color Universal Design, https://jfly.uni-koeln.de/color/.
    """

    ink: str
    soft: str
    line: str
    kept: str
    removed: str
    cut: str
    loss: str
    accuracy: str
    size: str
    latency: str

    @property
    def rules(self) -> tuple[str, ...]:
        """Of the allocators, in their order."""
        return self.kept, self.loss, self.size, self.latency


LIGHT = Palette(
    ink="#262626",
    soft="#6b6b6b",
    line="#e4e4e4",
    kept="#0072b2",
    removed="#f0bf62",
    cut="#262626",
    loss="#d55e00",
    accuracy="#0072b2",
    size="#009e73",
    latency="#b2599a",
)
DARK = Palette(
    ink="#e6e6e6",
    soft="#a3a3a3",
    line="#3a3a3a",
    kept="#56b4e9",
    removed="#b98a3c",
    cut="#e6e6e6",
    loss="#ef7f3b",
    accuracy="#56b4e9",
    size="#2fc49b",
    latency="#dd95c4",
)


def palette(dark: bool) -> Palette:
    """Colours for a dark or a light page."""
    return DARK if dark else LIGHT


def chart_colours() -> str:
    """A style sheet with the colours of what is kept and removed, for HTML beside the charts."""
    colours = ((":root", LIGHT), ('body[data-jp-theme-light="false"]', DARK))
    return "".join(
        f"{place} {{ --pw-kept: {one.kept}; --pw-removed: {one.removed}; }}\n"
        for place, one in colours
    )


def apply_theme(plot: figure, dark: bool) -> None:
    """Recolour everything of a figure that is not data.

    The background stays transparent, so that any theme's own shows through.
    """
    colours = palette(dark)
    plot.update(background_fill_alpha=0, border_fill_alpha=0, outline_line_color=None)
    # The figure's own lists: a search of all its models takes a hundred times as long.
    cast(Title, plot.title).update(text_color=colours.ink, text_font=FONT)
    for axis in plot.axis:
        axis.update(
            axis_line_color=colours.line,
            major_tick_line_color=colours.line,
            minor_tick_line_color=None,
            major_label_text_color=colours.soft,
            major_label_text_font=FONT,
            axis_label_text_color=colours.soft,
            axis_label_text_font=FONT,
        )
    for grid in plot.grid:
        grid.update(grid_line_color=colours.line)
    for legend in plot.legend:
        legend.update(
            background_fill_alpha=0,
            border_line_alpha=0,
            label_text_color=colours.soft,
            label_text_font=FONT,
        )
