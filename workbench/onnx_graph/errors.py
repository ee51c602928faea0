"""What can go wrong when a graph is cut."""

from workbench.errors import ExportError


class CutError(ExportError):
    """An ONNX graph cannot be cut as asked; exporting the pruned module is the way."""
