"""The report: one file, offline, with foreign names as text."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from exporting import Plain, pruned_toy, story, subject
from playwright.sync_api import Browser

from workbench import Session
from workbench.export.checking import Check
from workbench.export.package import export_package
from workbench.export.page import report_facts, report_html
from workbench.export.page.board import board_rows
from workbench.export.page.charts import MOST_UNITS, accuracy_line, unit_bars
from workbench.export.report import Exported
from workbench.export.story import Chapter
from workbench.measure.latency import Latency, Ratio
from workbench.measure.metrics import Metrics
from workbench.selection import UnitResult

DENSE = Metrics(accuracy=0.9, parameters=100, nonzero_parameters=100, macs=1000, size_bytes=400)
NOW = Metrics(
    accuracy=0.88,
    parameters=50,
    nonzero_parameters=50,
    macs=400,
    size_bytes=200,
    latency_ms=Latency.from_samples((1.0, 2.0, 3.0)),
    speedup=Ratio(2.0, 1.9, 2.1),
)
HOSTILE = '<script>alert("&")</script>'


class Tags(HTMLParser):
    """Collects the elements, the references to elsewhere, and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.references: list[str] = []
        self.handlers: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "action"):
                self.references.append(value or "")
            if name.startswith("on"):
                self.handlers.append(name)

    def handle_data(self, data: str) -> None:
        self.text += data


def exported(name: str = "ONNX") -> Exported:
    check = Check(1e-6, 1.0, 30, accuracy=0.88)
    return Exported("onnx", name, "ONNX Runtime", {"model.onnx": 1234}, check)


def hostile_page() -> str:
    unit = UnitResult(HOSTILE, 0.5, 0.5, 2, 4, reason=HOSTILE)
    told = story(
        NOW,
        name=HOSTILE,
        data=HOSTILE,
        notes=(HOSTILE,),
        recipe=HOSTILE,
        chapters=(
            Chapter(HOSTILE, "", DENSE),
            Chapter(HOSTILE, "", NOW, (unit,), remark=HOSTILE, notes=(HOSTILE,)),
        ),
    )
    files = (exported(HOSTILE),)
    return report_html(told, files, report_facts(told, files))


def test_a_layer_named_script_is_text_and_nothing_else() -> None:
    page = hostile_page()
    read = Tags(page)
    assert "script" not in read.tags and read.handlers == []
    assert HOSTILE not in page and read.text.count(HOSTILE) >= 8


def test_the_page_fetches_nothing_and_runs_no_script() -> None:
    page = hostile_page()
    assert page.lstrip().startswith("<!doctype html>")
    assert Tags(page).references == []
    assert "http" not in page.replace("http-equiv", "")
    assert "default-src 'none'" in page


@pytest.mark.browser
def test_a_browser_without_network_shows_it_on_a_narrow_screen_and_runs_nothing(
    chromium: Browser, tmp_path: Path
) -> None:
    (tmp_path / "report.html").write_text(hostile_page(), encoding="utf-8")
    context = chromium.new_context(offline=True, viewport={"width": 400, "height": 800})
    page, happened = context.new_page(), []
    page.on("dialog", lambda dialog: happened.append(dialog.message))
    page.on("console", lambda message: happened.append(message.text))
    page.on("request", lambda request: happened.append(request.url))
    page.goto((tmp_path / "report.html").as_uri())
    assert happened == [(tmp_path / "report.html").as_uri()]
    assert page.locator("h1").inner_text().startswith(HOSTILE)
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    context.close()


def test_targets_are_met_or_not() -> None:
    rows = board_rows(DENSE, NOW, {"accuracy": 0.89, "size_bytes": 300, "latency_ms": 5})
    by_title = {row.title: row for row in rows}
    accuracy, weights = by_title["Accuracy"], by_title["Weights"]
    assert (accuracy.before, accuracy.after, accuracy.change) == (
        "90.00 %",
        "88.00 %",
        "−2.00 points",
    )
    assert (accuracy.target, accuracy.met) == ("at least 89.00 %", False)
    assert (weights.target, weights.met, weights.change) == ("at most 300 B", True, "−50.0 %")
    assert (by_title["Latency"].before, by_title["Latency"].met) == ("", True)
    assert "ONNX file" not in by_title


def test_speed_is_a_ratio_measured_in_turn_and_not_of_two_medians() -> None:
    dense = Metrics.from_json(DENSE.to_json() | {"latency_ms": NOW.to_json()["latency_ms"]})
    (row,) = (row for row in board_rows(dense, NOW, {}) if row.title == "Latency")
    assert row.change == "2.00 × (1.90 to 2.10) faster"


def test_slow_rounds_and_throughput_stand_beside_the_median() -> None:
    known = NOW.to_json() | {"throughput": 500.0}
    rows = {row.title: row for row in board_rows(*2 * [Metrics.from_json(known)], {})}
    slow, throughput = rows["Latency, 90th percentile"], rows["Inputs per second"]
    # Measured in turn, the dense model took twice as long.
    assert (slow.before, slow.after) == ("5.6 ms", "2.8 ms")
    assert (throughput.before, throughput.after) == ("250", "500")
    titles = [row.title for row in board_rows(DENSE, NOW, {"latency_ms": 5})]
    assert "Latency" in titles and "Latency, 90th percentile" not in titles


def test_what_keeps_a_unit_from_being_pruned_is_told() -> None:
    unit = UnitResult("linear", 0.5, 0.0, 4, 4, reason="these are the model's outputs")
    told = story(NOW, chapters=(Chapter("a", "", DENSE), Chapter("b", "", NOW, (unit,))))
    page = report_html(told, (exported(),), report_facts(told, (exported(),)))
    assert "linear: these are the model's outputs" in Tags(page).text


def test_units_are_drawn_up_to_a_limit() -> None:
    units = [UnitResult(f"u{i}", 0.5, 0.5, 1, 4) for i in range(MOST_UNITS + 3)]
    bars = unit_bars(units)
    assert len(bars) == MOST_UNITS
    assert (bars[0].label, bars[0].share, bars[0].text) == ("u0", 0.25, "1 of 4")


def test_a_line_of_accuracy_needs_two_points() -> None:
    assert accuracy_line([Chapter("a", "", DENSE)]) == []
    first, last = accuracy_line([Chapter("a", "", DENSE), Chapter("b", "", NOW)])
    assert (first.x, first.y, last.x, last.y) == (0, 0, 1, 1)


def test_an_export_brings_its_report_its_data_and_the_recipe(tmp_path: Path) -> None:
    told = story(NOW, recipe="steps: []\n", targets={"accuracy": 0.5})
    report = export_package(tmp_path, subject(pruned_toy()), formats=Plain(), story=told)
    assert {"report.html", "report.json", "recipe.yaml"} <= set(report.files)
    facts = json.loads((tmp_path / "report.json").read_text())
    assert facts["metrics"]["exported"]["latency_ms"] == pytest.approx(
        {"median_ms": 2, "p10_ms": 1.2, "p90_ms": 2.8, "rounds": 3}
    )
    (plain, bundle) = facts["files"]
    assert plain["check"]["inputs"] == 30 and bundle["check"]["top1_agreement"] == 1
    assert facts["conditions"]["versions"]["torch"] and facts["targets"] == {"accuracy": 0.5}
    assert (tmp_path / "recipe.yaml").read_text() == "steps: []\n"
    assert "Plain text" in (tmp_path / "report.html").read_text()


def test_a_session_tells_its_steps(session: Session, tmp_path: Path) -> None:
    session.plan = session.plan.with_ratios(0.5)
    session.prune()
    session.export(tmp_path, Plain())
    facts = json.loads((tmp_path / "report.json").read_text())
    assert [step["title"] for step in facts["steps"]] == [s.title for s in session.history.path()]
    assert facts["steps"][1]["units"][0]["unit"] == "conv1"
    assert facts["recipe"].startswith("# A recipe")
    assert (tmp_path / "recipe.yaml").read_text() == facts["recipe"]
