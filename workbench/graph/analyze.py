"""Which channels belong together: the whole analysis of one model."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from workbench.graph.dry_run import DryRun
from workbench.graph.grouping import build_groups, make_up_for_scales
from workbench.graph.groups import ChannelGraph
from workbench.graph.interpreter import Interpreter
from workbench.graph.left_out import left_out
from workbench.graph.precheck import check_traceable
from workbench.graph.rules_attention import attention_rules
from workbench.graph.rules_elementwise import elementwise_rules
from workbench.graph.rules_images import image_rules
from workbench.graph.rules_layers import layer_rules
from workbench.graph.rules_movement import movement_rules
from workbench.graph.rules_shape import shape_rules
from workbench.graph.table import ParameterTable
from workbench.graph.ties import held_to_one_number, projections_like, tie_groups, tie_widths
from workbench.graph.trace import trace
from workbench.layers import WEIGHTED
from workbench.modes import evaluation_mode
from workbench.progress import SILENT, Monitor

_RULES = (
    elementwise_rules()
    | shape_rules()
    | movement_rules()
    | image_rules()
    | layer_rules()
    | attention_rules()
)


def analyze_channels(
    module: nn.Module, example_input: Tensor, *, monitor: Monitor = SILENT
) -> ChannelGraph:
    """Find the groups of channels of `module` that can only be removed together.

    Networks that run further layers while they train (auxiliary heads) are traced in both modes.
    The traced forward pass is run on channel ids: layers hand out ids, data movement carries
    them, element-wise operators unite them, and whatever cannot be followed pins them with a
    reason. Sizes that the forward pass hard-codes are then found by a dry run without data.

    Args:
        module: Any module; it is left as it is, its mode included.
        example_input: An input batch, shape ``(B, ...)``.
        monitor: Receives progress and may cancel.

    Raises:
        ModelError: If the module cannot be traced, with what to do about it.
        Cancelled: If the monitor says so.
    """
    check_traceable(module, example_input)
    run = Interpreter(module, _RULES)
    with evaluation_mode(module):
        tape, stand_ins = trace(module, example_input)
        inputs = [example_input]
        run.run(tape, monitor)
        if _unseen_layers(module, run.table):
            inputs.append(torch.cat([example_input[:1]] * 2))  # batch norm needs two to train
            module.train()
            tape, stand_ins = trace(module, inputs[1])
            run.run(tape, monitor)
            module.eval()
        run.table.finish()
        dry_run = DryRun(module, inputs, run, stand_ins, monitor)
        graph = _follow_widths(module, run, dry_run)
        queries = [*run.scaled_queries, *dry_run.scaled]
        graph = make_up_for_scales(graph, run.ids, run.table, queries)
    return replace(graph, groups=(*graph.groups, *left_out(module, graph, run.refused, run.table)))


def _follow_widths(module: nn.Module, run: Interpreter, dry_run: DryRun) -> ChannelGraph:
    """Build the groups, tying widths that the code takes from one another until it runs."""
    graph = build_groups(run.ids, run.table)
    tied: set[str] = set()
    while complaint := dry_run.complaint(graph, graph.prunable):
        new = projections_like(module, complaint.place, run.table) - tied
        if pairs := held_to_one_number(module, complaint.place, dry_run.sizes, graph):
            tie_groups(pairs, run.ids, run.table)
        elif new:
            tie_widths(new, run.ids, run.table)
            tied |= new
        else:
            return dry_run.refuse_hard_coded_sizes(graph)
        graph = build_groups(run.ids, run.table)
    return replace(graph, sizes=tuple(dry_run.sizes))


def _unseen_layers(module: nn.Module, table: ParameterTable) -> bool:
    """Whether a layer took no part in evaluation: it may in training."""
    return any(
        (f"{path}.weight", 0) not in table.dimensions
        for path, part in module.named_modules()
        if isinstance(part, WEIGHTED)
    )
