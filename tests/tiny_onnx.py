"""An ONNX model that is next to nothing."""

from onnx import TensorProto, helper


def tiny(width: int = 4, inputs: int = 1) -> bytes:
    """A model that adds its inputs."""
    names = [f"x{i}" for i in range(inputs)]
    graph = helper.make_graph(
        [helper.make_node("Sum", names, ["y"])],
        "tiny",
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", width])
            for name in names
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", width])],
    )
    # Version 10 of the file format is read by every ONNX Runtime that the workbench supports.
    opset = [helper.make_opsetid("", 20)]
    data: bytes = helper.make_model(graph, opset_imports=opset, ir_version=10).SerializeToString()
    return data
