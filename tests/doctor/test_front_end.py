"""The doctor on what is shown in the browser: scripts, JupyterLab's extensions, BokehJS."""

import hashlib
import json
from base64 import urlsafe_b64encode
from importlib import metadata
from pathlib import Path

import pytest

from workbench.doctor.bokehjs import check_bokehjs
from workbench.doctor.finding import Finding, State
from workbench.doctor.front_end import EXTENSIONS, check_extensions, check_widgets

BOKEHJS = "bokeh/server/static/js/bokeh.min.js"


def package(monkeypatch: pytest.MonkeyPatch, site: Path, files: dict[str, str]) -> None:
    """Every package is now this one, version 9.9, with these files in its place."""
    noted = site / "fake-9.9.dist-info"
    noted.mkdir(parents=True)
    (noted / "METADATA").write_text("Metadata-Version: 2.1\nName: fake\nVersion: 9.9\n")
    lines = []
    for name, text in files.items():
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        digest = urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(text)}\n")
    (noted / "RECORD").write_text("".join(lines))
    monkeypatch.setattr(metadata, "distribution", lambda name: metadata.PathDistribution(noted))


@pytest.fixture
def prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment with all extensions, each as its package brought it."""
    files = {
        f"../share/jupyter/labextensions/{extension}/package.json": '{"version": "5.1"}'
        for extension in EXTENSIONS.values()
    }
    package(monkeypatch, tmp_path / "env" / "site", files)
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    return tmp_path / "env"


def extensions(prefix: Path) -> Finding:
    return next(iter(check_extensions([prefix])))


def manifest(prefix: Path) -> Path:
    return prefix / "share/jupyter/labextensions/anywidget/package.json"


def test_extensions_that_are_whole_are_named_with_their_versions(prefix: Path) -> None:
    findings = list(check_extensions([prefix]))
    assert [one.state for one in findings] == [State.OK] * len(EXTENSIONS)
    assert "anywidget 5.1" in findings[0].text


def test_an_extension_that_is_not_where_jupyterlab_looks_is_a_problem(prefix: Path) -> None:
    manifest(prefix).unlink()
    found = extensions(prefix)
    assert found.state is State.PROBLEM and f"{manifest(prefix)} does not exist" in found.text
    assert found.remedy == "pip install --force-reinstall --no-deps anywidget"


def test_an_extension_of_another_version_is_a_problem(prefix: Path) -> None:
    manifest(prefix).write_text('{"version": "4.0"}')
    found = extensions(prefix)
    assert found.state is State.PROBLEM and "is not that of anywidget 9.9" in found.text


@pytest.mark.parametrize("place", ["env/etc/jupyter", "home/.jupyter"])
@pytest.mark.parametrize("disabled", [{"anywidget": True}, ["anywidget"]])
def test_an_extension_that_is_switched_off_is_a_problem(
    prefix: Path, tmp_path: Path, place: str, disabled: object
) -> None:
    settings = tmp_path / place / "labconfig" / "page_config.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"disabledExtensions": disabled}))
    found = extensions(prefix)
    assert found.state is State.PROBLEM and "is switched off" in found.text
    assert found.remedy == "jupyter labextension enable anywidget"
    settings.write_text(json.dumps({"disabledExtensions": {"anywidget": False}}))
    assert extensions(prefix).state is State.OK


def test_this_environment_shows_widgets() -> None:
    assert {one.state for one in (*check_extensions(), *check_widgets(), *check_bokehjs())} == {
        State.OK
    }


def test_a_script_or_style_sheet_that_is_missing_or_empty_is_named(tmp_path: Path) -> None:
    (tmp_path / "table.py").write_text('_esm = module_source("table.js")\n_css = "table.css"\n')
    (tmp_path / "table.js").write_text('import { row } from "./row.js";\n')
    (tmp_path / "table.css").touch()
    (found,) = check_widgets(tmp_path)
    assert found.state is State.PROBLEM and "lacks row.js, table.css in" in found.text
    assert found.remedy
    (tmp_path / "table.css").write_text("table {}")
    (tmp_path / "row.js").write_text("export function row() {}")
    (found,) = check_widgets(tmp_path)
    assert found.state is State.OK and "3 scripts and style sheets" in found.text


@pytest.mark.parametrize(
    ("files", "state", "words"),
    [
        ({BOKEHJS: 'version="9.9"'}, State.OK, "BokehJS 9.9"),
        ({BOKEHJS: 'version="9.8"'}, State.PROBLEM, "another version than bokeh 9.9"),
        ({}, State.PROBLEM, "BokehJS cannot be read"),
    ],
)
def test_bokehjs_must_be_that_of_the_package(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: dict[str, str],
    state: State,
    words: str,
) -> None:
    package(monkeypatch, tmp_path, files)
    (found,) = check_bokehjs()
    assert found.state is state and words in found.text
    assert bool(found.remedy) == (state is State.PROBLEM)
