"""What stays true of a model through all its pruning: its dense layers, groups and units."""

from dataclasses import dataclass
from functools import cached_property

from torch import Tensor, nn

from workbench.criteria import criterion_named
from workbench.errors import ModelError, PlanError
from workbench.graph import ChannelGraph, analyze_channels
from workbench.graph.structure import Shapes, tensor_shapes
from workbench.layers import LayerInfo, list_layers
from workbench.pattern import Pattern
from workbench.plan import Plan
from workbench.progress import SILENT, Monitor
from workbench.units import Unit, channel_units, check_units, pattern_units, weight_units


@dataclass(frozen=True, eq=False)
class Anatomy:
    """The dense model, described.

    Attributes:
        layers: Every module that owns parameters.
        graph: Groups of coupled channels; empty if the model could not be traced.
        shapes: Shapes of all parameters and buffers.
        item_bytes: Bytes per element of every stored tensor (parameters, persistent buffers); of
            a shared one, by the first of its names.
        trace_failure: Why channels cannot be pruned at all; empty if they can.
    """

    layers: tuple[LayerInfo, ...]
    graph: ChannelGraph
    shapes: Shapes
    item_bytes: dict[str, int]
    trace_failure: str = ""

    @classmethod
    def of(
        cls, module: nn.Module, example_input: Tensor, *, monitor: Monitor = SILENT
    ) -> "Anatomy":
        """Describe a dense model; it is left as it is.

        Raises:
            ModelError: If the forward pass fails on the example input.
        """
        layers = list_layers(module, example_input)
        failure = ""
        try:
            graph = analyze_channels(module, example_input, monitor=monitor)
        except ModelError as error:
            graph, failure = ChannelGraph(()), str(error)
        shapes = tensor_shapes(module)
        stored = module.state_dict(keep_vars=True)
        item_bytes = {name: stored[name].element_size() for name in shapes if name in stored}
        return cls(layers, graph, shapes, item_bytes, failure)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know before pruning."""
        return (self.trace_failure,) if self.trace_failure else ()

    def units(self, granularity: str, pattern: str = "2:4") -> tuple[Unit, ...]:
        """What one slider drives under a granularity; the pattern matters to ``"n:m"`` only."""
        key = granularity, pattern if granularity == "n:m" else ""
        if key not in self._units:
            self._units[key] = self._find_units(*key)
        return self._units[key]

    def _find_units(self, granularity: str, pattern: str) -> tuple[Unit, ...]:
        if granularity == "channel":
            return channel_units(self.graph)
        if granularity == "weight":
            return weight_units(self.layers)
        return pattern_units(self.layers, Pattern.parse(pattern))

    @cached_property
    def _units(self) -> dict[tuple[str, str], tuple[Unit, ...]]:
        """Found so far: a slider asks at every move."""
        return {}

    def check(self, plan: Plan) -> None:
        """Refuse a plan that does not fit this model.

        Raises:
            PlanError: If it is no plan, or a unit with a ratio above 0 cannot be pruned.
            UnknownUnitError: If a unit does not exist.
            CriterionError: If there is no such criterion, or it cannot rank the granularity.
        """
        if not isinstance(plan, Plan):
            raise PlanError(
                f"a plan must be a workbench.Plan, got {plan!r}. Use for example "
                "Plan(ratio=0.5), or session.plan.with_ratios(0.5)."
            )
        criterion_named(plan.criterion).check_granularity(plan.granularity)
        check_units(plan, self.units(plan.granularity, plan.pattern))

    def layer(self, name: str) -> LayerInfo:
        """A layer by its name."""
        return next(layer for layer in self.layers if layer.name == name)
