"""The history tree in a real browser, without a kernel: what hands do to rows."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from widgets.branches import placed
from widgets.history_rows import FIGURES
from widgets.history_tree import HistoryTree

pytestmark = pytest.mark.browser

EVIL = "<img src=x onerror=alert(1)>"
TREE = {0: None, 1: 0, 2: 1, 3: 1, 4: 3}  # 2 is set aside


def rows_of(parents: dict[int, int | None], names: dict[int, str]) -> list[Any]:
    kinds = {0: "open"}
    return [
        {
            "step": row.step,
            "parent": parents[row.step],
            "lane": row.lane,
            "branches": row.branches,
            "ends": row.ends,
            "kind": kinds.get(row.step, "prune"),
            "action": "opened net" if row.step == 0 else "pruned channels by l1",
            "name": names.get(row.step, ""),
            "remark": EVIL if row.step == 2 else "",
            "created": "2026-01-02T03:04:05+00:00",
            "notes": [],
            "figures": [
                {"text": f"{n} %", "title": f"{name} {n} %"} for n, name in enumerate(FIGURES)
            ],
        }
        for row in placed(parents)
    ]


class Tree:
    """Rows of a mounted tree by their step."""

    def __init__(self, mounted: Any) -> None:
        self.page, self.mounted = mounted.page, mounted

    def row(self, step: int) -> Locator:
        return self.page.locator(f"li[data-step='{step}']")

    def go(self, step: int) -> Locator:
        return self.row(step).locator(".pw-step-go")

    def order(self) -> list[int]:
        return [int(row.get_attribute("data-step")) for row in self.page.locator("li").all()]

    def focused(self) -> int:
        step: int = self.page.evaluate(
            "Number(document.activeElement.closest('[data-step]').dataset.step)"
        )
        return step


def mounted_tree(
    mount: Callable[..., Any], parents: dict[int, int | None], current: int, **names: str
) -> Tree:
    tree = HistoryTree(print)
    tree.show(rows_of(parents, {2: EVIL}), current, [], [0, current], "")
    return Tree(mount(tree))


@pytest.fixture
def tree(mount: Callable[..., Any]) -> Tree:
    return mounted_tree(mount, TREE, 4)


def test_branches_stand_below_their_step_and_the_current_one_is_marked(tree: Tree) -> None:
    assert tree.order() == [0, 1, 2, 3, 4]
    expect(tree.go(4)).to_have_attribute("aria-current", "step")
    expect(tree.page.locator(".pw-ring")).to_have_count(1)
    expect(tree.page.locator(".pw-history-count")).to_have_text("5 steps · 2 branches")
    tree.mounted.set("current", 1)
    expect(tree.go(1)).to_have_attribute("aria-current", "step")
    expect(tree.row(1).locator(".pw-ring")).to_have_count(1)
    expect(tree.page.locator("[aria-current]")).to_have_count(1)


def test_the_way_to_the_current_step_stands_out_also_past_a_branch(tree: Tree) -> None:
    walked = ".pw-walked"
    expect(tree.row(2).locator(walked)).to_have_count(2)  # passing by, above and below its mark
    expect(tree.row(2).locator(".pw-line")).to_have_count(3)
    tree.mounted.set("current", 2)
    expect(tree.row(1).locator(walked)).to_have_count(2)
    expect(tree.row(2).locator(walked)).to_have_count(2)  # down to the elbow, and the elbow
    expect(tree.row(3).locator(walked)).to_have_count(0)


def test_foreign_names_are_shown_as_they_are(tree: Tree) -> None:
    expect(tree.row(2).locator(".pw-step-title")).to_have_text(EVIL)
    expect(tree.row(2).locator(".pw-step-remark")).to_have_text(EVIL)
    expect(tree.page.locator("img")).to_have_count(0)


def test_every_control_has_a_name(tree: Tree) -> None:
    expect(tree.go(2)).to_have_attribute(
        "aria-label",
        f"Step 2: {EVIL}, pruned channels by l1, a branch of step 1; accuracy 0 %, "
        "nonzero_parameters 1 %, macs 2 %, size_bytes 3 %, latency_ms 4 %",
    )
    expect(tree.row(2).get_by_role("checkbox")).to_have_attribute("aria-label", "Compare step 2")
    expect(tree.row(2).locator(".pw-step-edit")).to_have_attribute("aria-label", "Name step 2")


def test_a_click_goes_to_a_step_and_on_the_current_one_nowhere(tree: Tree) -> None:
    tree.go(4).click()
    assert tree.mounted.sent == []
    tree.go(1).click()
    tree.mounted.wait_for({"type": "go", "step": 1})


def test_while_a_step_is_being_made_a_click_goes_nowhere_and_the_row_says_why(tree: Tree) -> None:
    tree.mounted.set("disabled_reason", "a step is being made")
    tree.go(1).click(force=True)
    assert tree.mounted.sent == []
    expect(tree.go(1)).to_have_attribute("aria-disabled", "true")
    assert "Not now: a step is being made." in (tree.go(1).get_attribute("title") or "")


def test_arrow_keys_walk_and_enter_goes(tree: Tree) -> None:
    tree.page.keyboard.press("Tab")  # the button above
    tree.page.keyboard.press("Tab")
    assert tree.focused() == 4
    for key, step in (("ArrowUp", 3), ("Home", 0), ("ArrowUp", 0), ("ArrowDown", 1)):
        tree.page.keyboard.press(key)
        assert tree.focused() == step
    tree.page.keyboard.press("Enter")
    tree.mounted.wait_for({"type": "go", "step": 1})


def test_only_the_row_with_the_focus_is_in_the_tab_order(tree: Tree) -> None:
    tree.go(1).focus()
    reachable = tree.page.locator("li [tabindex='0']")
    expect(reachable).to_have_count(3)
    tree.page.keyboard.press("Tab")
    tree.page.keyboard.press("Tab")
    assert tree.focused() == 1
    tree.page.keyboard.press("Tab")
    assert tree.page.evaluate("document.activeElement.closest('li')") is None


def test_ticks_choose_two_and_the_ones_chosen_last_count(tree: Tree) -> None:
    tree.row(1).get_by_role("checkbox").click()
    tree.mounted.wait_for({"type": "compare", "steps": [1]})
    tree.mounted.set("chosen", [1])
    expect(tree.row(1).get_by_role("checkbox")).to_be_checked()
    tree.go(3).click(modifiers=["Shift"])
    tree.mounted.wait_for({"type": "compare", "steps": [1, 3]})
    tree.mounted.set("chosen", [1, 3])
    tree.go(2).focus()
    tree.page.keyboard.press("c")
    tree.mounted.wait_for({"type": "compare", "steps": [3, 2]})
    tree.mounted.set("chosen", [3, 2])
    expect(tree.row(1).get_by_role("checkbox")).not_to_be_checked()
    tree.row(3).get_by_role("checkbox").click()
    tree.mounted.wait_for({"type": "compare", "steps": [2]})


def test_the_two_that_are_compared_wear_their_letters(tree: Tree) -> None:
    tree.mounted.set("pair", [3, 1])
    expect(tree.row(3).locator(".pw-step-letter")).to_have_text("A")
    expect(tree.row(1).locator(".pw-step-letter")).to_have_text("B")
    expect(tree.row(0).locator(".pw-step-letter")).to_have_text("")


def test_a_name_is_typed_in_its_row_and_enter_saves_it(tree: Tree) -> None:
    tree.row(3).locator(".pw-step-edit").click()
    name = tree.page.get_by_label("Name of step 3")
    expect(name).to_be_focused()
    tree.page.keyboard.type("czc home")
    tree.page.keyboard.press("Home")
    tree.page.keyboard.press("Tab")
    tree.page.keyboard.type("one")
    tree.page.keyboard.press("Shift+Enter")
    tree.page.keyboard.type("two")
    tree.page.keyboard.press("Enter")
    tree.mounted.wait_for({"type": "rename", "step": 3, "name": "czc home", "remark": "one\ntwo"})
    expect(tree.page.locator(".pw-step-editor")).to_have_count(0)
    assert tree.focused() == 3


@pytest.mark.parametrize("how", ["key", "double click"])
def test_what_was_typed_is_left_with_escape(tree: Tree, how: str) -> None:
    if how == "key":
        tree.go(2).focus()
        tree.page.keyboard.press("F2")
    else:
        tree.go(2).dblclick()
    sent = tree.mounted.sent
    expect(tree.page.get_by_label("Name of step 2")).to_have_value(EVIL)
    tree.page.keyboard.type("other")
    tree.page.keyboard.press("Escape")
    expect(tree.page.locator(".pw-step-editor")).to_have_count(0)
    expect(tree.go(2)).to_be_visible()
    assert tree.mounted.sent == sent


def test_what_is_being_typed_survives_new_steps(tree: Tree) -> None:
    tree.row(1).locator(".pw-step-edit").click()
    tree.page.keyboard.type("half")
    tree.mounted.set("rows", rows_of({**TREE, 5: 4, 6: 2}, {}))
    tree.mounted.set("current", 6)
    expect(tree.row(6)).to_be_visible()
    assert tree.order() == [0, 1, 3, 4, 5, 2, 6]
    expect(tree.page.get_by_label("Name of step 1")).to_be_focused()
    expect(tree.page.get_by_label("Name of step 1")).to_have_value("half")


def test_a_long_history_scrolls_to_the_current_step(mount: Callable[..., Any]) -> None:
    parents = {step: step - 1 if step else None for step in range(200)}
    tree = mounted_tree(mount, parents, 150)
    expect(tree.go(150)).to_be_in_viewport()
    tree.mounted.set("current", 3)
    expect(tree.go(3)).to_be_in_viewport()
    expect(tree.go(150)).not_to_be_in_viewport()
    assert tree.page.evaluate("window.scrollY") == 0


def test_the_table_is_saved_by_the_page_that_asked(tree: Tree) -> None:
    answer = {"type": "csv", "name": "history.csv", "text": "step,näme\n0,a\n"}
    tree.mounted.receive(answer)  # somebody else asked
    with tree.page.expect_download() as saved:
        tree.page.get_by_test_id("pw-save-csv").click()
        tree.mounted.wait_for({"type": "csv"})
        tree.mounted.receive(answer)
    assert saved.value.suggested_filename == "history.csv"
    assert saved.value.path().read_text(encoding="utf-8") == answer["text"]
