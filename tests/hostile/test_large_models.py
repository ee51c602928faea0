"""A model of more than 2 GiB, which no single ONNX file can hold: needs 16 GB of memory."""

from pathlib import Path

import onnx
import pytest
import torch
from exporting import subject
from torch import Tensor, nn
from toys import dense_model, toy_data

from workbench import Plan, load
from workbench.errors import ExportError
from workbench.export.onnx import MAX_FILE_BYTES
from workbench.export.package import export_package
from workbench.measure.runtime import open_runtime
from workbench.measure.size import state_dict_bytes

WIDTH = 24_000  # of the matrix between two thin layers: 2.3 GB

pytestmark = [pytest.mark.large, pytest.mark.timeout(1800)]


class Wide(nn.Module):
    """For (1, 4, 4) images of three classes."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(16, WIDTH)
        self.middle = nn.Linear(WIDTH, WIDTH, bias=False)
        self.last = nn.Linear(WIDTH, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.middle(self.first(x.flatten(1)).relu()).relu())


def wide() -> nn.Module:
    torch.manual_seed(0)
    return Wide().eval()


@pytest.fixture(scope="module")
def network() -> nn.Module:
    return wide()


def test_it_is_exported_in_two_files_that_answer_as_it_does_and_comes_back(
    network: nn.Module, tmp_path: Path
) -> None:
    assert state_dict_bytes(network) > MAX_FILE_BYTES
    model = dense_model(network, (1, 4, 4))
    report = export_package(tmp_path, subject(model, network), formats="onnx")
    assert set(report["onnx"].files) == {"model.onnx", "model.onnx.data"}
    assert report["onnx"].files["model.onnx"] < 100_000
    assert report["onnx"].files["model.onnx.data"] > MAX_FILE_BYTES
    assert report["onnx"].check.is_rounding and report["onnx"].check.disagreements == 0
    onnx.checker.check_model(str(tmp_path / "model.onnx"))
    inputs, _ = next(toy_data().test.batches(4))
    with torch.inference_mode():
        assert torch.equal(load(tmp_path, network)(inputs), network(inputs))
    (tmp_path / "model.onnx.data").write_bytes(b"")
    with pytest.raises(ExportError, match=r"cannot open .*model\.onnx"):
        open_runtime(tmp_path / "model.onnx")


def test_formats_of_one_file_are_refused_and_leave_nothing(
    network: nn.Module, tmp_path: Path
) -> None:
    model = dense_model(network, (1, 4, 4))
    with pytest.raises(ExportError, match=rf"one ONNX file of at most {MAX_FILE_BYTES} bytes"):
        export_package(tmp_path / "out", subject(model, network), formats="onnx-int8")
    assert list(tmp_path.rglob("*")) == []


def test_once_pruned_below_the_limit_one_file_holds_it(network: nn.Module, tmp_path: Path) -> None:
    model, _ = dense_model(network, (1, 4, 4)).prune(Plan(ratio=0.9))
    report = export_package(tmp_path, subject(model, network), formats=("onnx", "onnx-int8"))
    assert set(report["onnx"].files) == {"model.onnx"}
    assert report["onnx"].check.is_rounding
