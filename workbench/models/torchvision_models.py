"""Any torchvision classification network, by its name, untrained or with torchvision's weights."""

from enum import Enum

import torchvision
from torch import Tensor, nn

from workbench.errors import ModelError, WeightsError
from workbench.models.state_dict import LISTED, load_weights

# What these constructors need said: GoogLeNet and Inception otherwise warn that their slow
# initialisation will stop being the default, and their published weights expect inputs that
# the network itself rescales.
INITIALISED = ("googlenet", "inception_v3")


def torchvision_names() -> list[str]:
    """The names that torchvision's classification networks go by."""
    names: list[str] = torchvision.models.list_models(module=torchvision.models)
    return names


def torchvision_arguments(name: str, num_classes: int, *, pretrained: bool) -> dict[str, object]:
    """The keyword arguments that build the network; JSON-able."""
    arguments: dict[str, object] = {"num_classes": num_classes}
    if name in INITIALISED:
        arguments |= {"init_weights": not pretrained, "transform_input": pretrained}
    return arguments


def build_torchvision(name: str, arguments: dict[str, object]) -> nn.Module:
    """Build the network with random weights.

    Raises:
        ModelError: If torchvision has no such network, or refuses the arguments.
    """
    try:
        module: nn.Module = torchvision.models.get_model(name, weights=None, **arguments)
    except (TypeError, ValueError) as error:
        raise ModelError(f"torchvision cannot build {name!r} from {arguments}: {error}") from error
    return module


def published_weights(name: str, weights: str) -> Enum | None:
    """Find torchvision's weights by name: ``"DEFAULT"``, or as in ``"IMAGENET1K_V2"``.

    Returns:
        The member of the network's weights enum, or None if it has none of this name.
    """
    members = torchvision.models.get_model_weights(name)
    found: Enum | None = members.__members__.get(weights.rpartition(".")[2])
    return found


def published_weight_names(name: str) -> list[str]:
    """The names of the weights that torchvision publishes for a network."""
    return [member.name for member in torchvision.models.get_model_weights(name)]


def load_published(module: nn.Module, weights: Enum) -> tuple[str, ...]:
    """Download published weights, or take them from torchvision's cache, into `module`.

    Where `module` has another number of classes, its classifier keeps its random weights.

    Returns:
        Notes: which tensors are untrained, if any.

    Raises:
        WeightsError: If the download fails, or the weights do not fit.
    """
    state = _download(weights)
    wanted = module.state_dict()
    classes = len(weights.value.meta["categories"])
    # Only tensors that count the classes may differ; anything else is a real mismatch.
    untrained = [
        name
        for name, tensor in state.items()
        if name in wanted
        and wanted[name].shape != tensor.shape
        and tensor.shape[0] == classes
        and wanted[name].shape[1:] == tensor.shape[1:]
    ]
    kept = {name: wanted[name] for name in untrained}
    load_weights(module, state | kept, source=str(weights))
    if not untrained:
        return ()
    more = " and others" if len(untrained) > LISTED else ""
    return (
        f"{weights} was trained for {classes:,} classes; {', '.join(untrained[:LISTED])}{more} "
        "start untrained. Fine-tune before you judge its accuracy.",
    )


def _download(weights: Enum) -> dict[str, Tensor]:
    try:
        state: dict[str, Tensor] = weights.get_state_dict(progress=False, check_hash=True)  # type: ignore[attr-defined]
    except (OSError, RuntimeError) as error:
        raise WeightsError(
            f"weights {weights} could not be downloaded from {weights.value.url}: {error}. "
            "Connect to the network once, or pass the path of a weights file."
        ) from error
    return state
