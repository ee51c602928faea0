"""The ways to recover accuracy, or to compare with: what each is for, needs, and asks for."""

from collections.abc import Callable
from dataclasses import dataclass

from workbench import GradualSettings, Session
from workbench.session.rounds import RoundSettings
from workbench.training import FinetuneSettings


@dataclass(frozen=True)
class Chosen:
    """What the controls of the panel say.

    Attributes:
        training: How to train.
        rounds: In how many rounds, where there are any.
    """

    training: FinetuneSettings
    rounds: int


@dataclass(frozen=True)
class Way:
    """One way.

    Attributes:
        label: In the list.
        button: On the button.
        about: What it does, in a sentence or two.
        start: Queues it.
        trains, in_rounds: Which controls matter to it.
    """

    label: str
    button: str
    about: str
    start: Callable[[Session, Chosen], object]
    trains: bool = True
    in_rounds: bool = False


def _gradually(session: Session, chosen: Chosen) -> object:
    return session.submit_prune_gradually(chosen.training, GradualSettings())


WAYS = (
    Way(
        "fine-tune",
        "Fine-tune",
        "Trains what is left; masked weights stay zero.",
        lambda session, chosen: session.submit_finetune(chosen.training),
    ),
    Way(
        "prune in rounds",
        "Prune in rounds",
        "Carries the plan out in rounds: prune a part, train for these epochs, and again. Every "
        "round leaves two steps.",
        lambda session, chosen: session.submit_prune_iteratively(
            chosen.training, RoundSettings(chosen.rounds)
        ),
        in_rounds=True,
    ),
    Way(
        "prune gradually",
        "Prune gradually",
        "Carries the plan out while it trains: much at first, less and less until three quarters "
        "of the epochs, ranking anew each time.",
        _gradually,
    ),
    Way(
        "lottery ticket",
        "Find ticket",
        "Trains, prunes a part of the plan, takes back the weights of now, and trains again; in "
        "rounds.",
        lambda session, chosen: session.submit_find_ticket(
            chosen.training, RoundSettings(chosen.rounds, "geometric")
        ),
        in_rounds=True,
    ),
    Way(
        "recalibrate batch norms",
        "Recalibrate",
        "Trains nothing: estimates batch-norm statistics again. Takes seconds, and often brings "
        "back most of what pruning cost.",
        lambda session, chosen: session.submit_recalibrate(),
        trains=False,
    ),
    Way(
        "control: at random",
        "Run control",
        "To compare with: as much removed as now, but at random, trained for as long. Lies beside "
        "the current step.",
        lambda session, chosen: session.submit_control_random(seed=chosen.training.seed),
        trains=False,
    ),
    Way(
        "control: from scratch",
        "Run control",
        "To compare with: the pruned network trained from fresh weights, for as long as it was "
        "trained since. Lies beside the current step.",
        lambda session, chosen: session.submit_control_scratch(seed=chosen.training.seed),
        trains=False,
    ),
)
