"""What is damaged is named, and spoils nothing else."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from workbench import Plan, Session
from workbench.digests import digest_of
from workbench.errors import DamagedError, StoreError
from workbench.store import formats

Reopen = Callable[..., Session]


@pytest.fixture
def three(kept: Reopen, home: Path) -> Path:
    """A session's directory with three steps after the first, the last one current."""
    session = kept()
    for ratio in (0.25, 0.5, 0.75):
        session.plan = Plan(granularity="weight", ratio=ratio)
        session.prune()
    session.close()
    return home / "steps"


def flip(path: Path) -> None:
    """Change one bit in the middle."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("name", ["model.safetensors", "masks.safetensors", "structure.json"])
def test_a_damaged_file_is_named_when_its_step_is_wanted(
    kept: Reopen, three: Path, name: str
) -> None:
    flip(three / "2" / name)
    session = kept()
    assert session.history.current.id == 3
    message = (
        rf"step 2 cannot be opened: steps/2/{name} was changed.*SHA-256 must be [0-9a-f]{{64}}"
    )
    with pytest.raises(DamagedError, match=message):
        session.checkout(2)
    with pytest.raises(DamagedError, match=message):
        session.undo()
    assert session.history.current.id == 3
    assert session.checkout(1).id == 1
    assert session.prune().id == 4


@pytest.mark.parametrize("name", ["step.json", "action.json"])
def test_a_step_without_its_description_is_left_out_with_a_note(
    kept: Reopen, three: Path, name: str
) -> None:
    flip(three / "2" / name)
    session = kept()
    assert [step.id for step in session.history] == [0, 1, 3]
    assert list(session.history.damaged) == [2]
    assert any(f"step 2 cannot be opened: steps/2/{name}" in note for note in session.notes)
    assert [step.id for step in session.history.path()] == [0, 3]
    with pytest.raises(DamagedError, match=f"steps/2/{name}"):
        session.undo()
    with pytest.raises(DamagedError, match=f"steps/2/{name}"):
        _ = session.history[2]
    assert session.prune().id == 4


def test_a_file_that_is_gone_or_short_is_noticed_at_once(kept: Reopen, three: Path) -> None:
    (three / "1" / "model.safetensors").unlink()
    model = three / "2" / "model.safetensors"
    model.write_bytes(model.read_bytes()[:-10])
    notes = kept().notes
    assert any("steps/1/model.safetensors is missing" in note for note in notes)
    assert any("steps/2/model.safetensors has" in note for note in notes)


def test_when_the_current_step_is_damaged_the_newest_good_one_is_taken(
    kept: Reopen, three: Path
) -> None:
    flip(three / "3" / "model.safetensors")
    session = kept()
    assert session.history.current.id == 2
    assert any("step 3 cannot be opened" in note for note in session.notes)


def test_the_first_step_is_mended_from_the_model_itself(kept: Reopen, three: Path) -> None:
    (three / "0" / "step.json").unlink()
    session = kept()
    assert session.checkout(0).metrics.accuracy is not None or session.baseline
    assert not kept().history.damaged


def test_figures_of_later_are_lost_alone(kept: Reopen, three: Path) -> None:
    session = kept()
    session.history.annotate(2, "measured late")
    session.close()
    flip(three / "2" / "measured.json")
    again = kept()
    assert again.history[2].metrics.accuracy == session.history[2].metrics.accuracy
    assert "latency and file sizes are lost" in again.history[2].notes[0]


def test_a_state_that_is_damaged_leaves_the_steps(kept: Reopen, three: Path) -> None:
    flip(three.parent / "state.json")
    session = kept()
    assert session.history.current.id == 3 and session.plan == Plan()
    assert any("Plan, targets and current step are lost" in note for note in session.notes)


def test_a_damaged_record_is_named_and_left_alone(kept: Reopen, three: Path) -> None:
    flip(three.parent / "session.json")
    with pytest.raises(DamagedError, match=r"session\.json (was changed|is no readable JSON)"):
        kept()
    (three.parent / "session.json").write_bytes(b"")
    with pytest.raises(DamagedError, match=r"session\.json is no readable JSON"):
        kept()


def rewritten(path: Path, **changes: object) -> None:
    """Change a file as somebody would who knows about digests."""
    body = json.loads(path.read_text())
    del body["digest"]
    body |= changes
    path.write_text(json.dumps({**body, "digest": digest_of(body)}))


@pytest.mark.parametrize("version", [2, 0, "1", None])
def test_a_directory_of_another_format_is_refused(
    kept: Reopen, three: Path, version: object
) -> None:
    rewritten(three.parent / "session.json", format_version=version)
    with pytest.raises(StoreError, match=rf"format_version of .* must be 1, got {version!r}"):
        kept()


def test_older_formats_are_brought_up_to_date(
    kept: Reopen, three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What version 2 will do with what version 1 wrote."""
    migrated = []

    def one_to_two(body: dict[str, object]) -> dict[str, object]:
        migrated.append(body)
        return body

    monkeypatch.setattr(formats, "FORMAT_VERSION", 2)
    monkeypatch.setattr(
        formats, "MIGRATIONS", {kind: {1: one_to_two} for kind in formats.MIGRATIONS}
    )
    session = kept()
    assert len(session.history) == 4 and migrated
    session.prune()
    rewritten(three.parent / "session.json", format_version=3)
    with pytest.raises(StoreError, match=r"must be 1 to 2, got 3"):
        kept()


def test_a_step_of_a_newer_format_is_left_out(kept: Reopen, three: Path) -> None:
    rewritten(three / "2" / "step.json", format_version=2)
    session = kept()
    assert list(session.history.damaged) == [2]
    assert any("format_version of steps/2/step.json must be 1, got 2" in n for n in session.notes)


def test_slices_that_do_not_go_together_are_refused(kept: Reopen, home: Path) -> None:
    session = kept()
    session.plan = Plan(ratio=0.5)
    session.prune()
    session.close()
    step = home / "steps" / "1"
    structure = json.loads((step / "structure.json").read_text())
    structure["kept"]["bn.weight"]["0"] = [0, 1]
    text = json.dumps(structure).encode()
    (step / "structure.json").write_bytes(text)
    manifest = json.loads((step / "step.json").read_text())
    checksums = manifest["checksums"] | {"structure.json": hashlib.sha256(text).hexdigest()}
    rewritten(
        step / "step.json",
        checksums=checksums,
        sizes=manifest["sizes"] | {"structure.json": len(text)},
    )
    session = kept()
    assert session.history.current.id == 0
    assert any("slices that do not go together" in note for note in session.notes)


def test_nothing_is_ever_unpickled(kept: Reopen, three: Path) -> None:
    files = [path for path in three.parent.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {".json", ".safetensors", ".jsonl", ""}
    assert not any(path.read_bytes().startswith(b"\x80") for path in files)
