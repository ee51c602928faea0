"""Files that name other files: none of them gets a reader to look elsewhere."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from toys import toy_data, toy_net

from workbench import cli
from workbench.actions import Open
from workbench.errors import ExportError, RecipeError, WorkbenchError
from workbench.export.onnx import verify_onnx
from workbench.measure.latency import measure_latencies
from workbench.measure.runtime import open_runtime
from workbench.recipes import read_recipe

SECRET = np.arange(4, dtype=np.float32)
INPUTS = np.zeros((1, 4), np.float32)


def model_with_weights_in(location: str, path: Path) -> Path:
    """An ONNX file whose weights are said to lie elsewhere."""
    weights = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4])
    weights.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", "16")):
        weights.external_data.add(key=key, value=value)
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["b", 4]) for name in "xy"]
    node = helper.make_node("Add", ["x", "w"], ["y"])
    graph = helper.make_graph([node], "net", ends[:1], ends[1:], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    """A folder for a model, beside a file that is none of its business."""
    SECRET.tofile(tmp_path / "secret.bin")
    folder = tmp_path / "model"
    folder.mkdir()
    return folder


READERS: dict[str, Callable[[Path], object]] = {
    "opening": open_runtime,
    "timing": lambda path: measure_latencies({"net": path}, INPUTS, rounds=1),
    "verifying": lambda path: verify_onnx(path, toy_net(), toy_data().test),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("location", ["../secret.bin", "{outside}", "link.bin"])
def test_weights_of_an_onnx_file_that_lie_outside_of_its_folder_are_refused(
    inside: Path, location: str, reader: str
) -> None:
    outside = inside.parent / "secret.bin"
    (inside / "link.bin").symlink_to(outside)
    path = model_with_weights_in(location.format(outside=outside), inside / "model.onnx")
    with pytest.raises(ExportError, match=r"cannot open .*model\.onnx"):
        READERS[reader](path)


def test_weights_beside_an_onnx_file_are_read(inside: Path) -> None:
    SECRET.tofile(inside / "model.onnx.data")
    path = model_with_weights_in("model.onnx.data", inside / "model.onnx")
    (answer,) = open_runtime(path).run(None, {"x": INPUTS})
    assert answer.tolist() == [SECRET.tolist()]
    assert onnx.load(path).graph.initializer[0].name == "w"


OPENING = "format_version: 1\nsteps: [{{action: open, model: lenet5, {0}}}]\n"


@pytest.mark.parametrize(
    "named", ["weights: ../net.pt", "data: 'npz:../data.npz'", "weights: sub/../../net.pt"]
)
def test_a_recipe_that_leads_out_of_its_folder_is_refused_with_the_path(
    inside: Path, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("net.pt", "data.npz"):
        (inside.parent / name).touch()
    path = inside / "recipe.yaml"
    path.write_text(OPENING.format(named))
    with pytest.raises(RecipeError, match=r"must not lead out .* by '\.\.', got '.*\.\./"):
        read_recipe(path)
    assert cli.main(["run", str(path)]) == 2
    assert "recipe.yaml, step 0: a path of action 'open'" in capsys.readouterr().err


def test_what_a_person_opens_by_a_path_that_leads_up_is_recorded_by_where_it_is(
    inside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(inside)
    action = Open.of(
        toy_net(),
        "npz:../data.npz",
        data_name="data",
        weights="../net.pt",
        normalize=None,
        seed=0,
        given_example=False,
    )
    assert action.weights == str(inside.parent / "net.pt")
    assert action.data == f"npz:{inside.parent / 'data.npz'}"
    assert action.beside(Path("elsewhere")) == action


@pytest.mark.parametrize("export", ["../../etc", "/etc/passwd", "onnx:../x=1"])
def test_a_recipe_names_formats_and_never_where_they_go(inside: Path, export: str) -> None:
    path = inside / "recipe.yaml"
    path.write_text(OPENING.format("data: digits") + f"export: ['{export}']\n")
    with pytest.raises(WorkbenchError, match="export"):
        read_recipe(path)
