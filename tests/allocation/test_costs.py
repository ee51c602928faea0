"""Costs of many choices at once are those of the prediction, one at a time."""

import numpy as np
import pytest
import torch
from networks import TRAPS, Trap

from workbench.allocation.costs import CostModel, dense_costs
from workbench.anatomy import Anatomy
from workbench.measure.energy import layer_energies
from workbench.plan import Plan
from workbench.predict import Predictor
from workbench.pruned import PrunedModel
from workbench.widths import Widths


@pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS)
def test_costs_are_those_of_the_prediction(trap: Trap) -> None:
    torch.manual_seed(0)
    module = trap.make().eval()
    model = PrunedModel(Anatomy.of(module, torch.zeros(1, *trap.shape)), module)
    units = [unit for unit in model.anatomy.units("channel") if unit.prunable]
    costs = CostModel.of(model, [unit.name for unit in units])
    predictor = Predictor(model)
    random = np.random.default_rng(0)
    for _ in range(5):
        ratios = {unit.name: float(random.uniform(0, 0.9)) for unit in units}
        found = predictor.predict(Plan().with_ratios(ratios))
        kept = np.array([found.kept[unit.name] for unit in units])
        for metric in ("parameters", "macs", "size_bytes"):
            assert costs.cost(metric, kept) == getattr(found, metric)
        computed = sum(
            energy.millijoules(energy.shape)
            for energy in layer_energies(model.anatomy.layers)
            if not energy.weight
        )
        picojoules = costs.cost("energy", kept)
        assert picojoules / 1e9 + computed == pytest.approx(found.energy_mj, rel=1e-12)


def test_costs_after_pruning_count_what_is_left() -> None:
    trap = TRAPS["residual"]
    module = trap.make().eval()
    dense = PrunedModel(Anatomy.of(module, torch.zeros(1, *trap.shape)), module)
    pruned, _ = dense.prune(Plan(ratio=0.5))
    units = [unit.name for unit in pruned.anatomy.units("channel") if unit.prunable]
    kept = np.array([int(pruned.alive("channel")[unit].sum()) for unit in units])
    now = CostModel.of(pruned, units).cost("parameters", kept)
    assert now == sum(p.numel() for p in pruned.module.parameters())
    assert dense_costs(pruned)["parameters"] == sum(p.numel() for p in module.parameters())


def test_a_side_of_a_tensor_counts_by_itself() -> None:
    trap = TRAPS["residual"]
    module = trap.make().eval()
    model = PrunedModel(Anatomy.of(module, torch.zeros(1, *trap.shape)), module)
    units = [unit.name for unit in model.anatomy.units("channel") if unit.prunable]
    weight = next(layer.weight_name for layer in model.anatomy.layers if layer.weight_name)
    widths = Widths.of(model, units, [(weight, 0), (weight, 1), ("no such tensor", 0)])
    assert widths.tensors[-1] == (weight, 0), "the first layer reads what no unit makes"
    kept = np.array([int(flags.sum()) for flags in map(model.alive("channel").get, units)])
    kept[:] //= 2
    start = widths.starts[widths.tensors.index(weight)]
    lengths = widths.at(kept)
    assert lengths[-1] == lengths[start] < model.anatomy.shapes[weight][0]
