"""Many steps in one task: pruning in rounds, lottery tickets, and the controls of both."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from workbench.actions import Finetune, InSeries, Prune, Reinitialize, Rewind, Training
from workbench.errors import HistoryError, PlanError
from workbench.events import HistoryChanged
from workbench.gradual import GradualSettings
from workbench.gradual.interim import interim_plan
from workbench.plan import Plan
from workbench.progress import Monitor
from workbench.pruned import PrunedModel
from workbench.schedules import RATIO_SCHEDULES
from workbench.session.history import History, Step
from workbench.session.jobs import Jobs
from workbench.training import FinetuneSettings
from workbench.training.constraints import Choice, Whole, read_settings, setting

Work = Callable[[Monitor], Step]


@dataclass(frozen=True)
class RoundSettings:
    """How a plan is reached in rounds.

    Attributes:
        rounds: Each prunes a part and trains.
        schedule: How ratios rise from round to round, of `workbench.schedules.RATIO_SCHEDULES`;
            ``"cubic"`` removes much at first and little in the last round, which has to recover
            alone; ``"geometric"`` the same share of what is left every time.

    Raises:
        TrainingError: If one is out of range.
    """

    rounds: int = setting(4, Whole(1), "Use 4, for example.")
    schedule: str = setting("cubic", Choice(tuple(RATIO_SCHEDULES)), "Use 'cubic' if in doubt.")

    def __post_init__(self) -> None:
        read_settings(self, "pruning in rounds")

    def plans(self, model: PrunedModel, plan: Plan) -> list[Plan]:
        """The plan of every round; the last is `plan`.

        Raises:
            PlanError: If the plan is one for N:M, which is carried out at once or not at all.
        """
        if plan.granularity == "n:m" and self.rounds > 1:
            raise PlanError(
                "granularity of a plan must be 'channel' or 'weight' for more than one round, got "
                "'n:m': a pattern is on or off, with nothing between. Use rounds=1."
            )
        rising = GradualSettings(schedule=self.schedule, updates=self.rounds)
        return [interim_plan(model, plan, rising, n) for n in range(1, self.rounds + 1)]


@dataclass(frozen=True)
class Rounds:
    """Makes the work; every part of it commits a step of its own.

    Cancelling keeps the steps that are there, and what is left can be resumed.
    """

    history: History
    jobs: Jobs

    def iterate(self, plan: Plan, rounds: RoundSettings, settings: FinetuneSettings) -> Work:
        """Prune a part and train, again and again, until the plan is carried out."""
        plans = rounds.plans(self.history.model, plan)
        train = Finetune(settings)
        return self.jobs.series([part for interim in plans for part in (Prune(interim), train)])

    def ticket(self, plan: Plan, rounds: RoundSettings, settings: FinetuneSettings) -> Work:
        """Train, prune a part, go back to the weights of the beginning; again and again; train."""
        first = self.history.current.id
        plans = rounds.plans(self.history.model, plan)
        train = Finetune(settings)
        parts: list[InSeries] = [train]
        for interim in plans:
            parts += [Prune(interim), Rewind(first), train]
        return self.jobs.series(parts)

    def random_control(self, seed: int) -> Work:
        """As much pruned as by now, but at random and at once, and trained for as long.

        Raises:
            HistoryError: If nothing was pruned on the way to the current step.
        """
        path = self._since_pruning()
        plan = _as_much_at_random(path, seed)
        parts: list[InSeries] = [Prune(plan), *map(Finetune, _trainings_of(path))]
        return self._beside(path[0].parent or 0, parts, f"control: at random, seed {seed}")

    def scratch_control(self, seed: int, epochs: int | None) -> Work:
        """The network that pruning led to, with fresh weights, trained for as long, or longer.

        Raises:
            HistoryError: If nothing was pruned on the way to the current step, or nothing was
                trained since, so that nobody knows how.
        """
        path = self._since_pruning()
        settings = _trainings_of(path)
        if not settings:
            raise HistoryError(
                "training from scratch needs a step that was trained after pruning, to be compared "
                f"with, and step {path[-1].id} was not. Fine-tune first."
            )
        if epochs is not None:
            settings = [replace(settings[-1], epochs=epochs)]
        pruned = next(step for step in reversed(path) if step.plan is not None)
        parts: list[InSeries] = [Reinitialize(seed), *map(Finetune, settings)]
        return self._beside(pruned.id, parts, f"control: from scratch, seed {seed}")

    def _since_pruning(self) -> tuple[Step, ...]:
        """The path from the first step that pruned what the last one pruned: channels, or weights.

        Raises:
            HistoryError: If none did.
        """
        path, first, granularity = self.history.path(), -1, ""
        for place in range(len(path) - 1, -1, -1):
            plan = path[place].plan
            if plan is not None and granularity in ("", plan.granularity):
                first, granularity = place, plan.granularity
            elif plan is not None:
                break
        if first < 0:
            raise HistoryError(
                "a control needs a pruned step to be compared with, and nothing was pruned on the "
                f"way to step {path[-1].id}. Prune first."
            )
        return path[first:]

    def _beside(self, parent: int, parts: Sequence[InSeries], name: str) -> Work:
        """Do all parts on a branch of its own, name its end, and come back."""

        def work(monitor: Monitor) -> Step:
            here = self.history.current.id
            self.history.checkout(parent)
            try:
                last = self.jobs.series(parts)(monitor)
                return self.history.rename(last.id, name=name)
            finally:
                self.history.checkout(here)
                self.jobs.bus.emit(HistoryChanged(here))

        return work


def _as_much_at_random(path: Sequence[Step], seed: int) -> Plan:
    """A plan that leaves as much of every unit as the last pruning did, chosen by lot."""
    pruned = next(step for step in reversed(path) if step.plan is not None)
    assert pruned.plan is not None
    removed = {unit.unit: unit.achieved for unit in pruned.units if unit.achieved > 0}
    plan = Plan(granularity=pruned.plan.granularity, pattern=pruned.plan.pattern, seed=seed)
    return plan.with_(criterion="random", ratios=removed)


def _trainings_of(path: Sequence[Step]) -> list[FinetuneSettings]:
    return [step.action.settings for step in path if isinstance(step.action, Training)]
