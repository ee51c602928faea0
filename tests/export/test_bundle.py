import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from exporting import pruned_toy, story, subject, trap_subject
from networks import TRAPS
from toys import ToyNet, toy_net

from workbench import Plan, Session, load
from workbench.errors import ExportError, ModelError, WeightsError
from workbench.export.formats import Subject
from workbench.export.package import export_package
from workbench.measure.metrics import Metrics
from workbench.models import build_model
from workbench.pruned import PrunedModel

METRICS = Metrics(parameters=9, nonzero_parameters=9, macs=5, size_bytes=36)
VERSION_1 = Path(__file__).parent / "fixtures" / "version_1"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, PrunedModel]:
    """A bundle of the toy network, half of its channels removed; to be read only."""
    directory = tmp_path_factory.mktemp("export")
    pruned = pruned_toy()
    export_package(directory, subject(pruned), formats=(), story=story(METRICS))
    return directory, pruned


@pytest.fixture
def copied(written: tuple[Path, PrunedModel], tmp_path: Path) -> Path:
    """A copy of that bundle, to be damaged."""
    return Path(shutil.copytree(written[0], tmp_path / "copy"))


def change(directory: Path, **entries: Any) -> None:
    path = directory / "model.json"
    description = json.loads(path.read_text()) | entries
    kept = {key: value for key, value in description.items() if value is not ...}
    path.write_text(json.dumps(kept))


def test_the_description_tells_structure_figures_and_files(
    written: tuple[Path, PrunedModel],
) -> None:
    directory, pruned = written
    description = json.loads((directory / "model.json").read_text())
    assert description["structure"] == pruned.structure.to_json()
    assert Metrics.from_json(description["metrics"]) == METRICS
    listed = {name: entry["size_bytes"] for name, entry in description["files"].items()}
    others = (path for path in directory.iterdir() if path.name != "model.json")
    assert listed == {path.name: path.stat().st_size for path in others}


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
    pruned = digits.pruned.prune(Plan(ratio=0.5))[0]
    example, dense = digits.dataset.example_input(), digits.history.model_of(0).module
    exported = Subject(pruned, dense, digits.dataset, example, digits.origin)
    export_package(tmp_path, exported, formats=())
    again = load(str(tmp_path))
    inputs, _ = next(digits.dataset.test.batches(64))
    with torch.no_grad():
        assert torch.equal(again(inputs), pruned.module(inputs))


@pytest.mark.parametrize("name", ["shared module", "tokens", "grouped convolution"])
def test_what_was_pruned_in_steps_comes_back(name: str, tmp_path: Path) -> None:
    trap = TRAPS[name]
    exported = trap_subject(trap, 0.25, 0.6)
    export_package(tmp_path, exported, formats=())
    again, inputs = load(tmp_path, model=trap.make()), torch.rand(2, *trap.shape)
    with torch.no_grad():
        assert torch.equal(again(inputs), exported.model.module(inputs))


def masked_bundle(directory: Path) -> PrunedModel:
    """Channels first, then most of the weights that were left."""
    pruned = pruned_toy()
    masked = pruned.prune(Plan(granularity="weight", ratio=0.7))[0]
    export_package(directory, subject(masked), formats=())
    return masked


def test_masked_weights_come_back_as_zeros(tmp_path: Path) -> None:
    masked = masked_bundle(tmp_path)
    again = load(tmp_path, model=ToyNet())
    assert set(again.state_dict()) == set(masked.module.state_dict())
    for name, mask in masked.masks.items():
        weight = again.get_submodule(name).weight
        assert (~mask).any() and bool((weight[~mask] == 0).all())


def test_masks_can_be_held_through_training(tmp_path: Path) -> None:
    masked = masked_bundle(tmp_path)
    again = load(tmp_path, model=ToyNet(), masks=True).train()
    optimizer = torch.optim.AdamW(again.parameters(), lr=0.1, weight_decay=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        again(torch.rand(8, 1, 4, 4)).square().sum().backward()
        optimizer.step()
    again.eval()(torch.rand(1, 1, 4, 4))
    for name, mask in masked.masks.items():
        weight = again.get_submodule(name).weight
        assert bool((weight[~mask] == 0).all()) and bool((weight[mask] != 0).all())


def test_a_mask_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    masked_bundle(tmp_path)
    other = tmp_path / "other"
    export_package(other, subject(pruned_toy(ratio=0.0)), formats=())
    shutil.copy(tmp_path / "masks.safetensors", other)
    with pytest.raises(
        ExportError, match=r"masks\.safetensors must.*'classifier' has 16 bits for 18"
    ):
        load(other, model=ToyNet(), masks=True)


def test_an_export_of_the_first_version_is_still_read() -> None:
    again = load(VERSION_1, model=ToyNet())
    expected = pruned_toy().module.state_dict()
    assert all(torch.equal(expected[name], tensor) for name, tensor in again.state_dict().items())


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


@pytest.mark.parametrize("version", [0, 3, "1", True, None, ...])
def test_another_version_is_refused_with_those_that_are_read(copied: Path, version: Any) -> None:
    change(copied, format_version=version)
    found = None if version is ... else version
    message = (
        rf"format_version of .*model\.json must be one of \(1, 2\), got {re.escape(repr(found))}\."
    )
    with pytest.raises(ExportError, match=message):
        load(copied, model=toy_net())


def test_json_that_is_no_object_is_refused(copied: Path) -> None:
    (copied / "model.json").write_text("[1]")
    with pytest.raises(ExportError, match=r"format_version of .* must be one of .*, got None"):
        load(copied, model=toy_net())


@pytest.mark.parametrize(
    ("entries", "what"),
    [
        ({"origin": ...}, "'origin' is missing"),
        ({"structure": ...}, "'structure' is missing"),
        ({"files": ...}, "'files' cannot be read"),
        ({"files": {}}, "'files' lacks 'model.safetensors'"),
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


@pytest.mark.parametrize("left", [0, 700])
def test_weights_that_were_cut_short_are_refused_with_both_sizes(copied: Path, left: int) -> None:
    path = copied / "model.safetensors"
    whole = path.stat().st_size
    path.write_bytes(path.read_bytes()[:left])
    message = rf"model\.safetensors must have {whole} bytes.*but has {left}\. .*copy it again"
    with pytest.raises(ExportError, match=message):
        load(copied, model=toy_net())


def test_missing_weights_are_refused(copied: Path) -> None:
    (copied / "model.safetensors").unlink()
    with pytest.raises(ExportError, match=r"model\.safetensors must have \d+ bytes.*is missing"):
        load(copied, model=toy_net())


def test_weights_of_another_export_are_refused(copied: Path, tmp_path: Path) -> None:
    model = toy_net()
    torch.nn.init.ones_(model.conv1.weight)  # type: ignore[arg-type]
    other = tmp_path / "other"
    export_package(other, subject(pruned_toy(criterion="l2", seed=1)), formats=())
    data = bytearray((other / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (copied / "model.safetensors").write_bytes(bytes(data))
    with pytest.raises(ExportError, match=r"must have the sha256 [0-9a-f]{64}.*mixes two exports"):
        load(copied, model=toy_net())


def test_broken_weights_of_the_first_version_are_refused(tmp_path: Path) -> None:
    directory = Path(shutil.copytree(VERSION_1, tmp_path / "copy"))
    (directory / "model.safetensors").write_bytes(b"")
    with pytest.raises(WeightsError, match=r"not readable as safetensors: .*model\.safetensors"):
        load(directory, model=toy_net())


def test_the_origin_of_a_bundled_network_builds_it(digits: Session) -> None:
    built = build_model(digits.origin)
    assert {n: t.shape for n, t in built.state_dict().items()} == {
        name: tensor.shape
        for name, tensor in digits.history.model_of(0).module.state_dict().items()
    }
