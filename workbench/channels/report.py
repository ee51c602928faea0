"""All there is to see of the channels of one unit of the current model."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from workbench.channels.importances import Importances, importances
from workbench.channels.pictures import WeightPictures, weight_pictures
from workbench.channels.producer import Producer, producer_of
from workbench.channels.responses import Responses, responses, why_uncorrelated
from workbench.criteria import Evidence
from workbench.data.dataset import Dataset
from workbench.onnx_graph import OnnxGraph
from workbench.plan import Plan
from workbench.progress import SILENT, Monitor, Part
from workbench.pruned import PrunedModel
from workbench.units import check_units


@dataclass(frozen=True, eq=False)
class ChannelReport:
    """What the channels of a unit are like; every array counts channels as the dense model does.

    Attributes:
        unit: Its name.
        layer: The first layer that makes the channels: weights and responses are its own, while
            importances are of the whole unit. Empty if no such layer stores its weight.
        size: How many channels the dense model has.
        alive: Shape ``(channels,)``, bool: what is left of them.
        weights: Pictures of the weights, if there are any.
        responses: Answers to the probe set, if they can be read.
        importances: Ranks by every criterion at hand.
        notes: What is not shown, or only in part, and why.
    """

    unit: str
    layer: str
    size: int
    alive: np.ndarray
    weights: WeightPictures | None
    responses: Responses | None
    importances: Importances
    notes: tuple[str, ...] = ()


def report_channels(
    model: PrunedModel,
    dataset: Dataset,
    unit: str,
    *,
    evidence: Mapping[str, Evidence] | None = None,
    graph: OnnxGraph | None = None,
    seed: int = 0,
    monitor: Monitor = SILENT,
) -> ChannelReport:
    """Look at every channel of a unit; the model is left untouched.

    Args:
        model: The current model.
        dataset: Its probe set is answered.
        unit: A unit of granularity ``"channel"``.
        evidence: By criterion, what `model.gather` found in this model.
        graph: The model's, if it is at hand; it answers faster.
        seed: The plan's.
        monitor: Receives progress; may cancel.

    Raises:
        UnknownUnitError: If there is no such unit.
        Cancelled: If the monitor was cancelled.
    """
    check_units(Plan().lock(unit), model.anatomy.units("channel"))
    group = model.anatomy.graph.group(unit)
    alive = model.alive("channel")[unit]
    producer = producer_of(model, group)
    found: Responses | None = None
    if producer is not None and producer.channel_axis is not None and alive.any():
        shape = model.anatomy.layer(producer.layer).output_shape
        part = Part(monitor, 0, 90, 100)
        found = responses(model.module, producer, dataset, group.size, shape, part, graph)
    ranked = importances(model, group, evidence or {}, seed, Part(monitor, 90, 100, 100))
    return ChannelReport(
        unit=unit,
        layer="" if producer is None else producer.layer,
        size=group.size,
        alive=alive,
        weights=None if producer is None else weight_pictures(producer, group.size),
        responses=found,
        importances=ranked,
        notes=_notes(group.layers, producer, found),
    )


def _notes(
    layers: tuple[str, ...], producer: Producer | None, found: Responses | None
) -> tuple[str, ...]:
    if producer is None:
        return ("no layer that makes these channels stores its weight: only importances are shown",)
    notes = []
    if len(layers) > 1:
        others = len(layers) - 1
        notes.append(
            f"{len(layers)} layers make these channels together: weights and responses are those "
            f"of {producer.layer}; importance counts the other {others} as well"
        )
    if producer.filters > 1:
        notes.append(f"a channel is {producer.filters} filters of the layer; the first is shown")
    if found is None:
        notes.append(f"responses of a {type(producer.module).__name__} cannot be told by channel")
    elif why := why_uncorrelated(len(producer.numbers)):
        notes.append(why)
    return tuple(notes)
