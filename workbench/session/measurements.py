"""What a session measures without changing anything: previews, latency, sensitivity, channels.

Blocking methods wait for their task, and interrupting them cancels it; ``submit_...`` queue the
same work and return the `Task`.
"""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor

from workbench.allocation.suggestion import Suggestion
from workbench.channels import ChannelReport
from workbench.estimate import Estimate
from workbench.measure.accuracy import Evaluation
from workbench.plan import Plan
from workbench.sensitivity import RATIOS, GradientCurve, Sensitivity
from workbench.session.jobs import Jobs
from workbench.session.knowledge import Knowledge
from workbench.session.sensing import ScanSettings
from workbench.session.tasks import Task
from workbench.session.timing import Timed
from workbench.units import check_units


class Measurements(Knowledge):
    """The side of a session that measures; `Session` sets up what does it."""

    _lock: threading.RLock
    _jobs: Jobs

    def preview(self) -> Evaluation:
        """Accuracy on the probe set with the plan carried out on a copy."""
        return self.submit_preview().result()

    def spot_check(self) -> Estimate | None:
        """Accuracy of the plan, estimated from few probe inputs; `predict` has it from then on.

        None as long as `learn_accuracy` has not run.
        """
        return self.submit_spot_check().result()

    def time_plan(self) -> Timed:
        """Latency of the plan's network, measured in turn with the dense model."""
        return self.submit_timing().result()

    def learn_accuracy(self) -> None:
        """Measure plans that prune many units at once, so that `predict` knows error bars.

        Does nothing without `scan_sensitivity`.
        """
        return self.submit_learning().result()

    def learn_latency(self) -> None:
        """Time networks of many widths, so that `predict` knows the latency of others."""
        return self.submit_latency().result()

    def scan_sensitivity(
        self,
        *,
        mode: str = "exact",
        ratios: Sequence[float] = RATIOS,
        units: Sequence[str] | None = None,
        recalibrate: bool | int = False,
        executor: Executor | None = None,
    ) -> Sensitivity:
        """Measure on the probe set what pruning each unit alone costs; see `sensitivity.scan`.

        Args:
            mode: ``"exact"`` measures every point in full; ``"adaptive"`` is faster.
            ratios: Fractions of the dense model's count, in (0, 1).
            units: Units to scan; all that can be pruned by default.
            recalibrate: Whether batch-norm statistics are estimated again before every
                measurement, and on how many batches of 64 training inputs (True: 8).
            executor: Whose workers measure, such as a ``ProcessPoolExecutor``'s or a cluster's;
                the engine thread by default.
        """
        settings = ScanSettings(mode, ratios, units, recalibrate, executor)
        return self.submit_scan(settings).result()

    def inspect_channels(self, unit: str) -> ChannelReport:
        """What the single channels of a unit are like; see `channels.ChannelReport`.

        Args:
            unit: A unit of granularity ``"channel"``, whatever the plan's is.

        Raises:
            UnknownUnitError: If there is none of that name.
        """
        return self.submit_inspect_channels(unit).result()

    def estimate_sensitivity(
        self, *, ratios: Sequence[float] = RATIOS, units: Sequence[str] | None = None
    ) -> Mapping[str, GradientCurve]:
        """Estimate within seconds which units cost more than others; see `gradient_curves`.

        Args:
            ratios: Fractions of the dense model's count, in (0, 1).
            units: Units to look at; all that can be pruned by default.
        """
        return self.submit_estimate(ratios=ratios, units=units).result()

    def submit_preview(self) -> Task[Evaluation]:
        """Queue a preview; one that waits or runs is dropped."""
        with self._lock:
            self._tasks.cancel("preview")
            work = self._answers.then_own(self._jobs.preview(self._plan))
            return self._tasks.submit("preview", "measuring the plan", work)

    def submit_answers(self) -> Task[Evaluation]:
        """Queue what the current model answers on the probe set; it is asked once."""
        work = self._answers.ask()
        return self._tasks.submit("answers", "asking the model about the probe set", work)

    def submit_spot_check(self) -> Task[Estimate | None]:
        """Queue a spot check of the plan; one that waits or runs is dropped."""
        with self._lock:
            self._tasks.cancel("spot check")
            work = self._spot_checks.check(self._plan)
            return self._tasks.submit("spot check", "checking the plan on few inputs", work)

    def submit_timing(self) -> Task[Timed]:
        """Queue the timing of the plan's network; one that waits or runs is dropped."""
        with self._lock:
            self._tasks.cancel("timing")
            work = self._jobs.time(self._plan)
            return self._tasks.submit("timing", "timing the plan's network", work)

    def submit_learning(self) -> Task[None]:
        """Queue what accuracy predictions are learned from; one under way is dropped."""
        with self._lock:
            self._tasks.cancel("accuracy")
            work = self._anticipation.learn(self._plan)
            return self._tasks.submit("accuracy", "learning how units add up", work)

    def submit_latency(self) -> Task[None]:
        """Queue what latency predictions are learned from; one under way is dropped."""
        with self._lock:
            self._tasks.cancel("latency")
            return self._tasks.submit("latency", "learning latency", self._timing.learn)

    def submit_scan(self, settings: ScanSettings) -> Task[Sensitivity]:
        """Queue a sensitivity scan by the plan's rule; a scan under way is dropped."""
        self._tasks.cancel("scan")
        work = self._sensing.scan(self._plan, settings)
        return self._tasks.submit("scan", "measuring sensitivity", work)

    def submit_suggestion(
        self, *, allocator: str = "best", accuracy: float | None = None, **budgets: float
    ) -> Task[Suggestion]:
        """Queue a `suggestion`; one under way is dropped."""
        self._tasks.cancel("suggest")
        work = self._budgets.choose(self._plan, allocator, accuracy, budgets)
        return self._tasks.submit("suggest", "looking for a plan", work)

    def submit_comparison(self, metric: str) -> Task[None]:
        """Queue `trade_off` of every allocator that has what it needs; one under way is dropped."""
        self._tasks.cancel("compare")
        work = self._budgets.compare(self._plan, metric)
        return self._tasks.submit("compare", "working out trade-offs", work)

    def submit_inspect_channels(self, unit: str) -> Task[ChannelReport]:
        """Queue a look at the channels of a unit; one at another unit is dropped."""
        check_units(Plan().lock(unit), self.anatomy.units("channel"))
        self._tasks.cancel("channels")
        work = self._inspecting.inspection(self._plan, unit)
        return self._tasks.submit("channels", f"looking at the channels of {unit}", work)

    def submit_estimate(
        self, *, ratios: Sequence[float] = RATIOS, units: Sequence[str] | None = None
    ) -> Task[Mapping[str, GradientCurve]]:
        """Queue an estimate of sensitivity by the plan's rule; one under way is dropped."""
        self._tasks.cancel("estimate")
        work = self._estimating.estimate(self._plan, ratios, units)
        return self._tasks.submit("estimate", "estimating sensitivity", work)
