"""Devices by a word: "cpu", "cpu:4", "cuda", "ssh://pi@raspberrypi?threads=4"."""

import os
from urllib.parse import parse_qsl, urlsplit

from workbench.devices.local import LocalCpu, LocalGpu
from workbench.devices.remote import RemoteDevice
from workbench.errors import DeviceError
from workbench.latency_model import Device

_FORMS = '"cpu", "cpu:<threads>", "cuda", "cuda:<index>" or "ssh://<user>@<host>:<port>"'


def open_device(word: str) -> Device:
    """The device that a word stands for; nothing is connected or measured yet.

    Args:
        word: ``"cpu"``, ``"cpu:4"`` (threads), ``"cuda"``, ``"cuda:1"``, or
            ``"ssh://user@host:port"``, after which ``?threads=4&python=/opt/python`` may follow.

    Raises:
        DeviceError: If it stands for none, or this machine has none such.
    """
    kind, _, number = word.partition(":")
    if kind == "ssh":
        return _remote(word)
    if kind not in ("cpu", "cuda") or (number and not number.isdecimal()):
        raise _unknown(word)
    if kind == "cuda":
        return LocalGpu(int(number or 0))
    return LocalCpu(int(number or 1))


def word_of(device: Device) -> str:
    """What `open_device` makes it of; the name of a device that no word stands for."""
    return str(getattr(device, "word", device.name))


def known_devices() -> tuple[str, ...]:
    """Words for what this machine has."""
    cores = os.cpu_count() or 1
    counts = [count for count in (1, 2, 4, 8) if count < cores] + [cores]
    cpus = tuple("cpu" if count == 1 else f"cpu:{count}" for count in counts)
    return (*cpus, "cuda") if LocalGpu.is_available() else cpus


def _remote(word: str) -> RemoteDevice:
    try:
        found = urlsplit(word)
        settings = dict(parse_qsl(found.query, strict_parsing=bool(found.query)))
        threads = int(settings.pop("threads", 1))
        python = settings.pop("python", "python3")
        port = found.port
    except ValueError as error:
        raise _unknown(word) from error
    if settings or not found.hostname or found.path not in ("", "/") or found.password:
        raise _unknown(word)
    return RemoteDevice(found.hostname, found.username, port, python=python, threads=threads)


def _unknown(word: str) -> DeviceError:
    return DeviceError(
        f"a device must be {_FORMS}, got {word!r}. After ssh://... may follow "
        "?threads=<count>&python=<command>; passwords are not taken, use a key."
    )
