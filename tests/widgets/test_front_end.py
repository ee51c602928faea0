import re
from pathlib import Path

import pytest

import widgets
from widgets.front_end import module_source

FOLDER = Path(widgets.__file__).parent
MAINS = ["channel_view.js", "layer_table.js", "master_slider.js", "ratio_slider.js", "theme.js"]


@pytest.mark.parametrize("name", MAINS)
def test_a_joined_module_imports_nothing_and_exports_one_default(name: str) -> None:
    source = module_source(name)
    assert not re.search(r"^import\b", source, re.MULTILINE)
    assert re.findall(r"^export .{7}", source, re.MULTILINE) == ["export default"]


@pytest.mark.parametrize("name", MAINS)
def test_a_joined_module_declares_every_name_once(name: str) -> None:
    declared = re.findall(
        r"^(?:async )?(?:function|class|const|let) (\w+)", module_source(name), re.MULTILINE
    )
    assert sorted(declared) == sorted(set(declared))


def test_a_module_comes_after_the_ones_it_needs() -> None:
    source = module_source("layer_table.js")
    positions = [
        source.index("function make("),
        source.index("class Store"),
        source.index("function makeRow("),
        source.index("export default"),
    ]
    assert positions == sorted(positions)


def test_a_missing_module_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.js"):
        module_source("nowhere.js")


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.js")), ids=lambda path: path.name)
def test_no_front_end_file_turns_text_into_markup(path: Path) -> None:
    markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment"
    assert not re.search(markup, path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.js")), ids=lambda path: path.name)
def test_front_end_files_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.css")), ids=lambda path: path.name)
def test_style_sheets_touch_no_strangers(path: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    selectors = re.findall(r"([^{}]+)\{", text)
    classes = {
        name for selector in selectors for name in re.findall(r"\.([a-zA-Z][\w-]*)", selector)
    }
    known = ("pw-", "bk-", "jp-", "lm-", "jupyter-", "widget-")  # ours, Bokeh's, JupyterLab's
    assert {name for name in classes if not name.startswith(known)} == set()
