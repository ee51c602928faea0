"""One ES module out of several: what anywidget needs, since it loads a module from a blob URL.

A blob URL has no folder, so `import ... from "./dom.js"` fails in the browser. The front-end files
are ordinary modules all the same; here they are put together when a widget class is defined, so
there is no bundle to build, ship or forget to renew.
"""

import re
from pathlib import Path

_FOLDER = Path(__file__).parent
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w.]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let)\b)", re.MULTILINE)


def module_source(name: str) -> str:
    """Join a module and the neighbours it imports, each once, before whoever needs it.

    The names that modules define at top level share one scope and must differ.

    Args:
        name: File name of the module with the default export, next to this file.

    Returns:
        Source of one module without imports.

    Raises:
        FileNotFoundError: If the module or one that it imports does not exist.
    """
    joined: dict[str, str] = {}
    _join(name, joined, main=True)
    return "\n".join(joined.values())


def style_source(*names: str) -> str:
    """Join style sheets that lie next to this file, in order."""
    return "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in names)


def _join(name: str, joined: dict[str, str], *, main: bool = False) -> None:
    source = (_FOLDER / name).read_text(encoding="utf-8")
    for neighbour in _IMPORT.findall(source):
        if neighbour not in joined:
            _join(neighbour, joined)
    body = _IMPORT.sub("", source)
    joined[name] = body if main else _EXPORT.sub("", body)
