"""Steps as files: what a step and its model are on disk, and back."""

import contextlib
import copy
import json
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn

from workbench.actions import action_from_json
from workbench.errors import DamagedError, ReadOnlyError, StoreError, WorkbenchError
from workbench.graph.removal import remove_channels
from workbench.graph.structure import Structure
from workbench.measure.metrics import Metrics
from workbench.pruned import PrunedModel
from workbench.selection import UnitResult
from workbench.session.history import Step
from workbench.store.directory import SessionDirectory
from workbench.training import EpochResult
from workbench.version import __version__

ACTION, STRUCTURE = "action.json", "structure.json"
MODEL, MASKS = "model.safetensors", "masks.safetensors"


@dataclass(frozen=True)
class StoredSteps:
    """The steps of a session directory.

    Attributes:
        directory: Where they are.
        dense: The model that all of them came from.
        seed: The session's, written down with every step.
        report: Told what could not be written after a commit.
    """

    directory: SessionDirectory
    dense: PrunedModel
    seed: int
    report: Callable[[StoreError], None]

    def write(self, step: Step, model: PrunedModel) -> None:
        """Commit a step to disk.

        Raises:
            StoreError: If it cannot be written; nothing is left behind.
        """
        structure = model.structure.to_json()
        files = {
            ACTION: json.dumps(step.action.to_json(), indent=2).encode(),
            STRUCTURE: json.dumps(structure).encode(),
            MODEL: safetensors.torch.save(_own_tensors(model.module)),
        }
        if model.weights:
            files[MASKS] = safetensors.torch.save(
                {name: torch.from_numpy(np.packbits(f)) for name, f in model.weights.items()}
            )
        with self.directory.held(f"step {step.id}"):
            self.directory.steps.write(step.id, self._manifest(step), files)

    def replace(self, step: Step, model: PrunedModel) -> None:
        """Commit a step in the place of one that cannot be read; `StoreError` as for `write`."""
        with self.directory.held(f"step {step.id}"):
            self.directory.steps.remove(step.id)
            self.write(step, model)

    def measured(self, step: Step) -> None:
        """Write what was measured of a step after its commit; nothing in read-only sessions."""
        late = {"metrics": step.metrics.to_json(), "notes": list(step.notes)}
        try:
            with self.directory.held("a measurement"):
                self.directory.steps.write_late(step.id, late)
        except ReadOnlyError:
            pass
        except StoreError as error:  # the step stands, whatever the disk said
            self.report(error)

    def read(self, step_id: int) -> PrunedModel:
        """A step's model.

        Raises:
            DamagedError: If a file is not what was written, or does not fit the dense model.
        """
        with _naming(step_id):
            files = self.directory.steps
            manifest = files.manifest(step_id)
            structure = Structure.from_json(json.loads(files.read(step_id, STRUCTURE, manifest)))
            weights = {}
            if MASKS in manifest["checksums"]:
                packed = safetensors.torch.load(files.read(step_id, MASKS, manifest))
                weights = {name: self._flags(name, bits) for name, bits in packed.items()}
            channels = structure.channels(self.dense.anatomy.graph)
            module = copy.deepcopy(self.dense.module)
            model = PrunedModel(self.dense.anatomy, module, channels, weights)
            if model.structure.to_json() != structure.to_json():
                raise DamagedError(
                    f"{STRUCTURE} lists slices that do not go together in this model: they were "
                    "removed by another version of the workbench."
                )
            remove_channels(module, model.structure)
            state = safetensors.torch.load(files.read(step_id, MODEL, manifest))
            module.load_state_dict(state)
            return model

    def all(self) -> tuple[dict[int, Step], dict[int, str]]:
        """Steps by id, and what is wrong with those that cannot be read."""
        steps: dict[int, Step] = {}
        damaged: dict[int, str] = {}
        for step_id in self.directory.steps.ids():
            try:
                steps[step_id] = self._step(step_id)
            except DamagedError as error:
                damaged[step_id] = str(error)
        return steps, damaged

    def _manifest(self, step: Step) -> dict[str, Any]:
        return {
            "id": step.id,
            "parent": step.parent,
            "metrics": step.metrics.to_json(),
            "units": [asdict(unit) for unit in step.units],
            "epochs": [asdict(epoch) for epoch in step.epochs],
            "notes": list(step.notes),
            "created": step.created,
            "seed": self.seed,
            "versions": versions(),
        }

    def _step(self, step_id: int) -> Step:
        with _naming(step_id):
            manifest = self.directory.steps.manifest(step_id)
            self.directory.steps.check_sizes(step_id, manifest)
            action = self.directory.steps.read(step_id, ACTION, manifest)
            late = self._late(step_id)
            return Step(
                id=step_id,
                parent=manifest["parent"],
                action=action_from_json(json.loads(action)),
                metrics=Metrics.from_json(late.get("metrics", manifest["metrics"])),
                units=tuple(UnitResult(**unit) for unit in manifest["units"]),
                epochs=tuple(EpochResult(**epoch) for epoch in manifest["epochs"]),
                notes=tuple(late.get("notes", manifest["notes"])),
                created=manifest["created"],
            )

    def _late(self, step_id: int) -> Mapping[str, Any]:
        try:
            return self.directory.steps.late(step_id) or {}
        except DamagedError as error:  # the step itself is whole
            return {"notes": [f"latency and file sizes are lost: {error}"]}

    def _flags(self, layer: str, packed: Tensor) -> np.ndarray:
        size = int(np.prod(self.dense.anatomy.layer(layer).weight_shape))
        return np.unpackbits(packed.numpy(), count=size).astype(bool)


def versions() -> dict[str, str]:
    """Of the software that computes what is stored."""
    return {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": str(np.__version__),
        "workbench": __version__,
    }


@contextlib.contextmanager
def _naming(step_id: int) -> Iterator[None]:
    """Say which step it is that cannot be read."""
    try:
        yield
    except WorkbenchError as error:  # damaged, of another version, or changed by hand
        raise _damaged(step_id, str(error)) from error
    except Exception as error:  # whatever a foreign file holds
        raise _damaged(step_id, f"it holds something unexpected: {error!r}.") from error


def _damaged(step_id: int, what: str) -> DamagedError:
    return DamagedError(
        f"step {step_id} cannot be opened: {what} The other steps are not affected: "
        "session.checkout(...) goes to any of them."
    )


def _own_tensors(module: nn.Module) -> dict[str, Tensor]:
    """A state dict whose tensors share no memory, as safetensors requires."""
    return {
        name: tensor.detach().clone().contiguous() for name, tensor in module.state_dict().items()
    }
