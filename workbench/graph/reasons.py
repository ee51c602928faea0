"""Why channels cannot be removed, in words a person can act on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """A sentence, and the place it is about: a module path, a line of code, or empty."""

    text: str
    place: str = ""

    def __str__(self) -> str:
        return f"{self.text} (at {self.place})" if self.place else self.text


MODEL_OUTPUT = Reason("these are the model outputs")
TIED_TOGETHER = Reason("all its channels are tied to one another, so none can go alone")


def no_rule(operator: str, place: str) -> Reason:
    """An operator the analysis does not know."""
    return Reason(f"{operator} has no pruning rule", place)


def recurrent(operator: str, place: str) -> Reason:
    """A layer that reads its own channels one step later."""
    return Reason(f"a recurrent layer ({operator}) feeds its channels back into itself", place)


def not_reached() -> Reason:
    """A layer that took no part in any forward pass."""
    return Reason("the forward pass does not reach it with the example input")


def used_directly(place: str) -> Reason:
    """A layer whose weight the code takes without running the layer."""
    return Reason("the code uses its weight by itself, not as a layer", place)


def nothing_to_work_on(place: str) -> Reason:
    """A layer that ran on an empty tensor."""
    return Reason("the example input leaves it nothing to work on; a larger one may", place)


def meets_constant(operator: str, place: str) -> Reason:
    """Channels combined, element by element, with values that are no channels."""
    return Reason(f"{operator} combines it with values that cannot be removed", place)


def mixes_channels(operator: str, place: str) -> Reason:
    """An operator that computes one number from several channels."""
    return Reason(f"{operator} mixes channels", place)


def sums_residues(operator: str, place: str) -> Reason:
    """A sum over channels that are not 0 when they are masked."""
    return Reason(f"{operator} sums over it where it is not 0 when masked", place)


def normalised_without_weights(operator: str, place: str) -> Reason:
    """Statistics of several channels, taken by something else than a normalisation layer."""
    return Reason(f"{operator} normalises across channels outside of a layer with weights", place)


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


def decided_by_values(operator: str, line: str) -> Reason:
    """Tensors in reach of code whose course depends on the data."""
    return Reason(f"what the code does with it depends on the data ({operator})", line)


def stored_by_code(operator: str, place: str) -> Reason:
    """Channels written into a parameter or a buffer."""
    return Reason(f"{operator} stores it in a parameter", place)
