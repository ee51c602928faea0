"""What takes many steps: pruning in rounds, lottery tickets, and controls to compare with."""

from typing import Any

from workbench.session.changes import Changes
from workbench.session.history import Step
from workbench.session.rounds import Rounds, RoundSettings
from workbench.session.tasks import Task
from workbench.training import FinetuneSettings


class Experiments(Changes):
    """The side of a session that makes several steps at once; cancelling keeps those made.

    Once the first of them trains, `resume` goes on with all that is left.

    Blocking methods wait for their task, and interrupting them cancels it; ``submit_...`` queue
    the same work and return the `Task`.
    """

    _rounds: Rounds

    def prune_iteratively(
        self,
        epochs: int = 3,
        *,
        rounds: int = 4,
        schedule: str = "cubic",
        **settings: Any,
    ) -> Step:
        """Carry the plan out in rounds, each pruning a part and training; returns the last step.

        Args:
            epochs: Passes over the training data, in every round.
            rounds: How many.
            schedule: How ratios rise from round to round: ``"cubic"``, ``"geometric"``,
                ``"linear"`` or ``"constant"``. In the last of four rounds to 90 % the cubic one
                removes an eighth of what is left, the geometric one 44 %.
            settings: Other fields of `FinetuneSettings`.

        Raises:
            TrainingError: If a setting is unknown or out of range.
            PlanError: If the plan is one for N:M and there is more than one round.

        Reference:
            Han et al., Learning both Weights and Connections, arXiv:1506.02626.
        """
        asked = FinetuneSettings.from_json({"epochs": epochs, **settings})
        return self.submit_prune_iteratively(asked, RoundSettings(rounds, schedule)).result()

    def find_ticket(
        self,
        epochs: int = 3,
        *,
        rounds: int = 4,
        schedule: str = "geometric",
        **settings: Any,
    ) -> Step:
        """Look for a lottery ticket; returns its trained step, the last one.

        Trains the current model, then in every round prunes a part by the plan, takes back the
        weights that the current step has now, and trains again. For a ticket in the strict sense
        begin with `reinitialize`, or with a model that was never trained.

        Args:
            epochs, rounds, settings: As for `prune_iteratively`.
            schedule: As there; by default, as in the paper, every round removes the same share of
                what is left.

        Raises:
            TrainingError, PlanError: As for `prune_iteratively`.

        Reference:
            Frankle and Carbin, The Lottery Ticket Hypothesis, arXiv:1803.03635.
        """
        asked = FinetuneSettings.from_json({"epochs": epochs, **settings})
        return self.submit_find_ticket(asked, RoundSettings(rounds, schedule)).result()

    def control_random(self, *, seed: int = 0) -> Step:
        """The same number of channels or weights removed at random, trained for as long.

        Made on a branch beside the way to the current step, which stays the current one: if the
        criterion is worth anything, the step returned is worse.

        Args:
            seed: For the lots.

        Raises:
            HistoryError: If nothing was pruned on the way to the current step.
        """
        return self.submit_control_random(seed=seed).result()

    def control_scratch(self, *, seed: int = 0, epochs: int | None = None) -> Step:
        """The pruned network trained from fresh weights.

        Made on a branch, like `control_random`: is it the weights that were worth keeping, or the
        widths?

        Args:
            seed: For the fresh weights.
            epochs: How long; by default as long as the current step was trained since it was
                pruned. To train as long as the dense model once was is the fairer question.

        Raises:
            HistoryError: If nothing was pruned on the way to the current step, or nothing trained
                since.

        Reference:
            Liu et al., Rethinking the Value of Network Pruning, arXiv:1810.05270.
        """
        return self.submit_control_scratch(seed=seed, epochs=epochs).result()

    def submit_prune_iteratively(
        self, settings: FinetuneSettings, rounds: RoundSettings
    ) -> Task[Step]:
        """Queue pruning in rounds by the plan as it is now."""
        work = self._rounds.iterate(self._plan, rounds, settings)
        return self._submit("rounds", f"pruning in {rounds.rounds} rounds", work)

    def submit_find_ticket(self, settings: FinetuneSettings, rounds: RoundSettings) -> Task[Step]:
        """Queue the search for a lottery ticket by the plan as it is now."""
        work = self._rounds.ticket(self._plan, rounds, settings)
        return self._submit("rounds", f"lottery ticket in {rounds.rounds} rounds", work)

    def submit_control_random(self, *, seed: int = 0) -> Task[Step]:
        """Queue pruning as much at random."""
        return self._submit("rounds", "control: at random", self._rounds.random_control(seed))

    def submit_control_scratch(self, *, seed: int = 0, epochs: int | None = None) -> Task[Step]:
        """Queue training the pruned network from scratch."""
        work = self._rounds.scratch_control(seed, epochs)
        return self._submit("rounds", "control: from scratch", work)
