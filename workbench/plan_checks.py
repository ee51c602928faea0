"""What a plan's settings may be; every refusal names setting, bound, value and remedy."""

from collections.abc import Collection, Mapping
from numbers import Integral, Real

from workbench.errors import PlanError


def check_choice(setting: str, value: object, choices: tuple[str, ...]) -> None:
    """Refuse what is not one of the choices."""
    if value not in choices:
        raise PlanError(f"{setting} of a plan must be one of {', '.join(choices)}; got {value!r}.")


def check_scope(scope: str, granularity: str) -> None:
    """Refuse a scope that a granularity does not have."""
    if granularity == "n:m" and scope != "local":
        raise PlanError(
            f"scope of a plan must be 'local' for granularity 'n:m', got {scope!r}: every unit "
            "that is on loses the same share, so there is nothing to rank across units. Leave "
            "scope out, or use granularity 'weight'."
        )


def check_ratio(what: str, ratio: object, remedy: str, *, closed: bool = False) -> None:
    """Refuse what is not a number in [0, 1), or [0, 1] if closed."""
    # NumPy's numbers are welcome; True is 1 to Python, but nobody means a ratio by it.
    number = isinstance(ratio, Real) and not isinstance(ratio, bool)
    if not number or not (0 <= ratio < 1 or (closed and ratio == 1)):  # type: ignore[operator]
        interval = "[0, 1]" if closed else "[0, 1)"
        raise PlanError(f"{what} must be in {interval}, got {ratio!r}. {remedy}")


def check_ratios(setting: str, ratios: object, remedy: str, *, closed: bool = False) -> None:
    """Refuse what is not a mapping from unit names to ratios."""
    if not isinstance(ratios, Mapping):
        raise PlanError(
            f"{setting}s of a plan must be given by unit name, got {ratios!r}. Use for example "
            "{'conv1': 0.5}."
        )
    check_names(f"{setting}s", ratios)
    for unit, ratio in ratios.items():
        check_ratio(f"{setting} of unit {unit!r}", ratio, remedy.format(unit), closed=closed)


def check_names(setting: str, names: object) -> None:
    """Refuse what is not a collection of unit names."""
    # A string would pass as a collection of its letters.
    listed = isinstance(names, Collection) and not isinstance(names, str)
    if not listed or not all(isinstance(name, str) for name in names):  # type: ignore[attr-defined]
        raise PlanError(
            f"{setting} of a plan must hold unit names, got {names!r}. session.units lists them."
        )


def check_whole(setting: str, value: object, remedy: str, least: int | None = None) -> None:
    """Refuse what is not a whole number, of at least `least` if given."""
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or (least is not None and value < least):  # type: ignore[operator]
        bound = "" if least is None else f" of at least {least}"
        raise PlanError(
            f"{setting} of the plan must be a whole number{bound}, got {value!r}. {remedy}"
        )
