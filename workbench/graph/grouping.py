"""From ids to groups: classes of ids that touch the same parameters form a group."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from torch import Tensor

from workbench.graph.groups import ChannelGraph, Group, Member, Rescale
from workbench.graph.ids import ChannelIds
from workbench.graph.reasons import TIED_TOGETHER, Reason, scaled_by_width
from workbench.graph.table import ParameterTable, Role

_HASH_SEED = 20_231


def build_groups(ids: ChannelIds, table: ParameterTable) -> ChannelGraph:
    """Collect the groups of finished runs.

    Args:
        ids: What was found out about ids.
        table: Where they lie in parameters.
    """
    classes = ids.classes()
    pinned = ids.pinned_classes(classes)
    entries = list(table.assigned().items())
    touched = [classes[along.numpy()] for _, along in entries]
    signatures = _signatures(touched, len(classes), pinned)

    found = _by_signature(touched, signatures, int(classes[0]))
    members = _members(entries, table.roles, touched, found, len(classes))
    layers = [tuple(dict.fromkeys(m.layer for m in of if m.role == "output")) for of in members]
    makers = [number for number, of in enumerate(layers) if of]
    names = _unique_names([layers[number][0] for number in makers])
    groups = [
        Group(
            name,
            len(found[number]),
            layers[number],
            members[number],
            _reason(found[number], pinned),
        )
        for name, number in zip(names, makers, strict=True)
    ]
    return ChannelGraph(tuple(groups))


def make_up_for_scales(
    graph: ChannelGraph, ids: ChannelIds, table: ParameterTable, queries: Sequence[Tensor]
) -> ChannelGraph:
    """Note what has to be rescaled where a width sets the scale of a product.

    Args:
        graph: The groups of the same ids.
        ids: What was found out about ids.
        table: Where they lie in parameters.
        queries: Ids ``(heads, width)`` of what is scaled.
    """
    classes = ids.classes()
    entries = list(table.assigned().items())
    index = _IdIndex([along.numpy() for _, along in entries])
    groups = list(graph.groups)
    for query in queries:
        heads = classes[query.numpy()]
        rows = {entries[e][0]: at for e, at in index.places(query.numpy()).items()}
        for number, group in enumerate(groups):
            if group.prunable and np.isin(heads, _classes_of(group, table, classes)).any():
                groups[number] = _made_up_for(group, heads, rows, table.roles)
    return replace(graph, groups=tuple(groups))


def _classes_of(group: Group, table: ParameterTable, classes: np.ndarray) -> np.ndarray:
    member = group.members[0]
    along = table.dimensions[member.parameter, member.dim].numpy()
    return np.asarray(classes[along[member.indices]])


class _IdIndex:
    """Finds where ids lie in many arrays of ids."""

    def __init__(self, arrays: list[np.ndarray]) -> None:
        self._starts = np.cumsum([0, *(len(array) for array in arrays)])
        self._flat = np.concatenate([np.zeros(0, np.int64), *arrays])

    def places(self, ids: np.ndarray) -> dict[int, np.ndarray]:
        """By the number of an array, the positions in it that hold any of `ids`."""
        hits = np.flatnonzero(np.isin(self._flat, ids))
        numbers = np.searchsorted(self._starts, hits, side="right") - 1
        return {n: hits[numbers == n] - self._starts[n] for n in np.unique(numbers).tolist()}


def _made_up_for(
    group: Group,
    queries: np.ndarray,
    rows: Mapping[tuple[str, int], np.ndarray],
    roles: Mapping[tuple[str, int], Role],
) -> Group:
    """Note the rows that make a query, classes ``(heads, width)``; refuse where that cannot do.

    Every head must lose the same widths, all of them of this group, and nothing may stand
    between the rows and the product.
    """
    heads = [set(head) for head in queries.tolist()]
    equal = all(head == heads[0] for head in heads) and len(heads[0]) == group.size
    plain = all(dim == 0 and roles[name, dim] == "output" for name, dim in rows)
    if not equal or not plain:
        return group.refused(str(scaled_by_width(group.name)))
    noted = {(of.parameter, of.rows.tobytes()) for of in group.rescales}  # a layer used twice
    rescales = [
        Rescale(name, found)
        for (name, _), found in rows.items()
        if (name, found.tobytes()) not in noted
    ]
    return replace(group, rescales=(*group.rescales, *rescales))


def _reason(classes: np.ndarray, pinned: dict[int, Reason]) -> str:
    if (reason := pinned.get(int(classes[0]))) is not None:
        return str(reason)
    return "" if len(classes) > 1 else str(TIED_TOGETHER)


def _signatures(
    touched: list[np.ndarray], class_count: int, pinned: dict[int, Reason]
) -> np.ndarray:
    """One number per class, equal for classes that touch the same slices equally often.

    Sums of random 64-bit numbers, one per table entry: a collision is a one in 2**64 chance.
    Classes that cannot be removed are kept apart from those that can, by their reason.
    """
    random = np.random.default_rng(_HASH_SEED)
    signatures = np.zeros(class_count, np.uint64)
    for along in touched:
        number = random.integers(1, 2**63, dtype=np.uint64)
        np.add.at(signatures, along, number)
    numbers: dict[Reason, int] = {}
    for class_, reason in pinned.items():
        salt = numbers.setdefault(reason, int(random.integers(1, 2**63)))
        signatures[class_] ^= np.uint64(salt)
    return signatures


def _by_signature(
    touched: list[np.ndarray], signatures: np.ndarray, no_channel: int
) -> list[np.ndarray]:
    """The classes of each group, groups and classes in the order they are first touched."""
    if not touched:
        return []
    flat = np.concatenate(touched)
    classes, first = np.unique(flat, return_index=True)
    ordered = classes[np.argsort(first, kind="stable")]
    ordered = ordered[ordered != no_channel]
    collected: dict[int, list[int]] = {}
    for class_ in ordered.tolist():
        collected.setdefault(int(signatures[class_]), []).append(class_)
    return [np.array(group) for group in collected.values()]


def _members(
    entries: list[tuple[tuple[str, int], Tensor]],
    roles: Mapping[tuple[str, int], Role],
    touched: list[np.ndarray],
    groups: list[np.ndarray],
    class_count: int,
) -> list[tuple[Member, ...]]:
    """The members of every group, in the order their parameters are used."""
    group_of = np.full(class_count, -1)
    channel_of = np.zeros(class_count, np.int64)
    for number, classes in enumerate(groups):
        group_of[classes] = number
        channel_of[classes] = np.arange(len(classes))
    members: list[list[Member]] = [[] for _ in groups]
    for (key, _), along in zip(entries, touched, strict=True):
        owners = group_of[along]
        for number in np.unique(owners[owners >= 0]).tolist():
            places = np.flatnonzero(owners == number)
            by_channel = places[np.argsort(channel_of[along[places]], kind="stable")]
            indices = by_channel.reshape(len(groups[number]), -1)
            members[number].append(Member(key[0], key[1], roles[key], indices))
    return [tuple(of_group) for of_group in members]


def _unique_names(firsts: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    names = []
    for first in firsts:
        seen[first] = seen.get(first, 0) + 1
        names.append(first if seen[first] == 1 else f"{first}#{seen[first]}")
    return names
