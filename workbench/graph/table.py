"""Which id every index of every parameter dimension belongs to."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from workbench.graph.ids import NO_CHANNEL, ChannelIds
from workbench.graph.reasons import Reason

Role = Literal["output", "input", "elementwise"]
_UNSET = -1


@dataclass(frozen=True)
class ParameterView:
    """A parameter or buffer on its way through the graph: itself, or a view of it.

    Attributes:
        name: The tensor's name in the module.
        view: A meta tensor whose storage offset and strides say which elements it shows.
        shape: Shape of the whole parameter.
    """

    name: str
    view: Tensor
    shape: torch.Size

    def whole(self) -> bool:
        """Whether the view is the parameter as it is."""
        return self.view.shape == self.shape and self.view.is_contiguous()

    def rows(self) -> Tensor | None:
        """Which indices of the parameter's dimension 0 a slice along it shows, or None."""
        view, shape = self.view, self.shape
        inner = shape[1:].numel()
        whole_rows = view.shape[1:] == shape[1:] and (view.numel() == 0 or view[0].is_contiguous())
        if not whole_rows or view.storage_offset() % inner or view.stride(0) % inner:
            return None
        first, step = view.storage_offset() // inner, view.stride(0) // inner
        return int(first) + int(step) * torch.arange(view.shape[0])


class ParameterTable:
    """Fills in, layer by layer, the ids of parameter dimensions and of single elements."""

    def __init__(self, ids: ChannelIds) -> None:
        self._ids = ids
        self.dimensions: dict[tuple[str, int], Tensor] = {}
        self.roles: dict[tuple[str, int], Role] = {}
        self.elements: dict[str, Tensor] = {}

    def known(self, parameter: ParameterView, dim: int, rows: Tensor) -> Tensor | None:
        """Ids of these indices if all were set before (a module used twice), else None."""
        table = self.dimensions.get((parameter.name, dim))
        if table is None:
            return None
        found = table.numpy()[rows.numpy()]
        return None if (found == _UNSET).any() else torch.from_numpy(found)

    def assign(
        self,
        parameter: ParameterView,
        dim: int,
        rows: Tensor,
        ids: Tensor,
        role: Role,
        reason: Reason,
    ) -> None:
        """Say that index ``rows[i]`` of dimension `dim` is the slice of channel ``ids[i]``."""
        key = (parameter.name, dim)
        self.roles.setdefault(key, role)
        held = self.dimensions.setdefault(key, torch.full((parameter.shape[dim],), _UNSET)).numpy()
        at, given = rows.numpy(), ids.numpy().clip(min=NO_CHANNEL)
        there = held[at]
        again = there != _UNSET
        if again.any():
            self._ids.unite(torch.from_numpy(there[again]), torch.from_numpy(given[again]), reason)
            given = np.where(again, there, given)
        held[at] = given

    def element_ids(self, parameter: ParameterView) -> Tensor:
        """Ids of the single elements that a view shows, for parameters used directly."""
        if parameter.name not in self.elements:
            fresh = self._ids.fresh(parameter.shape.numel())
            self.elements[parameter.name] = fresh.reshape(parameter.shape)
        return self.elements[parameter.name].as_strided(
            parameter.view.shape, parameter.view.stride(), parameter.view.storage_offset()
        )

    def finish(self) -> None:
        """Turn the ids of single elements into ids of a dimension.

        The elements of one index of the dimension that carries the channels are united; which
        dimension that is, the activations it met have said: the one along which classes differ.
        Elements that met nothing, such as positions beyond the example's, follow the others.
        """
        classes = self._ids.classes()
        pinned = np.zeros(len(classes), bool)
        pinned[list(self._ids.pinned_classes(classes))] = True
        alone = np.bincount(classes, minlength=len(classes)) == 1
        for name, ids in self.elements.items():
            of_element = classes[ids.numpy()]
            met = pinned[of_element] | ~alone[of_element]
            dim = _only_varying_dimension(np.where(pinned[of_element], _UNSET, of_element), met)
            if dim is None:
                self._ids.pin(
                    ids, Reason("a parameter used directly spans several dimensions", name)
                )
                continue
            along = self._ids.unite_along(ids, (dim,), Reason("tied to", name))
            self.dimensions[name, dim] = along
            self.roles[name, dim] = "elementwise"

    def assigned(self) -> dict[tuple[str, int], Tensor]:
        """Ids by (parameter, dimension); 0 where nothing was said."""
        return {key: table.clamp(min=0) for key, table in self.dimensions.items()}


def _only_varying_dimension(classes: np.ndarray, met: np.ndarray) -> int | None:
    """The one dimension along which classes differ, as far as elements met anything."""
    if len(np.unique(classes[met])) < 2:
        return None
    varying = []
    for dim in range(classes.ndim):
        rows = np.moveaxis(classes, dim, 0).reshape(classes.shape[dim], -1)
        counts = np.moveaxis(met, dim, 0).reshape(rows.shape)
        smallest = np.where(counts, rows, classes.max()).min(axis=1)
        largest = np.where(counts, rows, classes.min()).max(axis=1)
        if (smallest >= largest).all():  # one class at every index
            varying.append(dim)
    return varying[0] if len(varying) == 1 else None
