"""Figures as a report words them."""

from workbench.measure.latency import Ratio

_UNITS = ((1e9, "GB", "G"), (1e6, "MB", "M"), (1e3, "kB", "k"))


def percent(share: float, digits: int = 2) -> str:
    """0.9173 as "91.73 %"."""
    return f"{100 * share:.{digits}f} %"


def points(change: float) -> str:
    """-0.0042 as "−0.42 points"."""
    return f"{100 * change:+.2f} points".replace("-", "−")


def size(number_of_bytes: float) -> str:
    """369648 as "370 kB"."""
    for factor, unit, _ in _UNITS:
        if number_of_bytes >= factor:
            return f"{number_of_bytes / factor:.3g} {unit}"
    return f"{number_of_bytes:.0f} B"


def count(number: float) -> str:
    """91306 as "91.3 k"."""
    for factor, _, unit in _UNITS:
        if number >= factor:
            return f"{number / factor:.3g} {unit}"
    return f"{number:.0f}"


def milliseconds(value: float) -> str:
    """0.0924 as "0.0924 ms"."""
    return f"{value:.3g} ms"


def energy(millijoules: float) -> str:
    """0.0123 as "0.0123 mJ"."""
    return f"{millijoules:.3g} mJ"


def share(part: float, whole: float) -> str:
    """A quarter as "25 % of it"; nothing where there is no whole."""
    return f"{100 * part / whole:.3g} %" if whole else ""


def times(ratio: Ratio) -> str:
    """A ratio with its interval: "2.05 × (2.01 to 2.08)"."""
    return f"{ratio.value:.2f} × ({ratio.low:.2f} to {ratio.high:.2f})"
