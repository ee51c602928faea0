"""A network whose gradients can be reckoned by hand, and what all of them are.

One input number x, three hidden channels ``h = relu(w x)`` with ``w = (1, 2, 4)``, two class
scores ``v h`` with ``v = ((1, 1, 1), (3, 2, 0))``. For x > 0 both scores are 7 x, so that both
classes have probability 1/2, and for label 0 the loss has the gradient (-1/2, 1/2) by the scores.

x = 1:  h = (1, 2, 4)
        gradient of v = ((-1/2, -1, -2), (1/2, 1, 2)), times v = ((-1/2, -1, -2), (3/2, 2, 0))
        by channel, over the weights that read it: 1, 1, -2
        gradient of w = (1, 1/2, -1/2), times w = (1, 1, -2)
x = 2:  everything is doubled.
"""

import torch
from torch import Tensor, nn

from workbench.criteria import Evidence
from workbench.plan import Plan
from workbench.pruned import PrunedModel

HIDDEN, READERS = "0", "2"
ONE_AND_TWO = [(torch.tensor([[1.0], [2.0]]), torch.tensor([0, 0]))]


def hand_net() -> nn.Sequential:
    net = nn.Sequential(nn.Linear(1, 3, bias=False), nn.ReLU(), nn.Linear(3, 2, bias=False))
    net[0].weight.data = torch.tensor([[1.0], [2.0], [4.0]])
    net[2].weight.data = torch.tensor([[1.0, 1, 1], [3, 2, 0]])
    return net.eval()


def scored(
    model: PrunedModel, plan: Plan, data: list[tuple[Tensor, Tensor]] = ONE_AND_TWO
) -> dict[str, list[float]]:
    """By unit name, the scores by evidence from `data`."""
    evidence: Evidence = model.gather(plan, data)
    return {name: own.tolist() for name, own in model.scores(plan, evidence).items()}
