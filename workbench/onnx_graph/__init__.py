"""Cutting ONNX graphs: channels removed from an exported model, without exporting it again."""

from workbench.onnx_graph.building import build
from workbench.onnx_graph.cut import Cut, cut_graph, removed_since
from workbench.onnx_graph.cutting import cut_onnx
from workbench.onnx_graph.errors import CutError
from workbench.onnx_graph.graph import OnnxGraph

__all__ = ["Cut", "CutError", "OnnxGraph", "build", "cut_graph", "cut_onnx", "removed_since"]
