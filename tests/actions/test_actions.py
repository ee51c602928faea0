import json

import pytest

from workbench.actions import ACTIONS, Action, Finetune, Open, Prune, action_from_json
from workbench.errors import ActionError
from workbench.plan import Plan
from workbench.training import FinetuneSettings

EXAMPLES: tuple[Action, ...] = (
    Open("digits_cnn"),
    Prune(Plan(ratio=0.5).lock("conv1").remove("conv2", [3, 7])),
    Finetune(FinetuneSettings(epochs=4, learning_rate=0.01)),
)


def test_there_is_an_example_of_every_action() -> None:
    assert {example.kind for example in EXAMPLES} == set(ACTIONS)


@pytest.mark.parametrize("action", EXAMPLES, ids=lambda action: action.kind)
def test_an_action_survives_json(action: Action) -> None:
    assert action_from_json(json.loads(json.dumps(action.to_json()))) == action


@pytest.mark.parametrize("data", ["prune", {"plan": {}}, {"action": 3}])
def test_what_is_no_action_is_refused(data: object) -> None:
    with pytest.raises(ActionError, match="an action must be an object with the key 'action', got"):
        action_from_json(data)


def test_an_unknown_action_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(ActionError, match=r"one of open, prune.*'prun'\. Did you mean 'prune'"):
        action_from_json({"action": "prun"})
