"""A compressed archive: weights share the values of a codebook, zeros cost next to nothing.

What is left of a layer's weights is clustered by k-means, one codebook a layer; the file holds
the codebooks, the cluster of every weight that is not zero, and the gaps between them, coded by
xz. Biases, norms and buffers stay as they are.

Reference:
    Han, Mao and Dally, Deep Compression, arXiv:1510.00149.
"""

import json
import lzma
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.cluster import KMeans
from torch import Tensor

from workbench.errors import ExportError
from workbench.progress import SILENT, Monitor

MAGIC = b"PWARCH02"
_LENGTH = struct.Struct("<I")
_MAX_HEADER_BYTES = 2**26
_SAMPLE = 50_000  # of a layer's weights, for the clustering
_SMALLEST = 64  # tensors of fewer numbers are not worth a codebook
_ITERATIONS = 50
_FARTHEST = 255  # the longest gap that a byte holds; 0 says "that far, and nothing there"

_UNREADABLE = (ValueError, TypeError, KeyError, OverflowError, struct.error, lzma.LZMAError)

Array = np.ndarray[Any, Any]


def encode(
    tensors: Mapping[str, Tensor],
    bits: Mapping[str, int],
    about: Mapping[str, object],
    *,
    seed: int = 0,
    monitor: Monitor = SILENT,
) -> bytes:
    """Compress named tensors.

    Args:
        tensors: By name, any shapes and types.
        bits: By name, for the tensors that get a codebook: it has 2 to that many values, 1 to 8.
        about: What else the header says, as JSON.
        seed: For the clustering of large layers, which sees a sample.
        monitor: Told after every tensor.

    Raises:
        ExportError: If a number of bits is out of range.
    """
    entries, payload = [], bytearray()
    for place, (name, tensor) in enumerate(tensors.items()):
        monitor.report(place, len(tensors), "sharing weights")
        array = tensor.detach().cpu().numpy()
        entry: dict[str, Any] = {"name": name, "shape": list(array.shape), "type": str(array.dtype)}
        width = bits.get(name)
        if width is not None and not 1 <= width <= 8:
            raise ExportError(f"bits of a codebook must be in 1 to 8, got {width} for {name!r}.")
        if width is None or array.size < _SMALLEST or not array.any():
            parts = [np.ascontiguousarray(array)]
        else:
            codebook, codes, gaps = _shared(array.ravel(), 2**width, seed)
            entry["values"], entry["codes"], entry["gaps"] = len(codebook), len(codes), len(gaps)
            parts = [codebook, codes, gaps]
        entries.append(entry)
        payload += b"".join(part.tobytes() for part in parts)
    header = lzma.compress(json.dumps({"about": dict(about), "tensors": entries}).encode())
    return MAGIC + _LENGTH.pack(len(header)) + header + lzma.compress(bytes(payload))


def decode(data: bytes, source: str = "the archive") -> tuple[dict[str, Any], dict[str, Tensor]]:
    """What `encode` was told, and the tensors, with the values of their codebooks.

    Raises:
        ExportError: If the data is no archive, or was cut short or changed.
    """
    start = len(MAGIC) + _LENGTH.size
    try:
        if data[: len(MAGIC)] != MAGIC:
            raise ValueError(f"it begins with {data[: len(MAGIC)]!r}")
        (length,) = _LENGTH.unpack(data[len(MAGIC) : start])
        header = json.loads(_unpacked(data[start : start + length], _MAX_HEADER_BYTES))
        sizes = [_stored_bytes(entry) for entry in header["tensors"]]
        payload = _decompressed(data[start + length :], sum(sizes))
        tensors, place = {}, 0
        for entry, size in zip(header["tensors"], sizes, strict=True):
            tensors[str(entry["name"])] = _restored(entry, payload[place : place + size])
            place += size
        return dict(header["about"]), tensors
    except (*_UNREADABLE, MemoryError) as error:
        raise ExportError(
            f"{source} must be a whole archive that begins with {MAGIC!r}, but it cannot be read: "
            f"{error}. Copy it again, or export again."
        ) from error


def read_archive(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The same from a file.

    Raises:
        ExportError: If it cannot be read.
    """
    try:
        return decode(path.read_bytes(), str(path))
    except OSError as error:
        raise ExportError(f"{path} must be an archive, but cannot be read: {error}.") from error


def _shared(weights: Array, clusters: int, seed: int) -> tuple[Array, Array, Array]:
    """Codebook, the code of every weight that is not 0, and the steps from one to the next."""
    places = np.flatnonzero(weights)
    values = weights[places].astype(np.float64)
    random = np.random.default_rng(seed)
    sample = values if len(values) <= _SAMPLE else random.choice(values, _SAMPLE, replace=False)
    count = min(clusters, len(np.unique(sample)))
    # Evenly spread at first: the few large weights matter, and a density would not find them.
    spread = np.linspace(sample.min(), sample.max(), count)[:, None]
    means = KMeans(count, init=spread, n_init=1, max_iter=_ITERATIONS).fit(sample[:, None])
    codebook = np.sort(means.cluster_centers_.ravel()).astype(weights.dtype)
    codebook = np.unique(codebook[codebook != 0])
    borders = (codebook[1:].astype(np.float64) + codebook[:-1]) / 2
    codes = np.searchsorted(borders, values).astype(np.uint8)
    steps = np.diff(places, prepend=-1)
    fillers = (steps - 1) // _FARTHEST
    gaps = np.zeros(len(steps) + fillers.sum(), np.uint8)
    gaps[np.arange(len(steps)) + np.cumsum(fillers)] = steps - fillers * _FARTHEST
    return codebook, codes, gaps


def _restored(entry: Mapping[str, Any], data: bytes) -> Tensor:
    kind, shape = np.dtype(entry["type"]), tuple(entry["shape"])
    if "codes" not in entry:
        return torch.from_numpy(np.frombuffer(data, kind).reshape(shape).copy())
    head = entry["values"] * kind.itemsize
    codebook = np.frombuffer(data[:head], kind)
    codes = np.frombuffer(data[head : head + entry["codes"]], np.uint8)
    gaps = np.frombuffer(data[head + entry["codes"] :], np.uint8)
    steps = np.where(gaps == 0, _FARTHEST, gaps).astype(np.int64)
    places = (np.cumsum(steps) - 1)[gaps != 0]
    weights = np.zeros(int(np.prod(shape)), kind)
    if len(places) != len(codes) or (len(places) and places[-1] >= len(weights)):
        raise ValueError(f"{entry['name']!r} has weights outside of its shape {shape}")
    if len(codes) and codes.max() >= len(codebook):
        raise ValueError(f"{entry['name']!r} has codes that are not in its codebook")
    weights[places] = codebook[codes]
    return torch.from_numpy(weights.reshape(shape))


def _stored_bytes(entry: Mapping[str, Any]) -> int:
    kind = np.dtype(entry["type"])
    if kind.kind not in "biuf":  # numbers only: an object array would be unpickled
        raise ValueError(f"type {kind} holds no numbers")
    counts = [*entry["shape"], *(entry.get(name, 0) for name in ("values", "codes", "gaps"))]
    if any(isinstance(one, bool) or not isinstance(one, int) or one < 0 for one in counts):
        raise ValueError(f"sizes {counts} are not counts")
    if "codes" in entry:
        return int(entry["values"] * kind.itemsize + entry["codes"] + entry["gaps"])
    return int(np.prod(entry["shape"], dtype=object) * kind.itemsize)


def _decompressed(data: bytes, size: int) -> bytes:
    """Exactly so many bytes: what a header does not announce is not unpacked."""
    payload = _unpacked(data, size)
    if len(payload) != size:
        raise ValueError(f"it must hold {size} bytes, got {len(payload)}")
    return payload


def _unpacked(data: bytes, most: int) -> bytes:
    """A whole xz stream of at most so many bytes."""
    decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ)
    unpacked = decompressor.decompress(data, max_length=most + 1)
    if not decompressor.eof and len(unpacked) <= most:
        unpacked += decompressor.decompress(b"", max_length=1)  # the last bytes may be held back
    if not decompressor.eof:
        raise ValueError(f"it ends too early, or holds more than {most} bytes")
    return unpacked
