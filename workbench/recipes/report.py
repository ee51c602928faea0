"""How a replay came out, in words and a table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.recipes.outcome import Difference, Outcome, outcome_of
from workbench.recipes.recipe import Recipe
from workbench.recipes.versions import versions

if TYPE_CHECKING:
    from workbench.session import Session

_NAMES = {
    "accuracy": "accuracy",
    "parameters": "parameters",
    "macs": "MACs",
    "weights": "weights",
    "opened": "weights as opened",
}


def report_text(
    recipe: Recipe,
    session: "Session",
    differences: Sequence[Difference],
    *,
    short: bool = False,
) -> str:
    """What came out beside what was expected, and whether it is the same.

    Args:
        recipe: What was replayed.
        session: Where.
        differences: As `Recipe.differences` found them.
        short: Only whether it is the same.
    """
    said = verdict(recipe, differences)
    if short:
        return said
    columns = {
        "dense": outcome_of(session.history, 0),
        "result": outcome_of(session.history, session.history.current.id),
        "expected": recipe.expected,
    }
    rows = [["", *columns]]
    rows += [
        [_NAMES[figure], *(_shown(figure, outcome) for outcome in columns.values())]
        for figure in ("accuracy", "parameters", "macs", "weights")
    ]
    return f"{_table(rows)}\n\n{said}"


def verdict(recipe: Recipe, differences: Sequence[Difference]) -> str:
    """Whether it is the same, and if not, where it differs and what may be why."""
    if recipe.expected == Outcome():
        return "Done. The recipe does not say what to expect."
    if not differences:
        exact = recipe.expected.weights is not None
        return "Reproduced" + (": every bit of the weights is the same." if exact else ".")
    lines = ["Not reproduced."]
    lines += [
        f"  {_NAMES[d.figure]}: expected {_value(d.figure, d.expected)}, "
        f"got {_value(d.figure, d.found)}"
        for d in differences
    ]
    if any(difference.figure == "opened" for difference in differences):
        lines.append("The opened model is another one already: is the weights file the same?")
    here = versions()
    lines += [
        f"The recipe was made with {name} {there}; here it is {here[name]}."
        for name, there in recipe.made_with.items()
        if name in here and here[name] != there
    ]
    return "\n".join(lines)


def _shown(figure: str, outcome: Outcome) -> str:
    value = getattr(outcome, figure)
    return "–" if value is None else _value(figure, value)


def _value(figure: str, value: object) -> str:
    if value is None:
        return "nothing"
    if figure == "accuracy":
        return f"{100 * value:.2f} %"  # type: ignore[operator]
    return f"{value:,}" if figure in ("parameters", "macs") else str(value)[:12]


def _table(rows: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for first, *others in rows:
        cells = [c.rjust(width) for c, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *cells]))
    return "\n".join(lines)
