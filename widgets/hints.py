"""Names and hints for controls that ipywidgets gives neither."""

import anywidget
import traitlets

from widgets.front_end import module_source


class Hints(anywidget.AnyWidget):
    """An invisible widget in a toolbar that labels the controls beside it.

    A number field of ipywidgets has a tooltip on its description only, and no name for
    a screen reader without one.
    """

    _esm = module_source("hints.js")

    hints = traitlets.Dict(
        help="What a control is and, if it is off, why; by a CSS class of it."
    ).tag(sync=True)
