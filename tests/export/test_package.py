import dataclasses
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
import torch
from exporting import Plain, pruned_toy, subject
from toys import ToyNet, toy_data

from workbench import Session, load
from workbench.errors import DataError, ExportError
from workbench.export.formats import FORMATS, chosen_formats
from workbench.export.formats.onnx_int8 import OnnxInt8
from workbench.export.package import export_package
from workbench.export.staging import PREFIX
from workbench.measure.runtime import open_runtime
from workbench.measure.size import state_dict_bytes
from workbench.progress import Cancelled
from workbench.pruned import PrunedModel


class StopsAt:
    def __init__(self, message: str) -> None:
        self.message = message

    def report(self, done: float, total: float, message: str = "") -> None:
        if message == self.message:
            raise Cancelled


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_an_export_is_onnx_with_the_bundle_checked_and_timed(
    dense: PrunedModel, tmp_path: Path
) -> None:
    report = export_package(tmp_path / "new" / "place", subject(dense))
    sizes = {path.name: path.stat().st_size for path in report.directory.iterdir()}
    assert sizes == dict(report.files)
    assert set(sizes) == {"model.onnx", "model.safetensors", "model.json"}
    assert sizes["model.safetensors"] > state_dict_bytes(dense.module)
    assert [one.format for one in report.exported] == ["onnx", "bundle"]
    for one in report.exported:
        assert (one.check.inputs, one.check.top1_agreement) == (len(toy_data().test), 1)
        assert one.check.is_rounding
    assert report["onnx"].latency_ms is not None and report["bundle"].latency_ms is None
    assert report.check is report["onnx"].check

    inputs = torch.rand(5, 1, 4, 4)
    session = open_runtime(report.directory / "model.onnx")
    (found,) = session.run(None, {"input": inputs.numpy()})
    with torch.no_grad():
        assert np.allclose(found, dense.module(inputs).numpy(), atol=1e-5)


def test_the_accuracy_of_a_file_is_that_of_what_it_answers(tmp_path: Path) -> None:
    with_bias = Plain(added=(1e3, 0.0, 0.0))
    object.__setattr__(with_bias, "exact", False)
    report = export_package(tmp_path, subject(pruned_toy()), formats=with_bias)
    check = report["plain"].check
    assert check.accuracy == pytest.approx(1 / 3)
    assert check.max_difference == pytest.approx(1e3)
    assert not check.is_rounding


def test_a_file_that_answers_otherwise_is_not_kept(tmp_path: Path) -> None:
    message = (
        r"Plain text must name the same class .* all 30 test inputs.*0\.0001 of the largest.*"
        r"got another class for \d+ of 30 inputs, 0 of them ties, and outputs up to 1e\+03 apart"
    )
    with pytest.raises(ExportError, match=message):
        export_package(
            tmp_path / "out", subject(pruned_toy()), formats=Plain(added=(1e3, 0.0, 0.0))
        )
    assert list(tmp_path.iterdir()) == []


def test_classes_that_are_tied_may_change_places(tmp_path: Path) -> None:
    pruned = pruned_toy()
    with torch.no_grad():
        pruned.module.classifier.weight.zero_()  # type: ignore[union-attr]
        pruned.module.classifier.bias.copy_(torch.tensor([1.0, 1.00001, 0.0]))  # type: ignore[union-attr]
    report = export_package(tmp_path, subject(pruned), formats=Plain(added=(0.00002, 0.0, 0.0)))
    check = report["plain"].check
    assert (check.top1_agreement, check.ties, check.is_rounding) == (0, 30, True)
    assert check.verdict == "the same class for all 30 inputs but 30 ties"


def test_formats_come_once_and_in_a_fixed_order() -> None:
    assert [one.name for one in chosen_formats(("bundle", "onnx", "bundle"))] == ["onnx", "bundle"]
    assert [one.name for one in chosen_formats(("onnx", Plain()))] == ["onnx", "plain"]


def test_one_format_with_two_settings_is_refused() -> None:
    with pytest.raises(ExportError, match=r"written once, got 'plain' with two settings"):
        chosen_formats((Plain("one"), Plain("two")))


def test_settings_follow_a_name_and_are_spelled_the_same_again() -> None:
    spelled = "onnx-int8:calibration=entropy,images=512,full_range=True"
    (one,) = chosen_formats(spelled)
    assert one == OnnxInt8("entropy", images=512, full_range=True)
    assert one.spelled == spelled
    assert OnnxInt8().spelled == "onnx-int8"


@pytest.mark.parametrize(
    ("spelled", "message"),
    [
        ("onnx-int8:bits=4", r"'onnx-int8' must be among calibration, images.*got 'bits=4'"),
        ("onnx-int8:images", r"as in 'name=value', got 'images'"),
        ("onnx-int8:images=many", r"images of .* must be of type int, got 'many'"),
        ("onnx:a=1", r"settings of export format 'onnx' must be among none"),
    ],
)
def test_settings_that_are_not_there_are_refused(spelled: str, message: str) -> None:
    with pytest.raises(ExportError, match=message):
        chosen_formats(spelled)


def test_every_format_says_what_it_is_for() -> None:
    for name, kind in FORMATS.items():
        assert kind.name == name and kind.title and kind.files
        assert kind.purpose.endswith(".") and len(kind.purpose) < 100
        assert dataclasses.is_dataclass(kind)


@pytest.mark.parametrize("formats", ["coreml", ("onnx", "coreml")])
def test_an_unknown_format_is_refused_with_those_there_are(
    formats: str | tuple[str, ...], tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match=r"must be among onnx, .*bundle.*; got 'coreml'"):
        export_package(tmp_path / "out", subject(pruned_toy()), formats=formats)
    assert not (tmp_path / "out").exists()


def test_an_export_that_is_there_is_not_overwritten_unasked(tmp_path: Path) -> None:
    export_package(tmp_path, subject(pruned_toy()), formats=Plain("old"))
    before = contents(tmp_path)
    with pytest.raises(ExportError, match=r"must hold no export.*model\.safetensors.*or overwrite"):
        export_package(tmp_path, subject(pruned_toy()), formats=Plain("new"))
    assert contents(tmp_path) == before


def test_replacing_an_export_replaces_all_of_it_and_nothing_else(
    tmp_path: Path, dense: PrunedModel
) -> None:
    masked = pruned_toy(granularity="weight")
    export_package(tmp_path, subject(masked), formats=Plain("old"))
    (tmp_path / "notes.txt").write_text("mine")
    assert (tmp_path / "masks.safetensors").exists()
    export_package(tmp_path, subject(dense), formats=Plain("new"), overwrite=True)
    assert set(contents(tmp_path)) == {"plain.txt", "model.safetensors", "model.json", "notes.txt"}
    assert load(tmp_path, model=ToyNet()).conv1.out_channels == 4  # type: ignore[union-attr]


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("message", ["writing Plain text", "verifying Bundle", "moving into place"])
def test_a_cancelled_export_leaves_everything_as_it_was(
    tmp_path: Path, there: bool, message: str
) -> None:
    target = tmp_path / "new" / "out"
    if there:
        export_package(target, subject(pruned_toy()), formats=Plain("old"))
    before = contents(target) if there else None
    with pytest.raises(Cancelled):
        export_package(
            target,
            subject(pruned_toy()),
            formats=Plain("new"),
            overwrite=True,
            monitor=StopsAt(message),
        )
    assert (contents(target) if there else None) == before
    assert there or not target.parent.exists()


def test_too_little_space_is_found_out_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(9, 4, 5))
    monkeypatch.setattr(Plain, "write", too_late)
    message = r"out may need \d[\d,]+ bytes, and 5 are free there. Make room"
    with pytest.raises(ExportError, match=message):
        export_package(tmp_path / "out", subject(pruned_toy()), formats=Plain())
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_directory_is_found_out_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Plain, "write", too_late)
    (tmp_path / "file").write_text("not a directory")
    for target in (tmp_path / "file", tmp_path / "file" / "out"):
        with pytest.raises(ExportError, match=r"cannot write to .*file.*Choose a directory"):
            export_package(target, subject(pruned_toy()), formats=Plain())


def too_late(*_: object) -> tuple[str, ...]:
    raise AssertionError("written first")


def test_what_a_killed_export_left_behind_is_removed_by_the_next(tmp_path: Path) -> None:
    left = tmp_path / f"{PREFIX}abc"
    left.mkdir()
    (left / "model.onnx").write_bytes(b"half")
    (left / ".lock").touch()
    export_package(tmp_path / "out", subject(pruned_toy()), formats=())
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_exported_files_are_as_readable_as_any_other(tmp_path: Path) -> None:
    report = export_package(tmp_path / "out", subject(pruned_toy()), formats=())
    plain = tmp_path / "plain"
    plain.touch()
    for name in report.files:
        assert (tmp_path / "out" / name).stat().st_mode == plain.stat().st_mode, name


def test_without_test_data_nothing_is_written(tmp_path: Path) -> None:
    data = toy_data()
    empty = dataclasses.replace(data.test, images=torch.zeros(0, 1, 4, 4), labels=torch.zeros(0))  # type: ignore[type-var]
    data = dataclasses.replace(data, test=empty)
    with pytest.raises(DataError, match=r"at least 1 input, got a split with 0"):
        export_package(tmp_path / "out", subject(pruned_toy(), dataset=data), formats=())
    assert list(tmp_path.iterdir()) == []


def test_a_session_says_so_too_and_stays_what_it_was(session: Session, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    before = session.history.current
    with pytest.raises(ExportError, match="cannot write"):
        session.export(tmp_path / "file" / "out")
    assert session.history.current == before and not session.busy


def test_a_session_replaces_an_export_when_it_may(session: Session, tmp_path: Path) -> None:
    session.export(tmp_path, Plain("old"))
    with pytest.raises(ExportError, match=r"must hold no export yet"):
        session.export(tmp_path, Plain("new"))
    session.export(tmp_path, Plain("new"), overwrite=True)
    assert (tmp_path / "plain.txt").read_text() == "new"


def test_a_pruned_model_is_timed_beside_the_dense_one(digits: Session, tmp_path: Path) -> None:
    digits.plan = digits.plan.with_ratios(0.5)
    digits.prune()
    report = digits.export(tmp_path / "out")
    speedup = report["onnx"].speedup
    assert speedup is not None and speedup.value > 1
