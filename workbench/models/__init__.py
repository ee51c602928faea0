"""Open a trained network: bundled, any of torchvision's, or your own module."""

from workbench.models.catalog import BUNDLED
from workbench.models.opened import OpenedModel
from workbench.models.opening import build_model, model_names, open_model
from workbench.models.state_dict import load_weights, read_state_dict

__all__ = [
    "BUNDLED",
    "OpenedModel",
    "build_model",
    "load_weights",
    "model_names",
    "open_model",
    "read_state_dict",
]
