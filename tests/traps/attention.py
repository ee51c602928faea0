"""Attention as people write it. Hidden widths are always prunable; widths of heads where the
number that the code keeps can follow.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from networks import Trap
from torch import Tensor, nn

TOKENS, WIDTH, HEADS = 6, 12, 3

Projections = tuple[Tensor, Tensor, Tensor]
Weigh = Callable[["Attention", Tensor, Tensor, Tensor], Tensor]


class Attention(nn.Module):
    """Separate projections, heads four wide; how they are weighed is given.

    Args:
        weigh: From query, key and value, each ``(batch, heads, tokens, width)``.
        key_heads: Of key and value.
        inferred: Whether the width of a head is left to ``view``; else a number of the module.
    """

    def __init__(self, weigh: Weigh, key_heads: int = HEADS, *, inferred: bool = False) -> None:
        super().__init__()
        self.heads, self.key_heads, self.head_width = HEADS, key_heads, 4
        self.scale = self.head_width**-0.5
        self.query = nn.Linear(WIDTH, HEADS * 4)
        self.key, self.value = nn.Linear(WIDTH, key_heads * 4), nn.Linear(WIDTH, key_heads * 4)
        self.out = nn.Linear(HEADS * 4, WIDTH)
        self._weigh, self.inferred = weigh, inferred

    def forward(self, x: Tensor) -> Tensor:
        batch, tokens, _ = x.shape
        width = -1 if self.inferred else self.head_width
        query = self.query(x).view(batch, tokens, self.heads, width).transpose(1, 2)
        key = self.key(x).view(batch, tokens, self.key_heads, width).transpose(1, 2)
        value = self.value(x).view(batch, tokens, self.key_heads, width).transpose(1, 2)
        weighed = self._weigh(self, query, key, value)
        return self.out(weighed.transpose(1, 2).flatten(2))


class Fused(nn.Module):
    """One projection for query, key and value; the width of a head follows that of the input."""

    def __init__(self, *, scaled_inside: bool) -> None:
        super().__init__()
        self.heads, self.scaled_inside = HEADS, scaled_inside
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        batch, tokens, width = x.shape
        fused = self.qkv(x).reshape(batch, tokens, 3, self.heads, width // self.heads)
        query, key, value = fused.permute(2, 0, 3, 1, 4)
        if self.scaled_inside:
            weighed = F.scaled_dot_product_attention(query, key, value)
        else:
            query = query * (width // self.heads) ** -0.5
            weighed = (query @ key.transpose(-2, -1)).softmax(-1) @ value
        return self.out(weighed.transpose(1, 2).reshape(batch, tokens, width))


class SelfAttention(nn.MultiheadAttention):
    """PyTorch's own."""

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(x, x, x, need_weights=False)[0]


class Block(nn.Module):
    """Embedding, attention and a hidden layer, each around a residual stream."""

    def __init__(self, attention: nn.Module, times: int = 1) -> None:
        super().__init__()
        self.embed, self.attention, self.times = nn.Linear(5, WIDTH), attention, times
        self.wide, self.narrow = nn.Linear(WIDTH, 20), nn.Linear(20, WIDTH)
        self.head = nn.Linear(WIDTH, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x)
        for _ in range(self.times):
            x = x + self.attention(x)
        x = x + self.narrow(F.gelu(self.wide(x)))
        return self.head(x.mean(1))


def fused_operator(m: Attention, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(query, key, value)


def by_stored_scale(m: Attention, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    return (query @ key.transpose(-2, -1) * m.scale).softmax(-1) @ value


def by_scale_of_the_width(m: Attention, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """As written for language models: the scale follows the width of a head."""
    return (query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])).softmax(-1) @ value


def by_einsum(m: Attention, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    scores = torch.einsum("bhqd,bhkd->bhqk", query, key) * m.scale
    return torch.einsum("bhqk,bhkd->bhqd", scores.softmax(-1), value)


def repeated(m: Attention, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    each = m.heads // m.key_heads
    key, value = key.repeat_interleave(each, 1), value.repeat_interleave(each, 1)
    return fused_operator(m, query, key, value)


def expanded(m: Attention, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    batch, _, tokens, width = key.shape
    each = m.heads // m.key_heads
    key, value = (
        tensor[:, :, None].expand(batch, m.key_heads, each, tokens, width).reshape(query.shape)
        for tensor in (key, value)
    )
    return fused_operator(m, query, key, value)


def grouped(m: Attention, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(query, key, value, enable_gqa=True)


STREAM = (WIDTH, ("embed", "attention.out", "narrow"))
WIDE = (20, ("wide",))


def separate(
    weigh: Weigh, key_heads: int = HEADS, *, inferred: bool = False, times: int = 1
) -> Trap:
    """Heads of one width each for query and key, and for the value, if the code leaves it open;
    a number of the module holds all three to one.
    """
    query, key, value = (f"attention.{name}" for name in ("query", "key", "value"))
    widths = {query: (4, (query, key)), value: (4, (value,))}
    if not inferred:
        widths = {query: (4, (query, key, value))}
    return Trap(
        lambda: Block(Attention(weigh, key_heads, inferred=inferred), times),
        (TOKENS, 5),
        {"embed": STREAM, **widths, "wide": WIDE},
    )


ALL_ONE_WIDTH = {
    "embed": (4, ("embed", "attention.qkv", "attention.out", "narrow")),
    "wide": WIDE,
}

ATTENTION_TRAPS = {
    "attention, fused operator": separate(fused_operator),
    "attention, stored scale": separate(by_stored_scale),
    "attention, scale of the width": separate(by_scale_of_the_width),
    "attention, einsum": separate(by_einsum),
    "attention, width inferred, fused operator": separate(fused_operator, inferred=True),
    "attention, width inferred, stored scale": separate(by_stored_scale, inferred=True),
    "attention, width inferred, scale of the width": separate(by_scale_of_the_width, inferred=True),
    "attention used twice": separate(fused_operator, inferred=True, times=2),
    "grouped queries, repeated": separate(repeated, 1),
    "grouped queries, expanded": separate(expanded, 1),
    "grouped queries, fused operator": separate(grouped, 1),
    "grouped queries, width inferred": separate(grouped, 1, inferred=True),
    "attention, one projection, fused operator": Trap(
        lambda: Block(Fused(scaled_inside=True)), (TOKENS, 5), ALL_ONE_WIDTH
    ),
    "attention, one projection, scale of the width": Trap(
        lambda: Block(Fused(scaled_inside=False)), (TOKENS, 5), ALL_ONE_WIDTH
    ),
    "nn.MultiheadAttention": Trap(
        lambda: Block(SelfAttention(WIDTH, HEADS, batch_first=True)),
        (TOKENS, 5),
        {"embed": (4, ("embed", "attention", "attention.out_proj", "narrow")), "wide": WIDE},
    ),
}
