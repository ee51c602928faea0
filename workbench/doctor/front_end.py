"""Is the front end there, in JupyterLab and in the workbench, and does it match its Python side?"""

import hashlib
import json
import re
import site
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from workbench.doctor.finding import Finding, ok, problem

EXTENSIONS = {
    "anywidget": "anywidget",
    "jupyterlab_widgets": "@jupyter-widgets/jupyterlab-manager",
}
"""By package: the extension of JupyterLab that shows its widgets."""

_REINSTALL = "pip install --force-reinstall --no-deps pruning-workbench"
_FOLDER = Path("share", "jupyter", "labextensions")
_PARTS = re.compile(r'"(?:\./)?([\w-]+\.(?:js|css))"')


def check_widgets(folder: Path | None = None) -> Iterator[Finding]:
    """The workbench's own scripts and style sheets: all that its widgets name."""
    if folder is None:
        spec = find_spec("widgets")
        folder = Path(spec.origin).parent if spec is not None and spec.origin else None
    if folder is None:
        yield problem("the workbench's widgets are not installed", _REINSTALL)
        return
    named = sorted({name for path in _sources(folder) for name in _parts(path)})
    if missing := [name for name in named if not _is_filled(folder / name)]:
        yield problem(
            f"the workbench's front end lacks {', '.join(missing)} in {folder}", _REINSTALL
        )
    else:
        yield ok(f"the workbench's front end: {len(named)} scripts and style sheets")


def check_extensions(prefixes: Sequence[Path] = ()) -> Iterator[Finding]:
    """JupyterLab's extensions for widgets: installed where it looks, whole, and switched on.

    Args:
        prefixes: Where extensions and settings may be, the first that has one counts; by default
            this Python's environment, and what ``pip install --user`` fills.
    """
    prefixes = prefixes or (Path(sys.prefix), Path(site.getuserbase()))
    off = _switched_off(prefixes)
    for package, extension in EXTENSIONS.items():
        mend = f"pip install --force-reinstall --no-deps {package}"
        try:
            distribution = metadata.distribution(package)
        except metadata.PackageNotFoundError:
            yield problem(f"{package} is not installed: no widget can be shown", mend)
            continue
        places = [one / _FOLDER / extension / "package.json" for one in prefixes]
        found = next((path for path in places if path.is_file()), None)
        if found is None:
            yield problem(
                f"JupyterLab has no extension {extension}: {places[0]} does not exist", mend
            )
        elif not _is_as_installed(distribution, found):
            yield problem(
                f"JupyterLab's extension {extension} is not that of {package} "
                f"{distribution.version}: {found} is another's",
                mend,
            )
        elif extension in off:
            yield problem(
                f"JupyterLab's extension {extension} is switched off",
                f"jupyter labextension enable {extension}",
            )
        else:
            version = json.loads(found.read_text(encoding="utf-8")).get("version", "?")
            yield ok(f"JupyterLab's extension {extension} {version}, of {package}")


def _sources(folder: Path) -> Iterator[Path]:
    yield from folder.rglob("*.py")
    yield from folder.rglob("*.js")


def _parts(path: Path) -> set[str]:
    return set(_PARTS.findall(path.read_text(encoding="utf-8")))


def _is_filled(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _is_as_installed(distribution: metadata.Distribution, path: Path) -> bool:
    """Whether a file is byte for byte what its package brought, as far as that says."""
    for file in distribution.files or ():
        if file.hash is not None and Path(str(file.locate())).resolve() == path.resolve():
            digest = hashlib.new(file.hash.mode, path.read_bytes()).digest()
            return urlsafe_b64encode(digest).rstrip(b"=").decode() == file.hash.value
    return not distribution.files


def _switched_off(prefixes: Sequence[Path]) -> set[str]:
    """Extensions that somebody disabled, for this environment or for themselves."""
    found: set[str] = set()
    folders = [one / "etc" / "jupyter" for one in prefixes]
    for folder in (*folders, Path.home() / ".jupyter"):
        path = folder / "labconfig" / "page_config.json"
        try:
            disabled = json.loads(path.read_text(encoding="utf-8")).get("disabledExtensions", {})
        except (OSError, ValueError, AttributeError):
            continue
        listed = disabled.items() if isinstance(disabled, dict) else ((one, 1) for one in disabled)
        found |= {name for name, is_off in listed if is_off}
    return found
