"""From a module to a flat list of ATen operators: it is run, and what runs is written down."""

from torch import Tensor, nn

from workbench.errors import ModelError
from workbench.graph.precheck import remedy
from workbench.graph.recorder import Recorder
from workbench.graph.source_lines import failing_line
from workbench.graph.stand_in import NEEDS_VALUES, StandIns, plain_execution, sharing_copy
from workbench.graph.tape import Tape


def trace(module: nn.Module, example_input: Tensor) -> tuple[Tape, StandIns]:
    """Run `module` in its present mode and write down every operator.

    It is run without data: only shapes are worked out. Where its code asks for values, it is run
    once more on the example input itself, and what its decisions make visible is noted.

    Args:
        module: It is left as it is.
        example_input: Shape ``(B, ...)``.

    Returns:
        The tape, and stand-ins on which the module can be run.

    Raises:
        ModelError: If the module cannot be run this way, with the error's own words.
    """
    try:
        return _trace_without_values(module, example_input, StandIns())
    except ModelError:
        raise
    except Exception:  # code with a device of its own, or that asks for values
        stand_ins = StandIns(device_named=True)
    try:
        return _trace_without_values(module, example_input, stand_ins)
    except NEEDS_VALUES:
        return _trace_with_values(module, example_input), stand_ins
    except Exception as error:
        raise _untraceable(module, example_input, error) from error


def _trace_without_values(
    module: nn.Module, example_input: Tensor, stand_ins: StandIns
) -> tuple[Tape, StandIns]:
    recorder = Recorder(stand_ins.of_module(module))
    with stand_ins.running():
        return recorder.record(stand_ins.of_tensor(example_input)), stand_ins


def _trace_with_values(module: nn.Module, example_input: Tensor) -> Tape:
    try:
        recorder = Recorder(sharing_copy(module), with_values=True)
        with plain_execution():
            return recorder.record(example_input.detach().clone())
    except ModelError:
        raise
    except Exception as error:
        raise _untraceable(module, example_input, error) from error


def _untraceable(module: nn.Module, example_input: Tensor, error: Exception) -> ModelError:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    first = f"{type(error).__name__}: {lines[0] if lines else 'no message'}"
    line = failing_line(error)
    where = f" in {line}" if line else ""
    hint = remedy(module, example_input) or (
        "The channel analysis runs the forward pass on tensors without data; weight granularity "
        "works without it."
    )
    return ModelError(
        f"{type(module).__name__} cannot be traced with an example input of shape "
        f"{tuple(example_input.shape)}: {first}{where}. {hint}"
    )
