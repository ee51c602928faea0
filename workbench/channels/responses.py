"""How channels answer the probe set: maps, means by class, and which of them answer alike.

Memory is bounded whatever the model and the data: activations are read batch by batch, a batch
holding at most 32 MiB of what the layer puts out (or one input); maps take at most 4 MiB; the
products for correlations take ``8 * channels ** 2`` bytes, and units with more than 4,096 channels
go without.
"""

import copy
import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workbench.channels.capture import Capture
from workbench.channels.producer import Producer
from workbench.channels.reaching import Reach
from workbench.data.dataset import Dataset
from workbench.errors import ExportError
from workbench.onnx_graph import OnnxGraph
from workbench.progress import SILENT, Monitor
from workbench.sensitivity.routes import check_scores

BATCH_BYTES = 32 << 20
MAPS_BYTES = 4 << 20
MOST_CORRELATED = 4096
LARGEST_MAP = 16
LARGEST_IMAGE = 32
MOST_IMAGES, FEWEST_IMAGES = 24, 3

_LARGEST_BATCH = 64
_CHECKED = 4
_CELLS = 4
"""Correlations are over the mean responses in a grid of 4 x 4 cells of every probe image."""


@dataclass(frozen=True, eq=False)
class ProbeImage:
    """An image of the probe set that maps are shown of.

    Attributes:
        number: Its place in the probe set.
        label: Number of its class.
        pixels: Shape ``(height, width, 3)``, uint8, stretched to its own range; empty where
            inputs are no images.
    """

    number: int
    label: int
    pixels: np.ndarray


@dataclass(frozen=True, eq=False)
class Responses:
    """What a layer puts out for the probe set, channel by channel; rows of gone ones are 0 or nan.

    It is the layer's own output, before any normalisation or activation function.

    Attributes:
        images: The images that maps are shown of, one of each class first.
        maps: Shape ``(channels, images, height, width)``, uint8: 0 and 255 are the least and the
            most of the channel over these images.
        class_means: Mean response by class, shape ``(channels, classes)``, float32; nan for
            classes that the probe set lacks.
        neighbours: Shape ``(channels,)``, int32: number of the other channel whose responses have
            the strongest linear correlation of either sign; -1 where there is none.
        correlations: That correlation, shape ``(channels,)``, float32, in [-1, 1]; nan likewise.
        inputs: How many probe inputs this is from.
    """

    images: tuple[ProbeImage, ...]
    maps: np.ndarray
    class_means: np.ndarray
    neighbours: np.ndarray
    correlations: np.ndarray
    inputs: int


def responses(
    module: nn.Module,
    producer: Producer,
    dataset: Dataset,
    size: int,
    output_shape: tuple[int, ...],
    monitor: Monitor = SILENT,
    graph: OnnxGraph | None = None,
) -> Responses | None:
    """Run the probe set up to a layer; the module is left alone, a copy is run.

    Args:
        module: The current model.
        producer: The layer; its `channel_axis` is known.
        dataset: Its probe set is read.
        size: How many channels the dense model has.
        output_shape: Of the layer for one input, as far as known.
        monitor: Told after every batch; may cancel.
        graph: The module's, if it is at hand: what comes before a convolution is run by it then,
            unless the first answers are not the module's.

    Returns:
        None if the layer's output cannot be told apart by input and channel.

    Raises:
        Cancelled: If the monitor was cancelled.
    """
    each = max(1, math.prod(output_shape)) * 4
    batch = min(_LARGEST_BATCH, max(1, BATCH_BYTES // each))
    with torch.inference_mode():
        capture = Capture(copy.deepcopy(module).eval(), producer)
        reach = None if graph is None else _reach(graph, producer.layer, capture, dataset)
        tally = _tally(capture, reach, dataset, batch, monitor)
    return None if tally is None else tally.responses(producer.numbers, size)


def _reach(graph: OnnxGraph, layer: str, capture: Capture, dataset: Dataset) -> Reach | None:
    """The graph up to a layer, if its first answers are the module's."""
    if capture.device.type != "cpu":
        return None
    inputs = next(iter(dataset.probe.batches(_CHECKED)))[0][:_CHECKED]
    try:
        reach = Reach(graph, layer)
        own, found = capture.run(inputs), capture.run(inputs, reach)
        if own is None or found is None:
            return None
        check_scores(own.numpy(), found.numpy(), layer)
    except ExportError:  # slower, but exact as well
        return None
    return reach


def _tally(
    capture: Capture, reach: Reach | None, dataset: Dataset, batch: int, monitor: Monitor
) -> "_Tally | None":
    total, done = len(dataset.probe), 0
    tally: _Tally | None = None
    for inputs, labels in dataset.probe.batches(batch):
        monitor.report(done, total, "reading how channels respond")
        images = capture.run(inputs.to(capture.device), reach)
        if images is None:
            return None
        if tally is None:
            tally = _Tally(dataset, *images.shape[1:])
        tally.add(inputs, images, labels, done)
        done += len(labels)
    return tally


def why_uncorrelated(channels: int) -> str:
    """Why so many channels have no correlations, in words; empty if they have."""
    if channels <= MOST_CORRELATED:
        return ""
    return f"correlations are computed for at most {MOST_CORRELATED:,} channels"


class _Tally:
    """Adds up batches of responses ``(B, C, H, W)`` of the channels left."""

    def __init__(self, dataset: Dataset, channels: int, height: int, width: int) -> None:
        self._map = min(height, LARGEST_MAP), min(width, LARGEST_MAP)
        self._grid = min(height, _CELLS), min(width, _CELLS)
        fitting = MAPS_BYTES // max(1, channels * math.prod(self._map))
        most = min(MOST_IMAGES, max(FEWEST_IMAGES, fitting))
        self._chosen = _chosen(dataset.probe.labels, most)
        self._images: dict[int, ProbeImage] = {}
        self._maps: dict[int, Tensor] = {}
        self._sums = torch.zeros(len(dataset.classes), channels, dtype=torch.float64)
        self._counts = torch.zeros(len(dataset.classes), dtype=torch.float64)
        correlated = 0 if why_uncorrelated(channels) else channels
        self._products = torch.zeros(correlated, correlated, dtype=torch.float64)
        self._total = torch.zeros(channels, dtype=torch.float64)
        self._samples = 0
        self._inputs = 0

    def add(self, inputs: Tensor, images: Tensor, labels: Tensor, start: int) -> None:
        self._sums.index_add_(0, labels, images.mean((2, 3)).double())
        self._counts += torch.bincount(labels, minlength=len(self._counts))
        cells = F.adaptive_avg_pool2d(images, self._grid)
        rows = cells.permute(0, 2, 3, 1).flatten(0, 2).double()
        self._total += rows.sum(0)
        self._samples += len(rows)
        self._inputs += len(labels)
        if len(self._products):
            self._products += rows.T @ rows
        for offset in range(len(labels)):
            if (number := start + offset) in self._chosen:
                label = int(labels[offset])
                self._images[number] = ProbeImage(number, label, _thumbnail(inputs[offset]))
                self._maps[number] = F.adaptive_avg_pool2d(images[offset], self._map)

    def responses(self, numbers: np.ndarray, size: int) -> Responses:
        shown = [number for number in self._chosen if number in self._maps]
        maps = np.zeros((size, len(shown), *self._map), np.uint8)
        if shown:
            maps[numbers] = _quantised(torch.stack([self._maps[n] for n in shown], 1))
        means = np.full((size, len(self._counts)), np.nan, np.float32)
        counts = torch.where(self._counts > 0, self._counts, torch.nan)
        means[numbers] = (self._sums / counts[:, None]).T.float().numpy()
        neighbours, correlations = np.full(size, -1, np.int32), np.full(size, np.nan, np.float32)
        if len(self._products) > 1:
            place, strength = _strongest(self._correlations())
            neighbours[numbers] = np.where(np.isnan(strength), -1, numbers[place])
            correlations[numbers] = strength
        images = tuple(self._images[number] for number in shown)
        return Responses(images, maps, means, neighbours, correlations, self._inputs)

    def _correlations(self) -> np.ndarray:
        mean = self._total / self._samples
        covariance = (self._products / self._samples - torch.outer(mean, mean)).numpy()
        deviation = np.sqrt(np.maximum(np.diag(covariance), 0))
        scale = np.sqrt(np.diag(self._products.numpy()) / self._samples)
        # What rounding leaves of the variance of a constant channel is no response.
        deviation[deviation <= 1e-6 * np.maximum(scale, 1e-30)] = np.nan
        return np.asarray(covariance / np.outer(deviation, deviation))


def _strongest(correlations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each row, the place of its entry of the largest magnitude, itself left out."""
    magnitudes = np.nan_to_num(np.abs(correlations), nan=-1.0)
    np.fill_diagonal(magnitudes, -1.0)
    places = magnitudes.argmax(axis=1)
    rows = np.arange(len(places))
    strength = np.where(magnitudes[rows, places] < 0, np.nan, correlations[rows, places])
    return places, np.clip(strength, -1, 1)


def _chosen(labels: Tensor, most: int) -> list[int]:
    """Places of at most so many inputs: the first of each class, then the second, and so on."""
    seen: dict[int, int] = {}
    turns = []
    for number, label in enumerate(labels.tolist()):
        turns.append((seen.get(label, 0), label, number))
        seen[label] = seen.get(label, 0) + 1
    return [number for _, _, number in sorted(turns)[:most]]


def _quantised(maps: Tensor) -> np.ndarray:
    """Maps ``(C, images, h, w)`` as uint8, each channel over its own range."""
    low, high = maps.amin((1, 2, 3), keepdim=True), maps.amax((1, 2, 3), keepdim=True)
    span = torch.where(high > low, high - low, 1.0)
    pixels: np.ndarray = ((maps - low) / span * 255).round().to(torch.uint8).cpu().numpy()
    return pixels


def _thumbnail(image: Tensor) -> np.ndarray:
    """An input ``(C, H, W)`` as a small RGB picture; anything else as an empty one."""
    if image.dim() != 3:
        return np.zeros((0, 0, 3), np.uint8)
    height, width = (min(side, LARGEST_IMAGE) for side in image.shape[1:])
    planes = image[:3] if len(image) >= 3 else image[:1].expand(3, -1, -1)
    small = F.adaptive_avg_pool2d(planes.float(), (height, width))
    low, high = small.min(), small.max()
    stretched = (small - low) / (high - low) if high > low else torch.zeros_like(small)
    pixels: np.ndarray = (stretched * 255).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()
    return np.ascontiguousarray(pixels)
