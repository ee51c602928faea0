"""Figures as people read them."""

import re
from collections.abc import Callable

from workbench.estimate import Estimate

_KILO = 1000


def percent(share: float) -> str:
    """0.917 as "91.7 %"."""
    return f"{100 * share:.1f} %"


def count(number: float) -> str:
    """91306 as "91.3 k", three digits."""
    for factor, suffix in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if number >= factor:
            return f"{number / factor:.3g}{suffix}"
    return f"{number:.0f}"


def size(number_of_bytes: float) -> str:
    """369648 as "370 kB"."""
    if number_of_bytes < _KILO:
        return f"{number_of_bytes:.0f} B"
    return count(number_of_bytes).replace(" k", " kB").replace(" M", " MB").replace(" G", " GB")


def milliseconds(value: float) -> str:
    """0.0924 as "0.092 ms"."""
    return f"{value:.2g} ms" if value < 1 else f"{value:.3g} ms"


def per_second(value: float) -> str:
    """12843.2 as "12.8 k/s"."""
    return f"{count(value)}/s"


def millijoules(value: float) -> str:
    """0.0924 as "≈ 0.092 mJ": energies are estimates."""
    return f"≈ {value:.2g} mJ" if value < 1 else f"≈ {value:.3g} mJ"


def within(text: Callable[[float], str], estimate: Estimate) -> str:
    """0.553, give or take 0.05, as "0.55 ± 0.05 ms": both to the same digit, if any."""
    parts = re.fullmatch(r"(\d+\.?(\d*))(.*)", text(estimate.value))
    if parts is None or not estimate.value or not estimate.half_width:
        return text(estimate.value)
    number, decimals, unit = parts.groups()
    spread = float(number) * estimate.half_width / estimate.value
    return f"{number} ± {spread:.{len(decimals)}f}{unit}"


def time_left(seconds: float) -> str:
    """42.3 as "0:42 left"."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d} left"


def shape(lengths: tuple[int, ...]) -> str:
    """(32, 16, 3, 3) as "32×16×3×3"."""
    return "×".join(map(str, lengths))


def axis_unit(metric: str, largest: float) -> tuple[str, float]:
    """The unit of an axis that suits the largest value of a metric, and how much one of it is."""
    if metric.endswith("_ms"):
        return "ms", 1.0
    symbol = "B" if metric.endswith("_bytes") else ""
    for factor, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if largest >= factor:
            return f"{prefix}{symbol}", factor
    return symbol, 1.0
