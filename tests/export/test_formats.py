"""Every format on the bundled network: written, opened again, and run on the whole test set."""

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path

import onnx
import pytest
import torch
from exporting import pruned_toy, subject
from onnxruntime.quantization.calibrate import MinMaxCalibrater
from torch import nn
from toys import toy_data

from workbench import Session
from workbench.data.splits import ArraySplit
from workbench.errors import ExportError
from workbench.export.calibration import CalibrationImages
from workbench.export.formats import FORMATS, Workshop, chosen_formats
from workbench.export.formats.onnx_int8 import OnnxInt8
from workbench.export.formats.onnx_int8_dynamic import OnnxInt8Dynamic
from workbench.export.formats.pt2 import ExportedProgram
from workbench.export.formats.tflite import TFLite
from workbench.export.onnx import export_onnx, verify_onnx
from workbench.export.package import ExportReport
from workbench.measure.metrics import Metrics

QUANTIZED = ("onnx-fp16", "onnx-int8", "onnx-int8-dynamic")


@pytest.fixture(scope="module")
def report(
    digits_session: Session, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ExportReport]:
    """The bundled network in every ONNX format."""
    digits_session.checkout(0)
    yield digits_session.export(tmp_path_factory.mktemp("formats"), ("onnx", *QUANTIZED))


def opened(report: ExportReport, name: str) -> onnx.ModelProto:
    return onnx.load(report.directory / next(iter(report[name].files)))


def kinds(model: onnx.ModelProto) -> set[str]:
    return {node.op_type for node in model.graph.node}


def test_float32_agrees_with_pytorch_to_rounding(report: ExportReport) -> None:
    check = report["onnx"].check
    assert check.max_difference <= 1e-4 and check.top1_agreement == 1


@pytest.mark.parametrize("name", QUANTIZED)
def test_quantized_files_are_smaller_and_lose_at_most_a_point(
    report: ExportReport, digits_session: Session, name: str
) -> None:
    exported, dense = report[name], report["onnx"]
    baseline: Metrics = digits_session.history[0].metrics
    assert exported.check.inputs == len(digits_session.dataset.test)
    assert exported.check.accuracy is not None and baseline.accuracy is not None
    assert exported.check.accuracy >= baseline.accuracy - 0.01
    assert exported.check.max_difference > dense.check.max_difference
    shares = {"onnx-fp16": 0.56, "onnx-int8": 0.36, "onnx-int8-dynamic": 0.37}
    assert exported.size_bytes < shares[name] * dense.size_bytes
    assert exported.latency_ms is not None and exported.speedup_over_onnx is not None


def test_float16_files_hold_halves_and_take_float32(report: ExportReport) -> None:
    model = opened(report, "onnx-fp16")
    weights = [one for one in model.graph.initializer if len(one.dims) == 4]
    assert weights and {one.data_type for one in weights} == {onnx.TensorProto.FLOAT16}
    assert model.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.FLOAT


def test_static_int8_has_signed_weights_with_a_scale_for_every_channel(
    report: ExportReport,
) -> None:
    model = opened(report, "onnx-int8")
    assert {"QuantizeLinear", "DequantizeLinear"} <= kinds(model)
    weights = {one.name: one for one in model.graph.initializer if len(one.dims) == 4}
    assert {one.data_type for one in weights.values()} == {onnx.TensorProto.INT8}
    scales = {one.name: list(one.dims) for one in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in weights:
            assert scales[node.input[1]] == [weights[node.input[0]].dims[0]]


def test_static_int8_uses_seven_bits_for_the_sake_of_old_cpus(report: ExportReport) -> None:
    model = opened(report, "onnx-int8")
    values = [
        onnx.numpy_helper.to_array(one) for one in model.graph.initializer if len(one.dims) == 4
    ]
    assert max(abs(int(one.min())) for one in values) <= 64
    assert max(int(one.max()) for one in values) <= 64


def test_static_int8_quantizes_all_layers_where_that_changes_few_answers(
    report: ExportReport,
) -> None:
    assert report["onnx-int8"].notes == ()


def test_as_few_first_layers_as_it_takes_stay_in_float32(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares = iter([0.5, 0.94, 0.96])
    monkeypatch.setattr(OnnxInt8, "_agrees", lambda *_: next(shares))
    one = OnnxInt8(images=8)
    one.write(workshop)
    assert one.notes(workshop) == ("2 of 3 layers stay in float32, where 8 bits cost too much.",)
    OnnxInt8(images=8, agreement=0).write(workshop)
    assert one.notes(workshop) == ()


def test_ranges_are_found_once_however_many_layers_are_tried(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shares = iter([0.5, 0.94, 0.96])
    monkeypatch.setattr(OnnxInt8, "_agrees", lambda *_: next(shares))
    ran: list[int] = []
    collect = MinMaxCalibrater.collect_data
    monkeypatch.setattr(
        MinMaxCalibrater, "collect_data", lambda *given: (ran.append(1), collect(*given))
    )
    mine = dataclasses.replace(workshop, directory=tmp_path)
    shutil.copy(workshop.path("model.onnx"), tmp_path)
    OnnxInt8(images=64).write(mine)
    assert len(ran) == 2  # batches of 32


def test_an_agreement_that_is_no_share_is_refused() -> None:
    with pytest.raises(ExportError, match=r"agreement must be a share .*\[0, 1\]; got 95"):
        OnnxInt8(agreement=95)


def test_dynamic_int8_has_unsigned_weights_in_its_convolutions(report: ExportReport) -> None:
    model = opened(report, "onnx-int8-dynamic")
    assert {"ConvInteger", "MatMulInteger"} <= kinds(model)
    weights = {one.name: one.data_type for one in model.graph.initializer}
    integer = [node for node in model.graph.node if node.op_type == "ConvInteger"]
    assert {weights[node.input[1]] for node in integer} == {onnx.TensorProto.UINT8}


def test_dynamic_int8_spares_what_one_scale_costs_the_most(
    report: ExportReport, digits_session: Session
) -> None:
    modules = digits_session.model.modules()
    convolutions = [one for one in modules if isinstance(one, torch.nn.Conv2d)]
    grouped = sum(one.groups > 1 for one in convolutions[2:])
    note = f"{2 + grouped} of {len(convolutions)} convolutions stay in float32"
    assert grouped and report["onnx-int8-dynamic"].notes[0].startswith(note)


def test_dynamic_int8_can_quantize_all_of_them(workshop: Workshop) -> None:
    (name,) = OnnxInt8Dynamic(sensitive=True).write(workshop)
    assert "Conv" not in kinds(onnx.load(workshop.path(name)))


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """A toy network, with its ONNX file."""
    workshop = Workshop(subject(pruned_toy()), tmp_path_factory.mktemp("workshop"))
    assert workshop.onnx.exists()
    return workshop


def test_dynamic_int8_can_leave_convolutions_alone(workshop: Workshop) -> None:
    (name,) = OnnxInt8Dynamic(convolutions=False).write(workshop)
    found = kinds(onnx.load(workshop.path(name)))
    assert {"Conv", "MatMulInteger"} <= found and "ConvInteger" not in found


@pytest.mark.parametrize("calibration", ["entropy", "percentile"])
def test_ranges_can_be_calibrated_in_several_ways_without_a_word(
    workshop: Workshop, calibration: str, capfd: pytest.CaptureFixture[str]
) -> None:
    one = OnnxInt8(calibration=calibration, images=48)  # type: ignore[arg-type]
    one.write(workshop)
    outputs = one.open(workshop)(next(toy_data().test.batches(4))[0].numpy())
    assert outputs.shape == (4, 3)
    assert capfd.readouterr().out == ""


def test_an_unknown_calibration_is_refused_with_those_there_are() -> None:
    with pytest.raises(ExportError, match=r"one of minmax, entropy, percentile; got 'kl'"):
        OnnxInt8(calibration="kl")  # type: ignore[arg-type]


def test_calibration_reads_as_many_training_images_as_it_was_told() -> None:
    train = toy_data().train
    reader = CalibrationImages(train, 40)
    batches = []
    for place in range(len(reader)):
        reader.set_range(place, place + 1)
        while (batch := reader.get_next()) is not None:
            batches.append(batch["input"])
    assert [len(batch) for batch in batches] == [32, 8]
    seen = torch.from_numpy(batches[0])
    known = next(train.batches(len(train)))[0]
    assert all(any(torch.equal(one, other) for other in known) for one in seen)


@pytest.mark.parametrize("images", [0, -3, True, 1.5])
def test_calibration_on_no_image_is_refused(images: int) -> None:
    with pytest.raises(ExportError, match=rf"at least 1 training image, got {images}"):
        CalibrationImages(toy_data().train, images)


def test_calibration_without_training_data_names_a_way_out() -> None:
    empty = ArraySplit(torch.zeros(0, 1, 4, 4), torch.zeros(0, dtype=torch.int64))
    with pytest.raises(ExportError, match=r"split with 0 inputs.*'onnx-int8-dynamic'"):
        CalibrationImages(empty, 8)


@pytest.mark.parametrize("name", QUANTIZED)
def test_a_model_whose_weights_lie_in_a_second_file_is_not_quantized(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop = Workshop(subject(pruned_toy()), tmp_path)
    workshop.path("model.onnx").write_bytes(b"graph")
    workshop.path("model.onnx.data").write_bytes(b"weights")
    monkeypatch.setattr("workbench.export.formats.base.export_onnx", lambda *given: given[-1])
    with pytest.raises(ExportError, match=r"one ONNX file of at most 2147483647 bytes.*7 bytes"):
        FORMATS[name]().write(workshop)


def test_weights_beyond_a_limit_lie_in_a_second_file_that_is_found_again(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 1000)).eval()
    path = export_onnx(model, torch.zeros(1, 1, 4, 4), tmp_path / "m.onnx", inline_bytes=60_000)
    assert {one.name for one in tmp_path.iterdir()} == {"m.onnx", "m.onnx.data"}
    assert b"site-packages" not in path.read_bytes() and path.stat().st_size < 10_000
    weights = onnx.load(path, load_external_data=False).graph.initializer
    assert {one.data_location for one in weights if len(one.dims) == 2} == {1}
    check = verify_onnx(path, model, toy_data().test)
    assert check.is_rounding and check.disagreements == 0


def test_an_exported_program_answers_without_the_model_at_any_batch_size(tmp_path: Path) -> None:
    workshop = Workshop(subject(pruned_toy()), tmp_path)
    one = ExportedProgram()
    assert one.write(workshop) == ("model.pt2",)
    run, module = one.open(workshop), workshop.subject.model.module
    for batch in (1, 3):
        inputs = torch.rand(batch, 1, 4, 4)
        with torch.no_grad():
            assert torch.equal(torch.from_numpy(run(inputs.numpy())), module(inputs))


def test_tflite_answers_as_pytorch_does_where_its_converter_is_installed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    if reason := TFLite.missing():
        assert reason == "it needs pip install 'pruning-workbench[tflite]'"
        with pytest.raises(ExportError, match=r"'tflite' cannot be written here: it needs"):
            chosen_formats("tflite")
        return
    workshop = Workshop(subject(pruned_toy()), tmp_path)
    one = TFLite()
    assert one.write(workshop) == ("model.tflite",)
    assert capfd.readouterr().out == ""
    inputs = torch.rand(3, 1, 4, 4)
    with torch.no_grad():
        expected = workshop.subject.model.module(inputs).numpy()
    assert one.open(workshop)(inputs.numpy()) == pytest.approx(expected, abs=1e-5)
