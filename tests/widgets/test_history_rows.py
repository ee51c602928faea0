from dataclasses import replace

from widgets.history_rows import FIGURES, HEADINGS, history_rows
from workbench import Plan, Session
from workbench.measure.latency import Latency, Ratio


def figures(session: Session, step: int) -> dict[str, tuple[str, str]]:
    row = next(row for row in history_rows(session) if row["step"] == step)
    return {
        metric: (figure["text"], figure["title"])
        for metric, figure in zip(FIGURES, row["figures"], strict=True)
    }


def test_rows_say_what_was_done_and_how_it_is_called(session: Session) -> None:
    session.plan = Plan(ratio=0.5)
    session.prune()
    session.rename(1, name="half", remark="a note")
    first, second = history_rows(session)
    assert (first["action"], first["parent"], first["ends"]) == ("opened ToyNet", None, False)
    assert (second["name"], second["action"], second["remark"]) == (
        "half",
        "pruned channels by l1",
        "a note",
    )
    assert (second["kind"], second["parent"], second["ends"]) == ("prune", 0, True)
    assert len(HEADINGS) == len(FIGURES) == len(second["figures"])


def test_figures_are_whole_for_the_dense_model_and_shares_of_it_after(session: Session) -> None:
    session.plan = Plan(granularity="weight", ratio=0.5)
    session.prune()
    assert figures(session, 0)["size_bytes"][0].endswith("B")
    step = session.history[1].metrics
    share = f"{100 * step.nonzero_parameters / 287:.0f} %"
    assert figures(session, 1)["nonzero_parameters"] == (
        share,
        f"non-zero {step.nonzero_parameters}, {share} of the dense model's",
    )
    assert figures(session, 1)["size_bytes"][0] == "100 %"


def test_latency_is_the_share_that_was_measured_in_turn(session: Session) -> None:
    session.prune()
    slow, fast = (Latency(value, value, value, (value,)) for value in (1.0, 0.9))
    history = session._history
    history.measured(0, replace(history[0].metrics, latency_ms=slow))
    history.measured(1, replace(history[1].metrics, latency_ms=fast, speedup=Ratio(2.0, 1.9, 2.1)))
    assert figures(session, 0)["latency_ms"][0] == "1 ms"
    assert figures(session, 1)["latency_ms"] == (
        "50 %",
        "latency 0.9 ms, 50 % of the dense model's",
    )


def test_what_is_not_measured_says_whether_it_will_be(session: Session) -> None:
    session.prune()
    session.checkout(0)
    assert figures(session, 1)["latency_ms"] == ("–", "latency not measured")
    assert figures(session, 0)["latency_ms"] == ("…", "latency being measured")
    session._history.annotate(0, "latency and file sizes not measured: no runtime")
    assert figures(session, 0)["latency_ms"] == ("–", "latency not measured")
