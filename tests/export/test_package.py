import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from networks import TRAPS
from toys import ToyNet, dense_model, toy_data, toy_net

from workbench import Plan, Session, load
from workbench.data import Dataset
from workbench.errors import ExportError, ModelError, WeightsError
from workbench.export.onnx import OnnxCheck
from workbench.export.package import export_package
from workbench.measure.metrics import Metrics
from workbench.measure.runtime import open_runtime
from workbench.measure.size import state_dict_bytes
from workbench.models import build_model
from workbench.progress import Cancelled
from workbench.pruned import PrunedModel
from workbench.store import write_whole

METRICS = Metrics(parameters=9, nonzero_parameters=9, macs=5, size_bytes=36)
TOY = {"kind": "module", "constructor": "toys.ToyNet", "arguments": {}}
EXAMPLE = torch.zeros(1, 1, 4, 4)


def write(directory: Path, model: PrunedModel, data: Dataset, **settings: Any) -> Any:
    settings = {"origin": TOY, "metrics": METRICS} | settings
    return export_package(directory, model, data, EXAMPLE, **settings)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, PrunedModel]:
    """An export of the toy network, half of its channels removed; to be read only."""
    directory = tmp_path_factory.mktemp("export")
    pruned, _ = dense_model(toy_net(), (1, 4, 4)).prune(Plan(ratio=0.5))
    write(directory, pruned, toy_data())
    return directory, pruned


@pytest.fixture
def copied(written: tuple[Path, PrunedModel], tmp_path: Path) -> Path:
    """A copy of that export, to be damaged."""
    for path in written[0].iterdir():
        write_whole(tmp_path / path.name, path.read_bytes())
    return tmp_path


def change(directory: Path, **entries: Any) -> None:
    path = directory / "model.json"
    description = json.loads(path.read_text()) | entries
    kept = {key: value for key, value in description.items() if value is not ...}
    path.write_text(json.dumps(kept))


def test_an_export_is_three_files_and_a_check(
    dense: PrunedModel, data: Dataset, tmp_path: Path
) -> None:
    report = write(tmp_path / "new" / "place", dense, data)
    sizes = {path.name: path.stat().st_size for path in report.directory.iterdir()}
    assert sizes == dict(report.files)
    assert set(sizes) == {"model.onnx", "model.safetensors", "model.json"}
    assert sizes["model.safetensors"] > state_dict_bytes(dense.module)
    assert (report.check.inputs, report.check.top1_agreement) == (len(data.test), 1)


def test_the_onnx_file_answers_like_the_model(written: tuple[Path, PrunedModel]) -> None:
    directory, pruned = written
    inputs = torch.rand(5, 1, 4, 4)
    (found,) = open_runtime(directory / "model.onnx").run(None, {"input": inputs.numpy()})
    with torch.no_grad():
        assert np.allclose(found, pruned.module(inputs).numpy(), atol=1e-5)


def test_the_description_tells_structure_figures_and_check(
    written: tuple[Path, PrunedModel],
) -> None:
    directory, pruned = written
    description = json.loads((directory / "model.json").read_text())
    assert description["structure"] == pruned.structure.to_json()
    assert Metrics.from_json(description["metrics"]) == METRICS
    assert description["classes"] == ["top", "middle", "bottom"]
    assert description["onnx_check"]["top1_agreement"] == 1


def test_a_module_of_your_own_is_passed_in_and_comes_back_pruned(
    written: tuple[Path, PrunedModel],
) -> None:
    directory, pruned = written
    dense = ToyNet().train()
    again = load(directory, model=dense)
    assert type(again) is ToyNet and not again.training
    assert again.conv1.out_channels == 2
    tensors = pruned.module.state_dict()
    assert all(torch.equal(tensors[name], tensor) for name, tensor in again.state_dict().items())
    assert dense.conv1.out_channels == 4 and dense.training


def test_a_bundled_network_comes_back_by_name(digits: Session, tmp_path: Path) -> None:
    digits.plan = Plan(ratio=0.5)
    pruned = digits.pruned.prune(digits.plan)[0]
    export_package(
        tmp_path,
        pruned,
        digits.dataset,
        digits.dataset.example_input(),
        origin=digits.origin,
        metrics=digits.baseline,
    )
    again = load(str(tmp_path))
    inputs, _ = next(digits.dataset.test.batches(64))
    with torch.no_grad():
        assert torch.equal(again(inputs), pruned.module(inputs))


@pytest.mark.parametrize("name", ["shared module", "tokens", "grouped convolution"])
def test_what_was_pruned_in_steps_comes_back(
    name: str, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.export.package.onnx_bytes", lambda *_: b"onnx")
    agrees = OnnxCheck(max_difference=0, top1_agreement=1, inputs=1)
    monkeypatch.setattr("workbench.export.package.verify_onnx", lambda *_, **__: agrees)
    trap = TRAPS[name]
    dense = dense_model(trap.make().eval(), trap.shape)
    pruned = dense.prune(Plan(ratio=0.25))[0].prune(Plan(ratio=0.6))[0]
    write(tmp_path, pruned, data)
    again, inputs = load(tmp_path, model=trap.make()), torch.rand(2, *trap.shape)
    with torch.no_grad():
        assert torch.equal(again(inputs), pruned.module(inputs))


def test_without_the_module_the_remedy_is_to_pass_it(written: tuple[Path, PrunedModel]) -> None:
    with pytest.raises(ModelError, match=r"toys\.ToyNet is your own module.*model=\.\.\."):
        load(written[0])


def test_the_wrong_module_is_refused(written: tuple[Path, PrunedModel]) -> None:
    message = rf"the model given does not fit the export in {re.escape(str(written[0]))}: .*conv1"
    with pytest.raises(ModelError, match=message):
        load(written[0], model=TRAPS["chain"].make())


def test_the_pruned_module_is_not_the_dense_one(written: tuple[Path, PrunedModel]) -> None:
    directory, pruned = written
    with pytest.raises(ModelError, match=r"does not fit the export .* Pass the dense module"):
        load(directory, model=pruned.module)


def test_a_dense_module_of_other_sizes_is_refused(written: tuple[Path, PrunedModel]) -> None:
    dense = ToyNet()
    dense.classifier = torch.nn.Linear(6, 10)
    with pytest.raises(WeightsError, match=r"\(10, 3\).*\(3, 3\)|\(3, 3\).*\(10, 3\)"):
        load(written[0], model=dense)


def test_a_directory_without_an_export_is_refused(tmp_path: Path) -> None:
    message = r"model\.json must be an export's description, but cannot be read: .*No such file"
    with pytest.raises(ExportError, match=message):
        load(tmp_path, model=toy_net())


@pytest.mark.parametrize("text", ["", "{", '{"format_version": 1', "\x00"])
def test_a_corrupt_description_is_refused(copied: Path, text: str) -> None:
    (copied / "model.json").write_text(text)
    with pytest.raises(ExportError, match=r"model\.json must be .*, but cannot be read: "):
        load(copied, model=toy_net())


@pytest.mark.parametrize("version", [0, 2, "1", None, ...])
def test_another_version_is_refused_with_the_one_that_is_read(copied: Path, version: Any) -> None:
    change(copied, format_version=version)
    found = None if version is ... else version
    message = rf"format_version of .*model\.json must be 1, got {re.escape(repr(found))}\."
    with pytest.raises(ExportError, match=message):
        load(copied, model=toy_net())


def test_json_that_is_no_object_is_refused(copied: Path) -> None:
    (copied / "model.json").write_text("[1]")
    with pytest.raises(ExportError, match=r"format_version of .* must be 1, got None"):
        load(copied, model=toy_net())


@pytest.mark.parametrize(
    ("entries", "what"),
    [
        ({"origin": ...}, "'origin' is missing"),
        ({"structure": ...}, "'structure' is missing"),
        ({"origin": "digits_cnn"}, "'origin' is not an object"),
        ({"structure": [1, 2]}, "'structure' cannot be read"),
        ({"structure": {}}, "'structure' cannot be read"),
        ({"structure": {"kept": {"w": {"first": [0]}}}}, "'structure' cannot be read"),
        ({"structure": {"kept": {"w": [0]}}}, "'structure' cannot be read"),
    ],
)
def test_a_damaged_description_is_refused_with_what_is_wrong(
    copied: Path, entries: dict[str, Any], what: str
) -> None:
    change(copied, **entries)
    with pytest.raises(ExportError, match=rf"but {what}.*export again"):
        load(copied, model=toy_net())


def test_a_constructor_that_is_not_there_is_refused(copied: Path) -> None:
    change(copied, origin={"kind": "bundled", "constructor": "vgg99", "arguments": {}})
    with pytest.raises(ModelError, match=r"vgg99.* Build the model yourself and pass it"):
        load(copied)


def test_missing_or_broken_weights_are_refused(copied: Path) -> None:
    (copied / "model.safetensors").write_bytes(b"not a file of tensors")
    with pytest.raises(WeightsError, match=r"model\.safetensors"):
        load(copied, model=toy_net())
    (copied / "model.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"model\.safetensors"):
        load(copied, model=toy_net())


@pytest.mark.parametrize("formats", ["tflite", ("onnx", "tflite")])
def test_an_unknown_format_is_refused_with_those_there_are(
    dense: PrunedModel, data: Dataset, tmp_path: Path, formats: Any
) -> None:
    with pytest.raises(ExportError, match="must be among onnx; got 'tflite'"):
        write(tmp_path / "out", dense, data, formats=formats)
    assert not (tmp_path / "out").exists()


def test_an_unwritable_directory_is_found_out_before_the_work(
    dense: PrunedModel, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_late(*_: object) -> bytes:
        raise AssertionError("converted first")

    monkeypatch.setattr("workbench.export.package.onnx_bytes", too_late)
    (tmp_path / "file").write_text("not a directory")
    with pytest.raises(ExportError, match=r"cannot write .*file/.*Choose a directory"):
        write(tmp_path / "file", dense, data)


def test_a_session_says_so_too_and_stays_what_it_was(session: Session, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    before = session.history.current
    with pytest.raises(ExportError, match="cannot write"):
        session.export(tmp_path / "file" / "out")
    assert session.history.current == before and not session.busy


def test_a_cancelled_export_writes_nothing(
    dense: PrunedModel, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stops:
        def report(self, done: float, total: float, message: str = "") -> None:
            if message == "verifying ONNX":
                raise Cancelled

    with pytest.raises(Cancelled):
        write(tmp_path, dense, data, monitor=Stops())
    assert list(tmp_path.iterdir()) == []


def test_an_older_export_is_replaced(
    written: tuple[Path, PrunedModel], copied: Path, data: Dataset, dense: PrunedModel
) -> None:
    write(copied, dense, data)
    again = load(copied, model=ToyNet())
    assert again.conv1.out_channels == 4  # type: ignore[union-attr]


def test_the_origin_of_a_bundled_network_builds_it(digits: Session) -> None:
    built = build_model(digits.origin)
    assert {n: t.shape for n, t in built.state_dict().items()} == {
        name: tensor.shape
        for name, tensor in digits.history.model_of(0).module.state_dict().items()
    }
