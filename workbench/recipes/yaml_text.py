"""Plain data as YAML that people read, and back."""

import re
from typing import Any

import yaml

from workbench.errors import RecipeError


def yaml_text(data: object) -> str:
    """Plain data as YAML: keys in their order, a line each; lists of numbers or names on one."""
    return yaml.dump(
        data,
        Dumper=_Dumper,
        sort_keys=False,
        default_flow_style=False,
        allow_unicode=True,
        width=100,
    )


def yaml_data(text: str, source: str) -> Any:
    """What YAML says; only plain data can come of it.

    Args:
        text: YAML.
        source: What to call it in messages, such as the path of a file.

    Raises:
        RecipeError: If it is not YAML, or a key is there twice.
    """
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f", line {mark.line + 1}"
        problem = getattr(error, "problem", None) or str(error)
        raise RecipeError(
            f"{source}{line} must be YAML, but cannot be read: {problem}. Correct the line, or "
            "save the recipe again."
        ) from None


class _Dumper(yaml.SafeDumper):
    """The safe dumper, with short lists and without anchors."""

    def represent_sequence(
        self, tag: str, sequence: Any, flow_style: bool | None = None
    ) -> yaml.SequenceNode:
        """On one line, unless there is more than names and numbers in it."""
        short = not any(isinstance(entry, dict | list) for entry in sequence)
        return super().represent_sequence(tag, sequence, flow_style=short)

    def ignore_aliases(self, data: Any) -> bool:
        """Everything is written out where it belongs."""
        return True


class _Loader(yaml.SafeLoader):
    """The safe loader, which also reads 1e-3 as a number and refuses keys that are there twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """As usual, once every key is found to be new."""
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value!r} is there twice", key.start_mark
                    )
                seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep)


# YAML 1.1 wants a point in 1.0e-3; nobody who writes a learning rate knows that.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(?:\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)
