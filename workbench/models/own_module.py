"""A person's own module, taken out of its wrappers and copied; theirs stays as it is."""

import copy

from torch import Tensor, nn
from torch.nn.utils import prune

from workbench.errors import ModelError
from workbench.wrappers import WRAPPERS, check_python_code, computed_by_hooks


def unwrap(module: nn.Module) -> tuple[nn.Module, tuple[str, ...]]:
    """The module inside of what distributes or compiles it, and a sentence for each wrapper.

    Raises:
        ModelError: If it is TorchScript.
    """
    notes = []
    while True:
        kind = type(module).__name__
        if isinstance(module, WRAPPERS):
            module = module.module
            notes.append(f"The model is pruned without its {kind}: wrap the result again.")
        elif isinstance(inner := getattr(module, "_orig_mod", None), nn.Module):
            module = inner
            notes.append("The model is pruned without torch.compile: compile the result again.")
        else:
            break
    check_python_code(module)
    return module, tuple(notes)


def copy_with_masks_folded(module: nn.Module) -> tuple[nn.Module, tuple[str, ...]]:
    """A copy on the CPU whose weights are plain parameters, and what was done to them.

    Masks of ``torch.nn.utils.prune`` are multiplied into the weights they belong to.

    Raises:
        ModelError: If the module cannot be copied.
    """
    name = type(module).__name__
    computed = computed_by_hooks(module)
    memo: dict[int, object] = {}
    for key in computed:
        path, _, leaf = key.rpartition(".")
        tensor = getattr(module.get_submodule(path), leaf)
        if isinstance(tensor, Tensor) and not tensor.is_leaf:  # would refuse to be copied
            memo[id(tensor)] = tensor.detach().clone()
    try:
        copied: nn.Module = copy.deepcopy(module, memo).cpu()
    except Exception as error:  # the user's own __deepcopy__, or a tensor that has a graph
        raise ModelError(
            f"model {name} cannot be copied: {type(error).__name__}: {error}. "
            "Detach tensors that are kept as attributes."
        ) from error
    masked = [key for key, kind in computed.items() if kind is prune.BasePruningMethod]
    if not masked:
        return copied, ()
    zeros = total = 0
    for key in masked:
        path, _, leaf = key.rpartition(".")
        layer = copied.get_submodule(path)
        prune.remove(layer, leaf)  # type: ignore[no-untyped-call]
        zeros += int((getattr(layer, leaf) == 0).sum())
        total += getattr(layer, leaf).numel()
    return copied, (
        f"The masks of torch.nn.utils.prune on {len(masked)} tensors are folded into the copy: "
        f"{zeros:,} of their {total:,} weights are 0.",
    )
