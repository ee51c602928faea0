"""How big a model is: parameters, stored bytes, compressed bytes."""

import zlib

from torch import Tensor, nn

from workbench.progress import SILENT, Monitor

_GZIP_LEVEL = 6  # what the gzip command uses unless told otherwise
_GZIP_WINDOW_BITS = 31  # 15 bits of window, plus 16 for gzip's header and trailer
_CHUNK_BYTES = 1 << 20


def parameter_count(model: nn.Module) -> int:
    """Count the parameters; one that several layers share counts once."""
    return sum(parameter.numel() for parameter in model.parameters())


def nonzero_count(model: nn.Module) -> int:
    """Count the parameters that are not exactly zero."""
    return sum(int(parameter.detach().count_nonzero()) for parameter in model.parameters())


def state_dict_bytes(model: nn.Module) -> int:
    """Bytes of the stored tensors: parameters and persistent buffers, shared ones once.

    This is the exact payload of a weights file, without the few bytes of the file's own header.
    """
    # keep_vars hands out the tensors themselves, so shared ones can be told by identity.
    stored = {
        id(tensor): tensor.numel() * tensor.element_size()
        for tensor in model.state_dict(keep_vars=True).values()
        if isinstance(tensor, Tensor)  # get_extra_state may put other things here
    }
    return sum(stored.values())


def gzip_bytes(data: bytes, *, monitor: Monitor = SILENT) -> int:
    """Bytes of `data` after gzip at its default level (6).

    Raises:
        Cancelled: If the monitor was cancelled; it is told every megabyte.
    """
    compressor = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW_BITS)
    size = 0
    for start in range(0, len(data), _CHUNK_BYTES):
        monitor.report(start, len(data), "compressing")
        size += len(compressor.compress(data[start : start + _CHUNK_BYTES]))
    return size + len(compressor.flush())
