"""Element-wise operators, and products and norms over channels."""

import torch
import torch.nn.functional as F
from networks import Network, Trap, conv, pooled
from torch import Tensor, nn


def in_place() -> nn.Module:
    def run(m: nn.Module, x: Tensor) -> Tensor:
        y = m.first(x)
        y += m.second(x)
        y.relu_()
        y.mul_(2).clamp_(max=3)
        return m.head(pooled(y))

    return Network(run, first=conv(3, 8), second=conv(3, 8), head=nn.Linear(8, 5))


def gated_linear_unit(dim: int) -> nn.Module:
    if dim == 1:
        return Network(
            lambda m, x: m.head(pooled(F.glu(m.stem(x), 1))), stem=conv(3, 8), head=nn.Linear(4, 5)
        )
    return Network(
        lambda m, x: m.head(F.glu(m.stem(x)).mean(1)), stem=nn.Linear(3, 8), head=nn.Linear(4, 5)
    )


def swish_gate() -> nn.Module:
    """The feed-forward part of many language models."""
    return Network(
        lambda m, x: m.down(F.silu(m.gate(x)) * m.up(x)),
        gate=nn.Linear(6, 10),
        up=nn.Linear(6, 10),
        down=nn.Linear(10, 6),
    )


def chosen() -> nn.Module:
    return Network(
        lambda m, x: m.head(pooled(torch.where(m.switch(x) > 0, m.first(x), m.second(x)))),
        switch=conv(3, 6),
        first=conv(3, 6),
        second=conv(3, 6),
        head=nn.Linear(6, 5),
    )


def summed_by_einsum() -> nn.Module:
    return Network(
        lambda m, x: m.head(torch.einsum("bchw,bc->bc", m.stem(x), m.gate(pooled(x)))),
        stem=conv(3, 8),
        gate=nn.Linear(3, 8),
        head=nn.Linear(8, 5),
    )


def normalised() -> nn.Module:
    """Removed channels are 0 when masked, so the length of a vector does not count them."""
    return Network(
        lambda m, x: m.head(F.normalize(pooled(m.stem(x)))), stem=conv(3, 6), head=nn.Linear(6, 5)
    )


def normalised_after_a_gate() -> nn.Module:
    """A sigmoid makes 0.5 of a masked channel; times a masked channel that is 0 again."""
    return Network(
        lambda m, x: m.head(F.normalize(torch.sigmoid(m.gate(x)) * m.value(x))),
        gate=nn.Linear(4, 6),
        value=nn.Linear(4, 6),
        head=nn.Linear(6, 5),
    )


ELEMENTWISE_TRAPS = {
    "in place": Trap(in_place, (3, 4, 4), {"first": (8, ("first", "second"))}),
    "gated linear unit of images": Trap(
        lambda: gated_linear_unit(1), (3, 4, 4), {"stem": (4, ("stem",))}
    ),
    "gated linear unit of tokens": Trap(
        lambda: gated_linear_unit(2), (6, 3), {"stem": (4, ("stem",))}
    ),
    "swish gate": Trap(swish_gate, (4, 6), {"gate": (10, ("gate", "up"))}),
    "where": Trap(chosen, (3, 4, 4), {"switch": (6, ("switch", "first", "second"))}),
    "einsum": Trap(summed_by_einsum, (3, 4, 4), {"stem": (8, ("stem", "gate"))}),
    "normalised": Trap(normalised, (3, 4, 4), {"stem": (6, ("stem",))}),
    "normalised after a gate": Trap(
        normalised_after_a_gate, (4,), {"gate": (6, ("gate", "value"))}
    ),
}
