"""BokehJS comes when a page asks for it."""

import json

import bokeh
from pytest import MonkeyPatch

from widgets.bokeh_library import BokehLibrary


def test_the_script_is_sent_to_a_page_that_asks_and_is_no_part_of_the_state(
    monkeypatch: MonkeyPatch,
) -> None:
    library, sent = BokehLibrary(), []
    monkeypatch.setattr(library, "send", sent.append)
    assert len(json.dumps(library.get_state(), default=str)) < 10_000
    library._handle_custom_msg({"type": "something else"}, [])
    assert sent == []
    library._handle_custom_msg({"type": "script"}, [])
    assert bokeh.__version__ in sent[0]["script"]
