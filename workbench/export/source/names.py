"""Names in generated code: from any text to identifiers that are free."""

import builtins
import keyword
import re
from collections.abc import Iterable, Mapping

from torch import fx, nn

_TAKEN = frozenset({*dir(builtins), "nn", "torch", "self", "load"})


def identifier(text: str, taken: Iterable[str] = ()) -> str:
    """An identifier like `text` that is none of those taken."""
    name = re.sub(r"\W", "_", text, flags=re.ASCII)
    if not name or name[0].isdigit() or name[0] == "_":
        name = f"layer_{name.lstrip('_')}"
    taken = {*taken}
    while name in taken or name in _TAKEN or keyword.iskeyword(name) or hasattr(nn.Module, name):
        name += "_"
    return name


def attribute_names(paths: Iterable[str]) -> dict[str, str]:
    """By dotted path, an attribute of one flat module: ``layer1.0.conv1`` as ``layer1_0_conv1``."""
    names: dict[str, str] = {}
    for path in paths:
        names[path] = identifier(path, names.values())
    return names


def variable_names(graph: fx.Graph) -> Mapping[fx.Node, str]:
    """A short name for every value; a name is used again once its value is not needed any more.

    So the code reads as if written by hand, and frees activations as it runs.
    """
    last_use = {argument: node for node in graph.nodes for argument in node.all_input_nodes}
    names: dict[fx.Node, str] = {}
    free: list[str] = []
    made = 0
    for node in graph.nodes:
        dying = [one for one in node.all_input_nodes if last_use[one] is node]
        free = sorted({*free, *(names[one] for one in dying)}, key=_number)
        if node.op == "output":
            break
        name = names[dying[0]] if dying else (free[0] if free else "")
        if name:
            free.remove(name)
        else:
            name, made = (f"x{made}" if made else "x"), made + 1
        names[node] = name
        if node not in last_use:  # nobody reads it, so the next may take its place
            free.append(name)
    return names


def _number(name: str) -> int:
    return int(name[1:] or 0)
