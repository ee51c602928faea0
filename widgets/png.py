"""PNG files from arrays, for pictures inside a page."""

import base64
import struct
import zlib

import numpy as np

_RGB = 2


def png_bytes(pixels: np.ndarray) -> bytes:
    """A PNG file of one picture.

    Args:
        pixels: Shape ``(height, width, 3)``, uint8.

    Reference:
        Portable Network Graphics (Third Edition), W3C; every line is stored unfiltered.
    """
    height, width, _ = pixels.shape
    lines = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, _RGB, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", zlib.compress(lines.tobytes())),
            _chunk(b"IEND", b""),
        ]
    )


def data_uri(pixels: np.ndarray) -> str:
    """The same as an address that holds the picture itself."""
    return f"data:image/png;base64,{base64.b64encode(png_bytes(pixels)).decode()}"


def _chunk(kind: bytes, content: bytes) -> bytes:
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))
