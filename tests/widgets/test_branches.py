import random

from widgets.branches import placed


def drawn(parents: dict[int, int | None]) -> str:
    """The tree in letters: a row each, lanes from left to right."""
    rows = []
    for row in placed(parents):
        lanes = ["|"] * row.lane
        if row.branches:
            lanes[-1] = "+"
        rows.append("".join(lanes) + str(row.step) + ("." if row.ends else ""))
    return " ".join(rows)


def test_one_way_is_one_lane() -> None:
    assert drawn({0: None}) == "0."
    assert drawn({0: None, 1: 0, 2: 1}) == "0 1 2."


def test_what_was_left_behind_is_set_aside_and_the_newest_goes_straight_on() -> None:
    assert drawn({0: None, 1: 0, 2: 1, 3: 0}) == "0 +1 |2. 3."


def test_going_on_with_an_old_branch_brings_it_back_to_the_trunk() -> None:
    assert drawn({0: None, 1: 0, 2: 0, 3: 1}) == "0 +2. 1 3."


def test_many_tries_from_one_step_take_two_lanes_in_the_order_they_were_made() -> None:
    assert drawn({0: None, 1: 0, 2: 0, 3: 0}) == "0 +1. +2. 3."


def test_branches_of_branches_are_set_further_in() -> None:
    assert drawn({0: None, 1: 0, 2: 1, 3: 1, 4: 0}) == "0 +1 |+2. |3. 4."


def test_every_step_has_one_row_below_its_parent_and_the_last_is_the_newest() -> None:
    dice = random.Random(0)
    parents: dict[int, int | None] = {0: None}
    for step in range(1, 2000):  # and deeper than Python nests calls
        parents[step] = step - 1 if dice.random() < 0.9 else dice.randrange(step)
    rows = placed(parents)
    at = {row.step: number for number, row in enumerate(rows)}
    assert sorted(at) == sorted(parents)
    assert all(at[parent] < at[step] for step, parent in parents.items() if parent is not None)
    assert rows[-1].step == 1999
    assert sum(row.ends for row in rows) == 2000 - len({*parents.values()} - {None})
