"""Rules for operators that reduce values, or take only a shape."""

from typing import Any

from torch import Tensor

from workbench.graph.ids import varies
from workbench.graph.interpreter import Call, Constant, Interpreter, Rule
from workbench.graph.reasons import mixes_channels, sums_residues
from workbench.graph.rules_elementwise import unite_operands
from workbench.graph.table import ParameterView

FRESH = """
new_zeros new_ones new_full new_empty zeros_like ones_like full_like empty_like rand_like randn_like
fill zero
""".split()
NORMS = ["norm", "linalg_vector_norm"]
REDUCTION = """
mean sum amax amin max min var std prod any all argmax argmin logsumexp median var_mean std_mean
""".split()


def reduce(run: Interpreter, call: Call) -> Any:
    """Reductions: channels are carried along the dimensions that are kept."""
    dims = call.argument(1, "dim")
    if isinstance(dims, Tensor | ParameterView | Constant):
        return unite_operands(run, call)  # max and min of two tensors
    ids = run.as_ids(call.args[0])
    reduced = _positive(dims, ids.dim())
    if varies(ids, *reduced):
        run.pin_inputs(call, mixes_channels(call.operator, call.place))
        return call.blank()
    for dim in reduced:
        ids = ids.narrow(dim, 0, 1)
    result = ids.reshape(call.output_shape)
    return [result] * call.several if call.several else result


def _positive(dims: Any, count: int) -> tuple[int, ...]:
    if dims is None or dims == []:
        return tuple(range(count))
    listed = [dims] if isinstance(dims, int) else dims
    return tuple(dim % count for dim in listed)


def vector_norm(run: Interpreter, call: Call) -> Any:
    """A norm: across channels, removed ones, which are 0, do not count."""
    ids = run.as_ids(call.args[0])
    reduced = _positive(call.argument(2, "dim"), ids.dim())
    if varies(ids, *reduced):
        order = call.argument(1, "ord", 2)
        if not isinstance(order, (int, float)) or order < 0:
            run.pin_inputs(call, mixes_channels(call.operator, call.place))
        elif bool(run.residues.marked(ids).any()):
            run.pin_inputs(call, sums_residues(call.operator, call.place))
        return call.blank()
    for dim in reduced:
        ids = ids.narrow(dim, 0, 1)
    return ids.reshape(call.output_shape)


def softmax(run: Interpreter, call: Call) -> Any:
    """Softmax keeps channels unless it normalises across them."""
    ids = run.as_ids(call.args[0])
    if varies(ids, call.args[1] % ids.dim()):
        run.pin_inputs(call, mixes_channels(call.operator, call.place))
        return call.blank()
    return run.residues.mark(ids)


def fresh_values(run: Interpreter, call: Call) -> Any:
    """A new tensor that takes only its shape from its input."""
    return call.blank()


def shape_rules() -> dict[str, Rule]:
    """Rules by operator name."""
    rules: dict[str, Rule] = {f"aten.{name}": reduce for name in REDUCTION}
    rules |= {f"aten.{name}": fresh_values for name in FRESH}
    rules |= {f"aten.{name}": vector_norm for name in NORMS}
    return rules | {"aten.softmax": softmax, "aten.log_softmax": softmax}
