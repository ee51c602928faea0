"""Things made one ahead."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from workbench.sensitivity.ahead import Ahead


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def wait_for(pool: ThreadPoolExecutor) -> None:
    """Wait until the pool has made what it was asked for."""
    pool.submit(lambda: None).result()


def test_the_next_thing_is_made_while_the_last_is_used(pool: ThreadPoolExecutor) -> None:
    made = {"first": Event(), "second": Event()}
    ahead = Ahead(pool, lambda key: made[key].set(), made)
    ahead.take("first")
    assert made["second"].wait(10)


def test_no_more_than_one_thing_waits_to_be_taken(pool: ThreadPoolExecutor) -> None:
    made: list[str] = []
    ahead = Ahead(pool, made.append, ["first", "second", "third"])
    wait_for(pool)
    assert made == ["first"]
    ahead.take("first")
    wait_for(pool)
    assert made == ["first", "second"]


def test_what_was_not_expected_is_made_when_it_is_asked_for(pool: ThreadPoolExecutor) -> None:
    ahead = Ahead(pool, str.upper, ["first"])
    assert [ahead.take(key) for key in ("second", "first", "first")] == ["SECOND", "FIRST", "FIRST"]


def test_an_error_of_making_comes_to_who_takes(pool: ThreadPoolExecutor) -> None:
    ahead = Ahead(pool, {"known": 1}.__getitem__, ["unknown", "known"])
    with pytest.raises(KeyError, match="unknown"):
        ahead.take("unknown")
    assert ahead.take("known") == 1
