"""Why channels cannot be removed, in words a person can act on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """A sentence, and the place in the model it is about (a module path, or empty)."""

    text: str
    place: str = ""

    def __str__(self) -> str:
        return f"{self.text} (at {self.place})" if self.place else self.text


MODEL_OUTPUT = Reason("these are the model outputs")
TIED_TOGETHER = Reason("all its channels are tied to one another, so none can go alone")


def no_rule(operator: str, place: str) -> Reason:
    """An operator the analysis does not know."""
    return Reason(f"{operator} has no pruning rule", place)


def meets_constant(operator: str, place: str) -> Reason:
    """Channels combined, element by element, with values that are no channels."""
    return Reason(f"{operator} combines it with values that cannot be removed", place)


def mixes_channels(operator: str, place: str) -> Reason:
    """An operator that computes one number from several channels."""
    return Reason(f"{operator} mixes channels", place)


def computed_weight(place: str) -> Reason:
    """A layer whose weight is computed on the fly instead of stored."""
    return Reason("its weight is computed in the forward pass, not stored as a parameter", place)


def not_followed(operator: str, place: str, error: Exception) -> Reason:
    """A known operator used in a way its rule does not cover."""
    return Reason(f"{operator} could not be followed: {error}", place)


def split_in_parts(operator: str, place: str) -> Reason:
    """Channels cut into parts one of which cannot be removed."""
    return Reason(f"{operator} splits it together with values that cannot be removed", place)


def fixed_positions(operator: str, place: str) -> Reason:
    """Channels picked by positions written into the code."""
    return Reason(f"{operator} picks channels by fixed positions", place)


def scaled_by_width(place: str) -> Reason:
    """Attention whose scale follows the head width, so that pruning would change it."""
    return Reason("its width sets the scale of the attention", place)
