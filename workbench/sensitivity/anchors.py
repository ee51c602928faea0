"""Accuracy of a plan from few probe inputs: those whose answers tell most of all others'.

Pruning does not make a network err at random: plans that were measured show which inputs are lost
early, which late, and which together. The lead of the right class on every input is modelled by few
factors that plans differ in; the anchors' leads tell a new plan's factors, and these how likely all
other inputs are answered rightly. By how much the anchors themselves then do better or worse than
the factors say, is added: so a plan unlike all that were measured is judged by its anchors.

References:
    Tipping and Bishop, Probabilistic Principal Component Analysis, J. R. Statist. Soc. B 61, 1999;
    Polo et al., tinyBenchmarks: evaluating LLMs with fewer examples, arXiv:2402.14992, for anchors;
    Särndal et al., Model Assisted Survey Sampling, 1992, section 6.3, for the difference estimator.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm
from sklearn.model_selection import KFold

from workbench.estimate import Estimate
from workbench.sensitivity.correction import COVERAGE

Array = NDArray[np.float64]

ANCHORS = 128
"""Inputs that are asked, or a quarter of the probe set if that is less."""

FEWEST_ANSWERED = 8
"""Fewer plans, answered on all inputs, do not tell which inputs say most."""

_FACTORS = 5
_PLANS_PER_FACTOR = 3
_FOLDS = 8
_EPSILON = 1e-9


@dataclass(frozen=True, eq=False)
class Anchors:
    """Which inputs are asked, and what their answers say.

    Attributes:
        places: Positions of the anchors in the probe set, shape ``(anchors,)``.
        factors: What plans differ in.
        widening: Half an error bar, in standard errors of the anchors: so far off were most plans
            that the factors were not learned from.
    """

    places: NDArray[np.intp]
    factors: "_Factors" = field(repr=False)
    widening: float

    @classmethod
    def fit(cls, leads: Array) -> "Anchors":
        """Learn from plans that were measured.

        Args:
            leads: By how much the right class led all others, shape ``(plans, inputs)``, of at
                least `FEWEST_ANSWERED` plans; negative where the answer was wrong.
        """
        places = _spread_out(leads.mean(axis=0))
        folds = KFold(min(_FOLDS, len(leads)), shuffle=True, random_state=0)
        scores = []
        for others, held in folds.split(leads):
            factors = _Factors.of(leads[others])
            for plan in held:
                value, error = factors.accuracy(places, leads[plan, places])
                scores.append(abs(value - (leads[plan] > 0).mean()) / error)
        return cls(places, _Factors.of(leads), _widening(np.array(scores)))

    def estimate(self, leads: Array) -> Estimate:
        """Accuracy on the whole probe set, of a plan whose anchors have these leads."""
        value, error = self.factors.accuracy(self.places, leads)
        half = self.widening * error
        return Estimate(value, max(value - half, 0.0), min(value + half, 1.0))


@dataclass(frozen=True, eq=False)
class _Factors:
    """Leads of all inputs: a mean, and loadings on factors of unit variance.

    Attributes:
        mean: Shape ``(inputs,)``.
        loadings: Shape ``(inputs, factors)``.
        variance: Of what the factors leave of a lead.
    """

    mean: Array
    loadings: Array
    variance: float

    @classmethod
    def of(cls, leads: Array) -> "_Factors":
        plans = len(leads)
        mean = leads.mean(axis=0)
        left, scales, right = np.linalg.svd(leads - mean, full_matrices=False)
        count = min(_FACTORS, plans // _PLANS_PER_FACTOR)
        explained = (left[:, :count] * scales[:count]) @ right[:count]
        rest = np.square(leads - mean - explained).mean() / (1 - count / plans)
        loadings = right[:count].T * scales[:count] / np.sqrt(plans)
        return cls(mean, loadings, float(rest) + _EPSILON)

    def accuracy(self, places: NDArray[np.intp], leads: Array) -> tuple[float, float]:
        """Share of all inputs expected to be right where some are known; and its standard error."""
        own, known = self.loadings[places], leads - self.mean[places]
        precision = own.T @ own / self.variance + np.eye(own.shape[1])
        found = np.linalg.solve(precision, own.T @ known / self.variance)
        free = max(len(places) - len(found), 1)
        spread = np.sqrt(np.square(known - own @ found).sum() / free + _EPSILON)
        expected = norm.cdf((self.mean + self.loadings @ found) / spread)
        beyond = (leads > 0) - expected[places]
        value = float(np.clip(expected.mean() + beyond.mean(), 0, 1))
        error = np.sqrt((np.square(beyond).mean() + 0.25 / len(places)) / len(places))
        return value, float(error)


def _spread_out(difficulty: Array) -> NDArray[np.intp]:
    """Inputs from the hardest to the easiest, at equal distances."""
    count = min(ANCHORS, max(len(difficulty) // 4, 1))
    order = np.argsort(difficulty, kind="stable")
    edges = np.linspace(0, len(order), count + 1).round().astype(int)
    return np.sort(order[(edges[:-1] + edges[1:]) // 2])


def _widening(scores: Array) -> float:
    """Half an error bar, of errors spread like these: steadier than their own quantile."""
    return float(norm.ppf((1 + COVERAGE) / 2) * np.sqrt(np.square(scores).mean()))
