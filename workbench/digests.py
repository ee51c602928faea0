"""Digests: two things have the same only if they are the same."""

import hashlib
import json
from collections.abc import Mapping
from hashlib import blake2b

import torch
from torch import Tensor


def digest_of(data: object) -> str:
    """A short name of plain data; the order of keys does not matter."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return blake2b(text.encode(), digest_size=16).hexdigest()


def digest_of_tensors(tensors: Mapping[str, Tensor]) -> str:
    """A short name of named tensors: names, shapes, types and every bit of their values."""
    digest = blake2b(digest_size=16)
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name}{tuple(tensor.shape)}{tensor.dtype}".encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def sha256_of(data: bytes) -> str:
    """The SHA-256 checksum, as ``sha256sum`` prints it."""
    return hashlib.sha256(data).hexdigest()
