"""Python source of pruned networks: readable, and the same network."""

import re
from pathlib import Path

import pytest
import safetensors.torch
import torch
import torch.nn.functional as F
from exporting import pruned_toy, subject, trap_subject
from networks import TRAPS
from torch import Tensor, nn
from toys import counted_up

from workbench.errors import ExportError
from workbench.export.formats import Workshop
from workbench.export.formats.python_source import PythonSource
from workbench.export.source import SourceCode, source_code


def written(module: nn.Module, shape: tuple[int, ...], title: str = "a network") -> SourceCode:
    example = torch.zeros(1, *shape)
    return source_code(module, example, title=title, weights_file="network.safetensors")


def rebuilt(code: SourceCode, directory: Path) -> nn.Module:
    weights = directory / "network.safetensors"
    safetensors.torch.save_file(code.tensors, weights)
    names: dict[str, object] = {"__file__": str(directory / "network.py")}
    exec(compile(code.text, "network.py", "exec"), names)
    network: nn.Module = names["load"]()  # type: ignore[operator]
    return network


def lines_of(code: SourceCode, function: str) -> list[str]:
    body = code.text.split(f"def {function}(")[1].split("\n\n")[0]
    return [line.strip() for line in body.splitlines()[1:]]


def test_source_shows_the_layers_with_the_sizes_that_are_left() -> None:
    code = written(pruned_toy().module, (1, 4, 4))
    assert lines_of(code, "__init__") == [
        "super().__init__()",
        "self.conv1 = nn.Conv2d(1, 2, 3, padding=1, bias=False)",
        "self.bn = nn.BatchNorm2d(2)",
        "self.conv2 = nn.Conv2d(2, 3, 3, padding=1)",
        "self.classifier = nn.Linear(3, 3)",
    ]
    assert lines_of(code, "forward") == [
        "x = self.conv1(x)",
        "x = self.bn(x)",
        "x = F.relu(x, inplace=False)",
        "x = self.conv2(x)",
        "x = F.relu(x, inplace=False)",
        "x = x.mean((2, 3))",
        "x = self.classifier(x)",
        "return x",
    ]
    assert "workbench" not in code.text.split('"""')[2]


@pytest.mark.parametrize("name", ["residual", "concatenation", "grouped convolution", "tokens"])
def test_pruned_networks_come_back_from_their_source(name: str, tmp_path: Path) -> None:
    trap = TRAPS[name]
    module = trap_subject(trap, 0.5).model.module
    code = written(module, trap.shape)
    inputs = torch.rand(3, *trap.shape)
    with torch.no_grad():
        assert torch.allclose(rebuilt(code, tmp_path)(inputs), module(inputs), atol=1e-5)


class Branches(nn.Module):
    """Cannot be traced symbolically, as its code looks at a size."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(6, 4)
        self.register_buffer("shift", torch.ones(4))

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        for _ in range(x.shape[-1] // 2):
            x = F.relu(x + self.shift)
        return x


def test_where_layers_cannot_be_traced_operators_are_shown(tmp_path: Path) -> None:
    module = counted_up(Branches())
    code = written(module, (6,))
    assert not code.layered
    assert "self.first_weight = nn.Parameter(torch.empty((4, 6), dtype=torch.float32))" in code.text
    assert 'self.register_buffer("shift", torch.empty((4,), dtype=torch.float32))' in code.text
    inputs = torch.randn(5, 6)
    with torch.no_grad():
        assert torch.allclose(rebuilt(code, tmp_path)(inputs), module(inputs), atol=1e-6)


class OddNames(nn.Module):
    """Attributes that are no identifiers, collide once flattened, or hide what a module has."""

    def __init__(self) -> None:
        super().__init__()
        self.add_module('x"); import os  #', nn.Linear(4, 4))
        self.add_module("class", nn.Linear(4, 4))
        self.add_module("a", nn.Sequential(nn.Linear(4, 4)))
        self.add_module("a_0", nn.Linear(4, 4))
        self.modules_by_name = nn.ModuleDict({"train_": nn.Linear(4, 4), "é": nn.ReLU()})

    def forward(self, x: Tensor) -> Tensor:
        for part in self.children():
            if isinstance(part, nn.ModuleDict):
                for inner in part.values():
                    x = inner(x)
            else:
                x = part(x)
        return x


def test_foreign_names_become_harmless_identifiers(tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = OddNames().eval()
    code = written(module, (4,), title='"""; import os\n\\')
    assert "import os" not in code.text.split('"""')[2]
    assert code.layered
    assert re.search(r"self\.class_ = nn\.Linear\(4, 4\)", code.text)
    inputs = torch.randn(2, 4)
    with torch.no_grad():
        assert torch.allclose(rebuilt(code, tmp_path)(inputs), module(inputs))


def test_what_cannot_be_written_says_why_in_both_ways() -> None:
    class ByValue(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x if x.sum() > 0 else -x

    with pytest.raises(
        ExportError, match=r"ByValue cannot .* By its layers: .* By its operators: "
    ):
        written(ByValue(), (4,))


def test_source_is_run_in_a_process_of_its_own(tmp_path: Path) -> None:
    workshop = Workshop(subject(pruned_toy()), tmp_path)
    one = PythonSource()
    assert one.write(workshop) == ("network.py", "network.safetensors")
    inputs = torch.rand(4, 1, 4, 4)
    with torch.no_grad():
        expected = workshop.subject.model.module(inputs).numpy()
    assert one.open(workshop)(inputs.numpy()) == pytest.approx(expected, abs=1e-6)

    source = workshop.path("network.py")
    source.write_text(
        source.read_text().replace(
            "    return network.eval()", "    import workbench\n    return network.eval()"
        )
    )
    with pytest.raises(
        ExportError, match=r"network\.py must run in a process of its own, and fails"
    ):
        one.open(workshop)
