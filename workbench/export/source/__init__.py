"""A network as Python source that needs nothing but PyTorch."""

from workbench.export.source.writing import SourceCode, source_code

__all__ = ["SourceCode", "source_code"]
