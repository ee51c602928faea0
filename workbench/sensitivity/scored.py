"""A model that ranks its channels or weights once, however many plans ask."""

import dataclasses
import json
from functools import cached_property

import numpy as np

from workbench.criteria import Evidence
from workbench.plan import Plan
from workbench.pruned import PrunedModel

_NO_MATTER = ("ratio", "ratios", "locks", "removed_channels", "kept_channels")


@dataclasses.dataclass(frozen=True, eq=False)
class ScoredModel(PrunedModel):
    """A model whose scores do not depend on a plan's ratios, and are kept.

    Attributes:
        evidence: What its criterion knows of training data, where it needs any.
    """

    evidence: Evidence | None = None

    @classmethod
    def of(cls, model: PrunedModel, evidence: Evidence | None = None) -> "ScoredModel":
        """The same model, with evidence at hand."""
        fields = [entry.name for entry in dataclasses.fields(PrunedModel)]
        return cls(**{name: getattr(model, name) for name in fields}, evidence=evidence)

    def scores(self, plan: Plan, evidence: Evidence | None = None) -> dict[str, np.ndarray]:
        """Importance by unit name; computed once for every criterion and granularity."""
        settings = {k: v for k, v in plan.to_json().items() if k not in _NO_MATTER}
        key = json.dumps(settings, sort_keys=True)
        if key not in self._kept_scores:
            self._kept_scores[key] = super().scores(plan, evidence or self.evidence)
        return self._kept_scores[key]

    @cached_property
    def _kept_scores(self) -> dict[str, dict[str, np.ndarray]]:
        return {}
