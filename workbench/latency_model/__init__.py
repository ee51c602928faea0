"""How long a network will take on a device, learned from a few that were measured there."""

from workbench.latency_model.device import Device
from workbench.latency_model.model import LatencyModel
from workbench.latency_model.samples import Sample

__all__ = ["Device", "LatencyModel", "Sample"]
