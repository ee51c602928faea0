"""Stand-ins: copies of a module whose tensors have shapes but no data."""

import copy
import logging
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch._ops import OpOverload
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensorMode,
    UnsupportedOperatorException,
)
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from workbench.errors import ModelError
from workbench.graph.tape import Answer, Hollow

NEEDS_VALUES = (
    DataDependentOutputException,
    DynamicOutputShapeException,
    UnsupportedOperatorException,
)
"""What stand-ins raise when an operator's outcome depends on values."""


class StandIns:
    """Makes stand-ins of one model, and runs them: every operator only works out shapes.

    Args:
        device_named: Whether they claim the device of what they stand for, for code that puts
            its own tensors there; it takes three times as long.
    """

    def __init__(self, *, device_named: bool = False) -> None:
        self._mode = FakeTensorMode(allow_non_fake_inputs=True) if device_named else None
        self._made: dict[int, Tensor] = {}

    def of_tensor(self, tensor: Tensor) -> Tensor:
        """A tensor of the same shape and type, without data."""
        if self._mode is None:
            return torch.empty_like(tensor, device="meta", requires_grad=False)
        return self._mode.from_tensor(tensor.detach(), static_shapes=True)

    def of_module(self, module: nn.Module) -> nn.Module:
        """A copy of the module, its parameters and buffers without data.

        Raises:
            ModelError: If the module cannot be copied.
        """
        memo: dict[int, object] = {}
        for tensor in [*module.parameters(), *module.buffers()]:
            if id(tensor) not in self._made:
                self._made[id(tensor)] = self.of_tensor(tensor)
            made = self._made[id(tensor)]
            is_parameter = isinstance(tensor, nn.Parameter)
            memo[id(tensor)] = nn.Parameter(made, requires_grad=False) if is_parameter else made
        return structural_copy(module, memo)

    @contextmanager
    def running(self, answers: Sequence[Answer] = ()) -> Iterator[None]:
        """Within, operators on stand-ins work.

        Args:
            answers: What came of the operators that ask for values, in turn.
        """
        replay = _Replay(answers) if answers else nullcontext()
        with self._mode or nullcontext(), _quiet(), plain_execution(), replay:
            yield


class _Replay(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Gives what stand-ins cannot work out, because it depends on values, as it was before."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._answers: dict[OpOverload, deque[Any]] = {}
        for answer in answers:
            self._answers.setdefault(answer.function, deque()).append(answer.value)

    def __torch_dispatch__(
        self, func: OpOverload, types: object, args: Any = (), kwargs: Any = None
    ) -> Any:
        known = self._answers.get(func)
        value = known.popleft() if known else None
        try:
            return func(*args, **(kwargs or {}))
        except NEEDS_VALUES:
            if value is None:
                raise
            return pytree.tree_map_only(Hollow, Hollow.tensor, value)


def sharing_copy(module: nn.Module) -> nn.Module:
    """A copy of the module's structure that shares its parameters; buffers are its own."""
    memo: dict[int, object] = {id(parameter): parameter for parameter in module.parameters()}
    return structural_copy(module, memo)


def structural_copy(module: nn.Module, memo: dict[int, object]) -> nn.Module:
    """`copy.deepcopy` with some objects replaced.

    Raises:
        ModelError: If the module cannot be copied.
    """
    try:
        copied: nn.Module = copy.deepcopy(module, memo)
    except Exception as error:
        raise ModelError(
            f"{type(module).__name__} cannot be copied: {error}. Weights computed by hooks "
            "(torch.nn.utils.prune, the old weight_norm) have to be made permanent first, with "
            "torch.nn.utils.prune.remove or remove_weight_norm."
        ) from error
    return copied


@contextmanager
def plain_execution() -> Iterator[None]:
    """No gradients, no compiled code, no fused attention: operators run one by one."""
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.inference_mode(), _nothing_compiled():
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)


@contextmanager
def _quiet() -> Iterator[None]:
    """Failures are answers here; PyTorch would log each one."""
    log = logging.getLogger("torch._subclasses.fake_tensor")
    disabled, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = disabled


def _nothing_compiled() -> AbstractContextManager[object]:
    # Who compiled a module has imported the compiler, which takes a second.
    if "torch._dynamo" not in sys.modules:
        return nullcontext()
    eager: AbstractContextManager[object] = torch.compiler.set_stance("force_eager")
    return eager
