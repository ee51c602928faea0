"""A report on channels as one piece of binary data, and the words that go with it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from workbench.channels import ChannelReport, Importances
from workbench.criteria import criterion_named

MOST_CLASSES = 64
"""More classes are too narrow to be told apart in a strip."""

_ALIGNED = 4
_LABEL_LETTERS = 6

AGREEMENT = (
    (0.9, "rank these channels almost alike"),
    (0.7, "largely agree on these channels"),
    (0.4, "agree only in part on these channels"),
    (0.1, "hardly agree on these channels"),
    (-1.0, "disagree on these channels"),
)
"""From which mean rank correlation on what is said of the criteria."""


class Atlas:
    """Arrays one after the other, each at an offset that JavaScript can read it from."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._length = 0

    def add(self, array: np.ndarray) -> int:
        """Append an array; returns its offset in bytes."""
        offset, data = self._length, np.ascontiguousarray(array).tobytes()
        padding = -len(data) % _ALIGNED
        self._parts += [data, bytes(padding)]
        self._length += len(data) + padding
        return offset

    def tobytes(self) -> bytes:
        """All of them."""
        return b"".join(self._parts)


def drawn(report: ChannelReport, classes: Sequence[str]) -> tuple[dict[str, Any], bytes]:
    """What the page draws of a report: a description, and the numbers it points to.

    Numbers are little-endian; every array counts channels as the dense model does.

    Args:
        report: The report.
        classes: Names of the classes, in label order.
    """
    atlas = Atlas()
    ranked = report.importances
    described: dict[str, Any] = {
        "unit": report.unit,
        "layer": report.layer,
        "size": report.size,
        "notes": list(report.notes),
        "agreement": agreement_words(ranked),
        "criteria": [_criterion(name) for name in ranked.criteria],
        "ranks": atlas.add(ranked.ranks.astype("<f4")),
        "weights": None,
        "responses": None,
        "classes": [],
        "images": [],
    }
    if report.weights is not None:
        _, height, width, planes = report.weights.pixels.shape
        described["weights"] = {
            "kind": report.weights.kind,
            "scale": report.weights.scale,
            "height": height,
            "width": width,
            "planes": planes,
            "offset": atlas.add(report.weights.pixels),
        }
    if (found := report.responses) is not None:
        shown = np.flatnonzero(np.isfinite(found.class_means).any(axis=0))[:MOST_CLASSES]
        described["classes"] = [classes[label] for label in shown]
        described["responses"] = {
            "means": atlas.add(np.nan_to_num(found.class_means[:, shown]).astype("<f4")),
            "neighbours": atlas.add(found.neighbours.astype("<i4")),
            "correlations": atlas.add(found.correlations.astype("<f4")),
            "height": found.maps.shape[2],
            "width": found.maps.shape[3],
            "inputs": found.inputs,
            "offset": atlas.add(found.maps),
        }
        described["images"] = [
            {
                "label": classes[image.label],
                "height": image.pixels.shape[0],
                "width": image.pixels.shape[1],
                "offset": atlas.add(image.pixels),
            }
            for image in found.images
        ]
    return described, atlas.tobytes()


def agreement_words(ranked: Importances) -> str:
    """How well criteria agree, in plain words; empty without two that can be compared."""
    mean = ranked.mean_agreement
    if mean is None:
        return ""
    words = next(words for least, words in AGREEMENT if mean >= least)
    return (
        f"The {len(ranked.criteria)} criteria {words} "
        f"(mean rank correlation {mean:.2f}; 1 is the same order)."
    )


def _criterion(name: str) -> dict[str, str]:
    short = name if len(name) <= _LABEL_LETTERS else _initials(name)
    return {"name": name, "title": criterion_named(name).title, "label": short}


def _initials(name: str) -> str:
    """A name too long for a narrow column: ``bn_scale`` as "bn", ``taylor_activation`` as "ta"."""
    words = name.split("_")
    if len(words) == 1:
        return name[:_LABEL_LETTERS]
    return words[0] if len(words[0]) < _LABEL_LETTERS else "".join(word[0] for word in words)
