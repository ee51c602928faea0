"""A file of 0 bytes, as a full disk or a broken copy leaves it: named, never a crash."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from exporting import Plain, pruned_toy, story, subject
from toys import toy_data, toy_net

from workbench import Plan, Session, load
from workbench.data.npz import open_npz
from workbench.errors import StoreError, WorkbenchError
from workbench.export.archive import read_archive
from workbench.export.onnx import verify_onnx
from workbench.export.package import export_package
from workbench.measure.metrics import Metrics
from workbench.measure.runtime import open_runtime
from workbench.models import read_state_dict
from workbench.recipes import read_recipe
from workbench.sensitivity.cache import Cache
from workbench.training.state import TrainingState

METRICS = Metrics(parameters=1, nonzero_parameters=1, macs=1, size_bytes=4)

FILES: dict[str, Callable[[Path], object]] = {
    "net.pt": read_state_dict,
    "net.pth": read_state_dict,
    "net.th": read_state_dict,
    "net.safetensors": read_state_dict,
    "data.npz": open_npz,
    "recipe.yaml": read_recipe,
    "model.pwz": read_archive,
    "bundle.pwz": load,
    "model.onnx": open_runtime,
    "checked.onnx": lambda path: verify_onnx(path, toy_net(), toy_data().test),
}


@pytest.mark.parametrize("name", FILES)
def test_an_empty_file_is_refused_by_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.touch()
    with pytest.raises(WorkbenchError) as caught:
        FILES[name](path)
    assert name in str(caught.value)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export with all that can belong to one."""
    directory = tmp_path_factory.mktemp("exported")
    model = pruned_toy(granularity="weight", ratio=0.5)
    told = story(METRICS, recipe="steps: []\n")
    export_package(directory, subject(model), formats=(Plain(), "archive"), story=told)
    return directory


@pytest.mark.parametrize("name", ["model.json", "model.safetensors", "masks.safetensors"])
def test_a_bundle_with_an_empty_file_is_refused_by_its_name(
    exported: Path, tmp_path: Path, name: str
) -> None:
    copied = tmp_path / "copied"
    shutil.copytree(exported, copied)
    (copied / name).write_bytes(b"")
    with pytest.raises(WorkbenchError) as caught:
        load(copied, toy_net())
    assert str(copied / name) in str(caught.value)


def test_a_bundle_does_not_need_the_rest_of_its_export(exported: Path, tmp_path: Path) -> None:
    copied = tmp_path / "copied"
    shutil.copytree(exported, copied)
    for name in ("report.html", "report.json", "recipe.yaml", "model.pwz"):
        (copied / name).write_bytes(b"")
    assert isinstance(load(copied, toy_net()), type(toy_net()))


def test_a_session_with_any_empty_file_opens_with_a_note_or_is_refused_by_its_name(
    tmp_path: Path, no_runtimes: None
) -> None:
    kept = tmp_path / "kept"
    with Session(toy_net(), toy_data(), directory=kept) as session:
        session.plan = Plan(granularity="weight", ratio=0.5)
        session.prune()
        session.finetune(1)
        session.scan_sensitivity()
    found = [path for path in kept.rglob("*") if path.is_file() and path.stat().st_size]
    one_of_each = {path.name: path.relative_to(kept) for path in found}
    assert {"session.json", "state.json", "step.json", "masks.safetensors"} <= set(one_of_each)
    for path in one_of_each.values():
        copied = tmp_path / "copied"
        shutil.copytree(kept, copied)
        (copied / path).write_bytes(b"")
        refused = reopened(copied)
        assert path.name in refused or not refused, (path, refused)
        shutil.rmtree(copied)


def reopened(directory: Path) -> str:
    """Open a session, and all of its steps; returns what was refused."""
    try:
        with Session(toy_net(), toy_data(), directory=directory) as session:
            for step in session.history:
                session.checkout(step.id)
    except StoreError as error:
        return str(error)
    return ""


def test_an_empty_training_state_is_refused() -> None:
    with pytest.raises(WorkbenchError, match="this one is damaged"):
        TrainingState.from_bytes(b"")


def test_an_empty_cache_of_scans_holds_nothing(tmp_path: Path) -> None:
    empty = Cache.open(tmp_path, {}).path
    assert empty is not None
    empty.touch()
    assert Cache.open(tmp_path, {}).find("key") is None
