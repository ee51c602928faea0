"""Which channels belong together, on networks small enough to tell by hand."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from networks import TRAPS, Groups, Network, Trap, conv, pooled
from torch import nn
from traps import EVERY_TRAP

from workbench.graph import ChannelGraph, Group, Member, analyze_channels
from workbench.graph.dry_run import DryRun
from workbench.graph.interpreter import Interpreter
from workbench.graph.rules_layers import layer_rules
from workbench.graph.trace import trace
from workbench.progress import Cancelled


def described(graph: ChannelGraph) -> Groups:
    return {group.name: (group.size, group.layers) for group in graph.prunable}


def reasons(graph: ChannelGraph) -> dict[str, str]:
    return {group.name: group.reason for group in graph.groups if not group.prunable}


@pytest.mark.parametrize("trap", EVERY_TRAP.values(), ids=EVERY_TRAP)
def test_groups_are_those_written_by_hand(trap: Trap) -> None:
    graph = analyze_channels(trap.make().eval(), torch.zeros(1, *trap.shape))
    assert described(graph) == trap.groups


def test_members_say_where_each_channel_lies() -> None:
    module = nn.Sequential(conv(3, 2), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 5))
    group = analyze_channels(module.eval(), torch.zeros(1, 3, 2, 2)).group("0")
    found = {(m.parameter, m.dim, m.role): m.indices.tolist() for m in group.members}
    assert found == {
        ("0.weight", 0, "output"): [[0], [1]],
        ("0.bias", 0, "output"): [[0], [1]],
        ("1.weight", 0, "elementwise"): [[0], [1]],
        ("1.bias", 0, "elementwise"): [[0], [1]],
        ("1.running_mean", 0, "elementwise"): [[0], [1]],
        ("1.running_var", 0, "elementwise"): [[0], [1]],
        ("3.weight", 1, "input"): [[0, 1, 2, 3], [4, 5, 6, 7]],
    }


def test_a_group_is_found_by_any_of_its_layers() -> None:
    trap = TRAPS["residual"]
    graph = analyze_channels(trap.make().eval(), torch.zeros(1, *trap.shape))
    assert graph.group("second").name == "stem"


def test_the_model_outputs_are_not_prunable() -> None:
    trap = TRAPS["chain"]
    graph = analyze_channels(trap.make().eval(), torch.zeros(1, *trap.shape))
    assert reasons(graph) == {"5": "these are the model outputs"}


def test_the_analysis_leaves_module_and_modes_untouched() -> None:
    module = TRAPS["residual"].make().train()
    module.get_submodule("first").eval()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    analyze_channels(module, torch.zeros(1, 3, 4, 4))
    assert module.training and not module.get_submodule("first").training
    assert all(torch.equal(before[name], tensor) for name, tensor in module.state_dict().items())


def test_an_operator_without_a_rule_names_itself_and_its_place() -> None:
    module = Network(
        lambda m, x: m.head(pooled(m.last(torch.cumsum(m.stem(x), 1)))),
        stem=conv(3, 4),
        last=conv(4, 6),
        head=nn.Linear(6, 5),
    )
    graph = analyze_channels(module.eval(), torch.zeros(1, 3, 4, 4))
    assert reasons(graph)["stem"].startswith("aten.cumsum has no pruning rule (at line ")
    assert "test_groups.py (lambda m, x: m.head(pooled(m.last(" in reasons(graph)["stem"]
    assert described(graph) == {"last": (6, ("last",))}


def test_a_mean_over_channels_pins_them_and_says_so() -> None:
    module = Network(
        lambda m, x: m.head(pooled(x := m.stem(x)) * x.mean(1).mean((1, 2))[:, None]),
        stem=conv(3, 4),
        head=nn.Linear(4, 5),
    )
    graph = analyze_channels(module.eval(), torch.zeros(1, 3, 4, 4))
    assert reasons(graph)["stem"].startswith("aten.mean mixes channels (at line ")


def test_a_hard_coded_view_is_found_and_the_line_named() -> None:
    module = Network(
        lambda m, x: m.head(m.stem(x).view(-1, 4 * 16)),
        stem=conv(3, 4),
        head=nn.Linear(64, 5),
    )
    graph = analyze_channels(module.eval(), torch.zeros(1, 3, 4, 4))
    assert "view(-1, 4 * 16)" in reasons(graph)["stem"]


def test_a_group_whose_removal_changes_the_output_shape_is_refused() -> None:
    module = conv(3, 6)
    outputs = Member("weight", 0, "output", np.arange(6).reshape(6, 1))
    bias = Member("bias", 0, "output", np.arange(6).reshape(6, 1))
    claimed = ChannelGraph((Group("stem", 6, ("stem",), (outputs, bias)),))
    example = torch.zeros(1, 3, 4, 4)
    tape, stand_ins = trace(module.eval(), example)
    run = Interpreter(module, layer_rules())
    run.run(tape)
    graph = DryRun(module, [example], run, stand_ins).refuse_hard_coded_sizes(claimed)
    assert "(1, 4, 4, 4) instead of (1, 6, 4, 4)" in reasons(graph)["stem"]


def test_only_the_groups_with_a_hard_coded_size_are_refused() -> None:
    module = Network(
        lambda m, x: m.head(m.last(F.relu(m.stem(x))).reshape(-1, 6 * 16)),
        stem=conv(3, 4),
        last=conv(4, 6),
        head=nn.Linear(96, 5),
    )
    graph = analyze_channels(module.eval(), torch.zeros(1, 3, 4, 4))
    assert described(graph) == {"stem": (4, ("stem",))}


def test_channels_picked_by_fixed_positions_are_pinned() -> None:
    module = Network(
        lambda m, x: m.head(pooled(m.stem(x)[:, [0, 2, 4]])),
        stem=conv(3, 6),
        head=nn.Linear(3, 5),
    )
    graph = analyze_channels(module.eval(), torch.zeros(1, 3, 4, 4))
    assert "fixed positions" in reasons(graph)["stem"]


def test_a_scalar_that_serves_all_channels_cannot_go_but_they_can() -> None:
    module = Network(
        lambda m, x: m.head(pooled(m.stem(x) * torch.sigmoid(m.gate(x)))),
        stem=conv(3, 6),
        gate=conv(3, 1, 1),
        head=nn.Linear(6, 5),
    )
    graph = analyze_channels(module.eval(), torch.zeros(1, 3, 4, 4))
    assert described(graph) == {"stem": (6, ("stem",))}


def test_a_graph_survives_json_with_every_index() -> None:
    trap = TRAPS["depthwise with multiplier"]
    graph = analyze_channels(trap.make().eval(), torch.zeros(1, *trap.shape))
    entry = graph.to_json()[0]
    depthwise = next(m for m in entry["members"] if m["parameter"] == "depthwise.weight")
    assert depthwise["indices"] == [[0, 1], [2, 3], [4, 5], [6, 7]]
    assert entry["size"] == np.int64(4)


def test_cancelling_stops_the_analysis() -> None:
    class Stop:
        def report(self, done: float, total: float, message: str = "") -> None:
            raise Cancelled

    with pytest.raises(Cancelled):
        analyze_channels(TRAPS["chain"].make(), torch.zeros(1, 3, 4, 4), monitor=Stop())
