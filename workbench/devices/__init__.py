"""Machines to measure on: this one's processor or GPU, or another one over SSH."""

from workbench.devices.local import LocalCpu, LocalGpu
from workbench.devices.naming import known_devices, open_device, word_of
from workbench.devices.remote import RemoteDevice

__all__ = ["LocalCpu", "LocalGpu", "RemoteDevice", "known_devices", "open_device", "word_of"]
