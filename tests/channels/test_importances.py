"""Ranks by all criteria at hand, side by side."""

import numpy as np
import pytest
from scipy.stats import spearmanr
from toys import dense_model, toy_data, toy_net

from workbench import Plan
from workbench.channels.importances import importances
from workbench.criteria.registry import criteria_for
from workbench.pruned import PrunedModel

DATA_FREE = {c.name for c in criteria_for("channel") if not c.needs_data} - {"random"}


def test_ranks_are_those_of_the_scores_a_plan_would_use() -> None:
    model = dense_model(toy_net(), (1, 4, 4))
    batches = list(toy_data().train.batches(32))
    evidence = {
        criterion.name: model.gather(Plan(criterion=criterion.name), batches)
        for criterion in criteria_for("channel")
        if criterion.needs_data
    }
    found = importances(model, model.anatomy.graph.group("conv1"), evidence)
    assert set(found.criteria) == DATA_FREE | set(evidence)
    for name, ranks in zip(found.criteria, found.ranks, strict=True):
        scores = model.scores(Plan(criterion=name), evidence.get(name))["conv1"]
        order = np.argsort(scores, kind="stable")
        assert (np.diff(ranks[order]) >= 0).all()
        if len(set(scores)) == len(scores):
            assert ranks[order].tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1])


def test_criteria_without_evidence_or_use_are_left_out(dense: PrunedModel) -> None:
    found = importances(dense, dense.anatomy.graph.group("conv2"), {})
    assert set(found.criteria) == DATA_FREE - {"bn_scale"}


def test_criteria_that_would_take_seconds_are_left_out(
    dense: PrunedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.channels.importances.MOST_DIFFERENCES", 6 * 6 * 36 - 1)
    found = importances(dense, dense.anatomy.graph.group("conv2"), {})
    assert set(found.criteria) == DATA_FREE - {"bn_scale", "fpgm"}


def test_gone_channels_have_no_rank(dense: PrunedModel) -> None:
    pruned, _ = dense.prune(Plan().remove("conv2", [1, 5]))
    found = importances(pruned, pruned.anatomy.graph.group("conv2"), {})
    assert np.isnan(found.ranks[:, [1, 5]]).all()
    assert found.ranks[0, [0, 2, 3, 4]].tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1])


def test_agreement_is_spearmans() -> None:
    model = dense_model(toy_net(), (1, 4, 4))
    weight = model.module.conv2.weight.data
    weight.copy_(weight.flip(0) ** 3 - 0.3)
    found = importances(model, model.anatomy.graph.group("conv2"), {})
    for one, ranks in enumerate(found.ranks):
        for other, others in enumerate(found.ranks):
            expected = spearmanr(ranks, others).statistic
            assert found.agreement[one, other] == pytest.approx(expected, abs=1e-6)
    pairs = found.agreement[np.triu_indices(len(found.criteria), 1)]
    assert found.mean_agreement == pytest.approx(pairs.mean())


def test_criteria_that_rank_all_alike_agree_with_none(dense: PrunedModel) -> None:
    dense.module.conv2.weight.data.fill_(1)
    found = importances(dense, dense.anatomy.graph.group("conv2"), {})
    one, other = found.criteria.index("l1"), found.criteria.index("lamp")
    assert np.isnan(found.agreement[one, other])
    assert found.mean_agreement is None
