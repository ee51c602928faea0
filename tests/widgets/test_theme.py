from collections.abc import Callable
from dataclasses import fields

import pytest
from bokeh.models import Axis
from bokeh.plotting import figure

from widgets.theme import DARK, LIGHT, ThemeWatcher, apply_theme, palette


def brightness(colour: str) -> float:
    """Relative luminance of WCAG 2, in [0, 1]."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted([brightness(one), brightness(other)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("dark", "background"), [(False, "#ffffff"), (True, "#111111")])
def test_text_and_lines_of_data_stand_out_from_the_page(dark: bool, background: str) -> None:
    colours = palette(dark)
    for name in ("ink", "soft"):
        assert contrast(getattr(colours, name), background) >= 4.5, name
    for name in ("kept", "cut", "loss", "accuracy", "size", "latency"):
        assert contrast(getattr(colours, name), background) >= 3, name


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_kept_and_removed_differ_in_brightness_as_well_as_in_hue(colours: object) -> None:
    assert contrast(colours.kept, colours.removed) >= 1.3


def test_both_palettes_name_a_colour_for_everything() -> None:
    for field in fields(LIGHT):
        assert getattr(LIGHT, field.name).startswith("#")
        assert getattr(DARK, field.name).startswith("#")


def test_a_figure_changes_sides() -> None:
    plot = figure(title="weights")
    for dark in (True, False):
        apply_theme(plot, dark)
        assert plot.title.text_color == palette(dark).ink
        assert {axis.axis_label_text_color for axis in plot.select(Axis)} == {palette(dark).soft}
        assert plot.background_fill_alpha == 0


@pytest.mark.browser
def test_the_watcher_follows_the_page(mount: Callable) -> None:
    mounted = mount(ThemeWatcher())
    page = mounted.page
    assert page.evaluate("model.saved.length") == 0
    page.evaluate("document.body.setAttribute('data-jp-theme-light', 'false')")
    page.wait_for_function("model.saved.at(-1)?.dark === true")
    page.evaluate("document.body.setAttribute('data-jp-theme-light', 'true')")
    page.wait_for_function("model.saved.at(-1)?.dark === false")
    page.evaluate("stop()")
    page.evaluate("document.body.setAttribute('data-jp-theme-light', 'false')")
    assert (
        page.evaluate("new Promise(resolve => setTimeout(() => resolve(model.saved.length)))") == 2
    )
