import re
from typing import Any

import pytest

from workbench.criteria import CRITERIA, criterion_named
from workbench.errors import CriterionError


def test_every_criterion_is_found_by_its_name() -> None:
    assert set(CRITERIA) == {"l1", "l2", "random"}
    for name, criterion in CRITERIA.items():
        assert criterion_named(name) is criterion
        assert criterion.name == name and criterion.title and criterion.reference


def test_an_unknown_criterion_is_answered_with_those_there_are_and_the_closest() -> None:
    message = "criterion must be one of l1, l2, random; got 'randon'. Did you mean 'random'?"
    with pytest.raises(CriterionError, match=re.escape(message)):
        criterion_named("randon")


@pytest.mark.parametrize("name", ["taylor", None, ["l1"]])
def test_what_resembles_nothing_gets_no_suggestion(name: Any) -> None:
    with pytest.raises(CriterionError, match=rf"got {re.escape(repr(name))}\.$"):
        criterion_named(name)
