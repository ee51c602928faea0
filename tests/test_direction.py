"""Dependencies point one way: the engine knows neither notebooks nor widgets."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import workbench

ENGINE = Path(workbench.__file__).parent
FRONT_ENDS = {
    "widgets",
    "ipywidgets",
    "anywidget",
    "bokeh",
    "IPython",
    "ipykernel",
    "traitlets",
}


def test_the_engine_loads_no_front_end() -> None:
    code = (
        "import pkgutil, sys, workbench\n"
        "for module in pkgutil.walk_packages(workbench.__path__, 'workbench.'):\n"
        "    __import__(module.name)\n"
        f"print(*sorted({FRONT_ENDS!r} & {{name.partition('.')[0] for name in sys.modules}}))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == []


def imported(path: Path) -> set[str]:
    """Top-level packages that a file imports, wherever in the file it does so."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").partition(".")[0])
    return found


@pytest.mark.parametrize(
    "path", sorted(ENGINE.rglob("*.py")), ids=lambda path: str(path.relative_to(ENGINE))
)
def test_no_engine_file_imports_a_front_end(path: Path) -> None:
    assert not imported(path) & FRONT_ENDS


FORBIDDEN = {
    "graph": ("criteria", "measure", "export", "session", "plan", "predict", "training"),
    "criteria": ("measure", "export", "session", "plan", "predict", "training"),
    "measure": ("session", "plan", "predict", "training"),
    "export": ("session", "training"),
    "data": ("models", "graph", "session", "plan", "export"),
    "models": ("graph", "session", "plan", "export", "criteria"),
}
"""By part of the engine: what is built on it, and so must not be known to it."""


@pytest.mark.parametrize("part", FORBIDDEN)
def test_parts_of_the_engine_know_only_what_comes_before_them(part: str) -> None:
    known = set()
    for path in (ENGINE / part).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = node.module.split(".")
                if names[0] == "workbench" and len(names) > 1:
                    known.add(names[1])
    assert not known & set(FORBIDDEN[part])
