"""The history as a table: rows, CSV and DataFrame."""

import csv
import io
import sys
from pathlib import Path

import pytest

from workbench import Session
from workbench.actions import Open, Prune
from workbench.errors import ExportError, HistoryError
from workbench.measure.latency import Latency, Ratio
from workbench.measure.metrics import Metrics
from workbench.plan import Plan
from workbench.pruned import PrunedModel
from workbench.session.history import History, Step

DENSE = Metrics(accuracy=0.9, parameters=9, nonzero_parameters=9, macs=5, size_bytes=36)
PRUNED = Metrics(
    accuracy=0.8,
    parameters=6,
    nonzero_parameters=5,
    macs=3,
    size_bytes=24,
    latency_ms=Latency(0.5, 0.4, 0.7, (0.4, 0.5, 0.7)),
    speedup=Ratio(2.0, 1.8, 2.2),
)


@pytest.fixture
def history(dense: PrunedModel) -> History:
    history = History(dense, DENSE, Open("toy"))
    history.commit(dense, Step(1, 0, Prune(Plan()), PRUNED, notes=("one", "two")))
    return history


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_row_has_every_figure_with_its_unit(history: History) -> None:
    first, second = history.table()
    assert (first["step"], first["parent"], first["current"]) == (0, None, False)
    assert (first["kind"], first["action"], first["latency_ms"]) == ("open", "opened toy", None)
    assert (second["step"], second["parent"], second["current"]) == (1, 0, True)
    assert (second["size_bytes"], second["macs"], second["nonzero_parameters"]) == (24, 3, 5)
    assert (second["latency_p10_ms"], second["latency_ms"], second["latency_p90_ms"]) == (
        0.4,
        0.5,
        0.7,
    )
    assert (second["speedup_low"], second["speedup"], second["speedup_high"]) == (1.8, 2.0, 2.2)
    assert second["notes"] == "one; two"


def test_csv_reads_back_as_the_table(history: History) -> None:
    history.rename(1, 'half, and "more"', "two\nlines")
    first, second = read(history.to_csv())
    assert list(first) == list(history.table()[0])
    assert (second["name"], second["remark"]) == ('half, and "more"', "two\nlines")
    assert (float(second["accuracy"]), int(second["macs"])) == (0.8, 3)
    assert first["latency_ms"] == ""


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_names_that_a_spreadsheet_would_run_are_defused(history: History, name: str) -> None:
    history.rename(1, name, name)
    row = read(history.to_csv())[1]
    assert (row["name"], row["remark"]) == (f"'{name}", f"'{name}")
    assert history.table()[1]["name"] == name


def test_csv_is_written_as_it_is_returned(history: History, tmp_path: Path) -> None:
    history.rename(0, "größte")
    text = history.to_csv(tmp_path / "steps" / "history.csv")
    assert (tmp_path / "steps" / "history.csv").read_text(encoding="utf-8") == text


def test_csv_that_cannot_be_written_says_where(history: History, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match=r"cannot write .*file/history\.csv"):
        history.to_csv(tmp_path / "file" / "history.csv")


def test_a_data_frame_is_the_table_by_step(history: History) -> None:
    frame = history.to_dataframe()
    assert list(frame.index) == [0, 1] and frame.index.name == "step"
    assert [*frame.columns] == [name for name in history.table()[0] if name != "step"]
    assert frame.loc[1, "size_bytes"] == 24
    assert frame["latency_ms"].isna().tolist() == [True, False]


def test_without_pandas_the_error_says_what_to_install(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(HistoryError, match=r"pip install pandas.*history\.table\(\)"):
        history.to_dataframe()


def test_the_table_of_a_session_follows_its_steps(session: Session) -> None:
    session.plan = Plan(ratio=0.5)
    step = session.prune()
    assert [row["current"] for row in session.history.table()] == [False, True]
    assert session.history.table()[1]["accuracy"] == step.metrics.accuracy
    session.undo()
    assert [row["current"] for row in session.history.table()] == [True, False]
