"""Every network of one construct whose prunable groups are written by hand."""

from networks import TRAPS

from traps.attention import ATTENTION_TRAPS
from traps.elementwise import ELEMENTWISE_TRAPS
from traps.layers import LAYER_TRAPS
from traps.movement import MOVEMENT_TRAPS

EVERY_TRAP = TRAPS | LAYER_TRAPS | MOVEMENT_TRAPS | ELEMENTWISE_TRAPS | ATTENTION_TRAPS

__all__ = ["EVERY_TRAP"]
