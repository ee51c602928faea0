import math
import stat
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from workbench.errors import DataError, ExportError
from workbench.export.onnx import MAX_FILE_BYTES, OPSET, export_onnx, onnx_bytes, verify_onnx
from workbench.progress import Cancelled

EXAMPLE = torch.zeros(1, 2, 4, 4)


class Net(nn.Module):
    """Every kind of layer the bundled networks have, small enough to export in a second."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.depthwise = nn.Conv2d(4, 4, 3, padding=1, groups=4)
        self.dropout = nn.Dropout(0.9)
        self.head = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.norm(self.conv(x)))
        x = x + self.depthwise(x)
        return self.head(self.dropout(x.mean((2, 3))))


class TensorSplit:
    def __init__(self, inputs: Tensor) -> None:
        self.inputs = inputs
        self.labels = torch.zeros(len(inputs), dtype=torch.int64)

    def __len__(self) -> int:
        return len(self.inputs)

    def batches(
        self, batch_size: int, *, shuffle: torch.Generator | None = None
    ) -> Iterator[tuple[Tensor, Tensor]]:
        for start in range(0, len(self), batch_size):
            stop = start + batch_size
            yield self.inputs[start:stop], self.labels[start:stop]


class Stops:
    def report(self, done: float, total: float, message: str = "") -> None:
        raise Cancelled


def net() -> Net:
    torch.manual_seed(0)
    model = Net()
    model.norm.running_mean.uniform_(-1, 1)
    model.norm.running_var.uniform_(0.5, 2)
    return model.eval()


@pytest.fixture(scope="module")
def exported() -> bytes:
    return onnx_bytes(net(), EXAMPLE)


def run(data: bytes, inputs: Tensor) -> np.ndarray:
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    (output,) = session.run(["logits"], {"input": inputs.numpy()})
    return np.asarray(output)


@pytest.mark.parametrize("batch_size", [1, 2, 5])
def test_the_file_answers_like_the_model_at_any_batch_size(
    exported: bytes, batch_size: int
) -> None:
    inputs = torch.randn(batch_size, 2, 4, 4, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = net()(inputs).numpy()
    np.testing.assert_allclose(run(exported, inputs), expected, rtol=1e-4, atol=1e-6)


def test_ends_are_named_and_only_the_batch_is_free(exported: bytes) -> None:
    model = onnx.load_from_string(exported)

    def shape(value: onnx.ValueInfoProto) -> list[object]:
        return [one.dim_param or one.dim_value for one in value.type.tensor_type.shape.dim]

    assert [value.name for value in model.graph.input] == ["input"]
    assert [value.name for value in model.graph.output] == ["logits"]
    assert shape(model.graph.input[0]) == ["batch", 2, 4, 4]
    assert shape(model.graph.output[0]) == ["batch", 3]


def test_the_opset_is_the_stated_one(exported: bytes) -> None:
    opsets = onnx.load_from_string(exported).opset_import
    assert [(opset.domain, opset.version) for opset in opsets] == [("", OPSET)]


def test_batch_norm_is_folded_and_dropout_is_gone(exported: bytes) -> None:
    kinds = {node.op_type for node in onnx.load_from_string(exported).graph.node}
    assert "Conv" in kinds
    assert not kinds & {"BatchNormalization", "Dropout"}


def test_weights_are_inside_the_file(exported: bytes) -> None:
    initializers = onnx.load_from_string(exported).graph.initializer
    assert sum(len(one.raw_data) for one in initializers) >= 4 * (72 + 36 + 12)
    assert all(one.data_location == onnx.TensorProto.DEFAULT for one in initializers)


def test_no_path_of_the_users_sources_is_inside_the_file(exported: bytes) -> None:
    assert Path(__file__).name.encode() not in exported
    assert b"site-packages" not in exported
    assert not any(node.metadata_props for node in onnx.load_from_string(exported).graph.node)


def test_the_same_model_gives_the_same_bytes(exported: bytes) -> None:
    assert onnx_bytes(net(), EXAMPLE) == exported


def test_a_model_in_training_is_exported_for_inference_and_left_untouched(exported: bytes) -> None:
    model = net().train()
    model.norm.eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}

    assert onnx_bytes(model, EXAMPLE) == exported

    assert model.training
    assert model.dropout.training
    assert not model.norm.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_exporting_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        onnx_bytes(net(), EXAMPLE)
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_a_forward_that_takes_any_number_of_inputs_can_be_exported() -> None:
    class Open(nn.Module):
        def forward(self, *inputs: Tensor) -> Tensor:
            return inputs[0].flatten(1)

    assert run(onnx_bytes(Open(), EXAMPLE), torch.ones(3, 2, 4, 4)).shape == (3, 32)


def test_a_fixed_batch_size_is_refused_with_its_value() -> None:
    class Fixed(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.view(2, -1)

    with pytest.raises(ExportError, match=r"batch size of Fixed must be free.*fixes it at 2"):
        onnx_bytes(Fixed(), EXAMPLE)


def test_an_example_that_does_not_fit_is_refused_without_a_word_in_the_log(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(ExportError, match=r"Linear cannot be traced .* shape \(2, 5\): .*\[4, 3\]"):
        onnx_bytes(nn.Linear(4, 3), torch.zeros(1, 5))
    assert capfd.readouterr().err == ""


def test_an_operation_that_onnx_lacks_is_named_and_the_cause_is_kept() -> None:
    class Singular(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.linalg.svdvals(x).flatten(1)

    with pytest.raises(ExportError, match=r"Singular cannot be .* opset 20: .*linalg_svd") as info:
        onnx_bytes(Singular(), EXAMPLE)
    assert info.value.__cause__ is not None


def test_a_model_too_large_for_one_file_is_refused_with_its_size() -> None:
    # On the meta device weights take no memory; the size is checked before anything runs.
    model = nn.Linear(1, 2**29, bias=False, device="meta")
    assert MAX_FILE_BYTES < 4 * 2**29
    with pytest.raises(ExportError, match=rf"at most {MAX_FILE_BYTES} bytes, got {2**31} bytes"):
        onnx_bytes(model, torch.zeros(1, 1))


def test_a_file_is_written_with_its_directories(tmp_path: Path, exported: bytes) -> None:
    path = tmp_path / "new" / "model.onnx"

    assert export_onnx(net(), EXAMPLE, path) == path

    assert path.read_bytes() == exported
    assert list(path.parent.iterdir()) == [path]


def test_a_file_is_as_readable_as_any_other(tmp_path: Path) -> None:
    path, plain = tmp_path / "model.onnx", tmp_path / "plain"
    plain.touch()
    export_onnx(net(), EXAMPLE, path)
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_an_unwritable_directory_is_refused_by_name(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(ExportError, match=rf"cannot write {blocked}/model\.onnx: .*Choose a dir"):
        export_onnx(net(), EXAMPLE, blocked / "model.onnx")


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ExportError, match=rf"cannot write {path}: No space left on device"):
        export_onnx(net(), EXAMPLE, path)

    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"old"


def test_verifying_finds_the_exported_model_in_agreement(exported: bytes) -> None:
    check = verify_onnx(exported, net(), TensorSplit(torch.randn(300, 2, 4, 4)))

    assert check.inputs == 300
    assert check.top1_agreement == 1
    assert 0 <= check.max_difference < 1e-4


def test_verifying_finds_every_difference(exported: bytes) -> None:
    model = net()
    with torch.no_grad():
        model.head.bias[0] += 1000

    check = verify_onnx(exported, model, TensorSplit(torch.randn(10, 2, 4, 4)))

    assert check.max_difference == pytest.approx(1000, abs=1e-2)
    assert check.top1_agreement < 1


def test_verifying_does_not_lose_a_nan(exported: bytes) -> None:
    inputs = torch.randn(300, 2, 4, 4)
    inputs[0] = math.nan
    assert math.isnan(verify_onnx(exported, net(), TensorSplit(inputs)).max_difference)


def test_verifying_reads_a_file_and_leaves_the_model_as_it_was(
    tmp_path: Path, exported: bytes
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(exported)
    model = net().train()

    assert verify_onnx(path, model, TensorSplit(torch.randn(4, 2, 4, 4))).top1_agreement == 1
    assert model.training


def test_verifying_on_nothing_is_refused(exported: bytes) -> None:
    with pytest.raises(DataError, match=r"at least 1 input, got a split with 0"):
        verify_onnx(exported, net(), TensorSplit(torch.zeros(0, 2, 4, 4)))


def test_verifying_another_model_is_refused_with_both_shapes(exported: bytes) -> None:
    model = net()
    model.head = nn.Linear(4, 7)
    with pytest.raises(ExportError, match=r"must return shape \(4, 7\) .* got \(4, 3\)"):
        verify_onnx(exported, model, TensorSplit(torch.zeros(4, 2, 4, 4)))


def test_verifying_something_else_than_onnx_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(ExportError, match=rf"cannot open {path}"):
        verify_onnx(path, net(), TensorSplit(torch.zeros(4, 2, 4, 4)))


def test_verifying_can_be_cancelled(exported: bytes) -> None:
    with pytest.raises(Cancelled):
        verify_onnx(exported, net(), TensorSplit(torch.zeros(4, 2, 4, 4)), monitor=Stops())
