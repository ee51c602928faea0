import pytest
import torch
from toys import ToyNet, toy_data
from training.nets import fresh

from workbench.errors import TrainingError
from workbench.training import FinetuneSettings, devices, finetune
from workbench.training.precision import Precision


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """Which devices PyTorch finds; may be changed."""
    there = {"cuda": False, "mps": False, "cpu": True}
    checks = {kind: (lambda kind=kind: there[kind]) for kind in there}
    monkeypatch.setattr(devices, "_AVAILABLE", checks)
    return there


def test_auto_is_the_fastest_device_there_is(found: dict[str, bool]) -> None:
    assert devices.device_named("auto") == torch.device("cpu")
    found["mps"] = True
    assert devices.device_named("auto") == torch.device("mps")
    found["cuda"] = True
    assert devices.device_named("auto") == torch.device("cuda")
    assert devices.device_named("cpu") == torch.device("cpu")


def test_a_missing_device_is_refused_before_anything_happens(found: dict[str, bool]) -> None:
    found["mps"] = True
    message = r"must be one that PyTorch finds here, mps or cpu; got 'cuda'\. Use 'auto'"
    with pytest.raises(TrainingError, match=message):
        finetune(fresh(ToyNet()), toy_data(), FinetuneSettings(device="cuda"))


def test_only_cuda_gains_from_16_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = torch.device("cuda")
    for supported, dtype in ((True, torch.bfloat16), (False, torch.float16)):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda supported=supported: supported)
        assert Precision.of("auto", gpu).dtype is dtype
    assert Precision.of("off", gpu).dtype is None
    for kind in ("cpu", "mps"):
        assert Precision.of("auto", torch.device(kind)).dtype is None


def test_a_cpu_says_that_it_computed_in_full() -> None:
    outcome = finetune(
        fresh(ToyNet()), toy_data(), FinetuneSettings(epochs=1, mixed_precision="auto")
    )
    assert outcome.notes == ("Mixed precision gains nothing on device 'cpu': computed in full.",)
