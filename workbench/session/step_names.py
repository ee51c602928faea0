"""What a person may call a step, and write down about it."""

import unicodedata

from workbench.errors import HistoryError

LONGEST_NAME = 80
LONGEST_REMARK = 2000

_REFUSED = {
    "Cc": "control characters",
    "Cs": "halves of characters",  # no file can hold them
    "Zl": "line separators",
    "Zp": "paragraph separators",
}
_LINES = frozenset("\n\t")


def checked_name(name: object) -> str:
    """A step's name, without space around it; "" takes a name away.

    Raises:
        HistoryError: If it is no text, too long, or not one line.
    """
    return _checked("name", name, LONGEST_NAME, frozenset())


def checked_remark(remark: object) -> str:
    """A remark on a step, without space around it; it may have several lines.

    Raises:
        HistoryError: If it is no text, too long, or holds control characters.
    """
    if isinstance(remark, str):
        remark = remark.replace("\r\n", "\n")
    return _checked("remark", remark, LONGEST_REMARK, _LINES)


def _checked(what: str, text: object, longest: int, allowed: frozenset[str]) -> str:
    if not isinstance(text, str):
        raise HistoryError(f"{what} of a step must be text, got {text!r}. Use '' for none.")
    text = text.strip()
    if len(text) > longest:
        raise HistoryError(
            f"{what} of a step must have at most {longest} characters, got {len(text)}. Shorten it."
        )
    for place, character in enumerate(text):
        kind = _REFUSED.get(unicodedata.category(character))
        if kind and character not in allowed:
            raise HistoryError(
                f"{what} of a step must not hold {kind}, got {character!r} at position {place}. "
                "Leave it out."
            )
    return text
