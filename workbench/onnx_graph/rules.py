"""The rule for every operator that has one."""

from collections.abc import Callable

from workbench.onnx_graph import rules_elementwise as elementwise
from workbench.onnx_graph import rules_layers as layers
from workbench.onnx_graph import rules_movement as movement
from workbench.onnx_graph.edits import Edit
from workbench.onnx_graph.view import NodeView

Rule = Callable[[NodeView], Edit]

RULES: dict[str, Rule] = {
    **dict.fromkeys(elementwise.SAME_SHAPE, elementwise.same_shape),
    **dict.fromkeys(elementwise.BROADCAST, elementwise.broadcast),
    **dict.fromkeys(elementwise.POOLS, elementwise.pool),
    **dict.fromkeys(elementwise.REDUCTIONS, elementwise.reduction),
    "BatchNormalization": elementwise.channelwise_norm,
    "InstanceNormalization": elementwise.channelwise_norm,
    "LayerNormalization": elementwise.layer_norm,
    "LogSoftmax": elementwise.normalized_axis,
    "Shape": elementwise.shape_of,
    "Softmax": elementwise.normalized_axis,
    "Conv": layers.convolution,
    "ConvTranspose": layers.transposed_convolution,
    "Gemm": layers.gemm,
    "MatMul": layers.matrix_product,
    "Concat": movement.concatenation,
    "DepthToSpace": movement.depth_to_space,
    "Expand": movement.expand,
    "Flatten": movement.flatten,
    "Gather": movement.gather,
    "Pad": movement.padding,
    "Reshape": movement.reshape,
    "Slice": movement.slicing,
    "SpaceToDepth": movement.space_to_depth,
    "Split": movement.split,
    "Squeeze": movement.squeeze,
    "Transpose": movement.transpose,
    "Unsqueeze": movement.unsqueeze,
}


def edit_of(view: NodeView) -> Edit:
    """How a node with a cut input changes.

    Raises:
        CutError: If there is no rule for its operator, or the rule refuses.
    """
    rule = RULES.get(view.node.op_type) if view.node.domain in ("", "ai.onnx") else None
    if rule is None:
        raise view.refuse("there is no rule for its operator")
    return rule(view)
