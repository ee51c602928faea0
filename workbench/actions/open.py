"""A model and data were opened."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

from torch import nn

from workbench.actions.base import Action
from workbench.actions.checks import check_flag, check_text, checked_whole
from workbench.actions.source import Call, Name, assigned
from workbench.data.opening import NPZ_PREFIX
from workbench.errors import ActionError
from workbench.plan import Plan

if TYPE_CHECKING:
    from workbench.session import Session


@dataclass(frozen=True)
class Open(Action):
    """The first action of every session.

    A module and loaders of a user's own are named, never imported: they have to be passed in to
    open the same again.

    Attributes:
        model: A name that `Session` takes, or of a user's own module, its class.
        data: A name that `Session` takes, or what a user calls data of their own.
        own_model: Whether `model` is a user's own module.
        own_data: Whether `data` is a user's own.
        weights: Path of a state dict, or a torchvision weights name.
        normalize: Mean and standard deviation per channel.
        seed: For splits, probe set and the first plan.
        given_example: Whether a user passed an example input.
    """

    model: str
    data: str = "digits"
    own_model: bool = False
    own_data: bool = False
    weights: str | None = None
    normalize: tuple[tuple[float, ...], ...] | None = None
    seed: int = 0
    given_example: bool = False
    kind: ClassVar[str] = "open"

    def __post_init__(self) -> None:
        for name in ("model", "data"):
            check_text(self.kind, name, getattr(self, name))
        check_text(self.kind, "weights", self.weights, optional=True)
        for name in ("own_model", "own_data", "given_example"):
            check_flag(self.kind, name, getattr(self, name))
        object.__setattr__(self, "seed", checked_whole(self.kind, "seed", self.seed))
        object.__setattr__(self, "normalize", _checked_normalize(self.normalize))

    @classmethod
    def of(
        cls,
        model: str | nn.Module,
        data: object,
        *,
        data_name: str,
        weights: str | Path | None,
        normalize: Sequence[Sequence[float]] | None,
        seed: int,
        given_example: bool,
    ) -> Self:
        """The action of opening these, which `Session` has taken.

        Args:
            model, data, weights, normalize, seed: As for `Session`.
            data_name: What the opened data are called.
            given_example: Whether an example input was passed too.
        """
        own_data = not isinstance(data, str | Path)
        opened = cls(
            model=model if isinstance(model, str) else _class_name(model),
            data=data_name if own_data else _data_name(data),
            own_model=not isinstance(model, str),
            own_data=own_data,
            weights=None if weights is None else str(weights),
            normalize=normalize,  # type: ignore[arg-type]  # made tuples of numbers
            seed=seed,
            given_example=given_example,
        )
        return opened._with_files(_without_steps_up)

    @property
    def title(self) -> str:
        """See `Action`."""
        return f"opened {self.model.rpartition('.')[2] if self.own_model else self.model}"

    @property
    def needs(self) -> Mapping[str, str]:
        """What has to be passed in to open the same again: argument of `Session`, in words."""
        return {
            argument: words
            for argument, words, needed in (
                ("model", f"your own {self.model}", self.own_model),
                ("data", f"your own data, {self.data!r} at the time", self.own_data),
                ("example_input", "an input batch for it", self.given_example),
            )
            if needed
        }

    def beside(self, directory: Path) -> Self:
        """The same with the data and weights files in a directory, where it holds them.

        Raises:
            ActionError: If a relative path leads out of it: whoever wrote it may not know, or
                may know too well, what is there.
        """

        def found(path: str) -> str:
            if ".." in Path(path).parts and not Path(path).is_absolute():
                raise ActionError(
                    f"a path of action {self.kind!r} must not lead out of its directory by '..', "
                    f"got {path!r}. Put the file beside it, or name it by its absolute path."
                )
            return str(directory / path) if (directory / path).is_file() else path

        return self._with_files(found)

    def _with_files(self, changed: Callable[[str], str]) -> Self:
        """The same with the paths of data and weights changed."""
        path = self.data.removeprefix(NPZ_PREFIX)
        return replace(
            self,
            weights=None if self.weights is None else changed(self.weights),
            data=self.data if path == self.data else f"{NPZ_PREFIX}{changed(path)}",
        )

    def arguments(self) -> dict[str, Any]:
        """What is not as usual, and what was opened."""
        said = {"model": self.model, "data": self.data, "seed": self.seed} | self.changed()
        if self.normalize is not None:
            said["normalize"] = [list(values) for values in self.normalize]
        return said

    def plan_after(self, plan: Plan) -> Plan:
        """See `Action`."""
        return Plan(seed=self.seed)

    def code(self, plan: Plan | None = None) -> str:
        """See `Action`."""
        settings: dict[str, Any] = {}
        if self.weights is not None:
            settings["weights"] = self.weights
        if self.normalize is not None:
            settings["normalize"] = self.normalize
        if self.given_example:
            settings["example_input"] = Name("example_input")
        if self.seed:
            settings["seed"] = self.seed
        model = Name("model") if self.own_model else self.model
        data = Name("data") if self.own_data else self.data
        needs = "".join(f"# {name}: {words}\n" for name, words in self.needs.items())
        opening = Call("Session", (model, data), tuple(settings.items()))
        return needs + assigned("session", [opening])

    def perform(self, session: "Session") -> NoReturn:
        """Refused: a session is opened when it is made.

        Raises:
            ActionError: Always.
        """
        raise ActionError(
            f"action 'open' cannot be performed on the open session of {session.name}. "
            f"Make another session: {self.code()}"
        )


def _without_steps_up(path: str) -> str:
    """Absolute where it leads up: from anywhere else it would lead somewhere else."""
    return os.path.abspath(path) if ".." in Path(path).parts else path  # noqa: PTH100 - keeps links


def _class_name(module: nn.Module) -> str:
    return f"{type(module).__module__}.{type(module).__qualname__}"


def _data_name(data: object) -> str:
    return f"{NPZ_PREFIX}{data}" if isinstance(data, Path) else str(data)


def _checked_normalize(normalize: Any) -> tuple[tuple[float, ...], ...] | None:
    """Tuples of numbers; how many there must be, the data decide."""
    if normalize is None:
        return None
    try:
        mean, std = (tuple(float(value) for value in values) for values in normalize)
    except (TypeError, ValueError):
        raise ActionError(
            "normalize of action 'open' must be two lists of numbers, mean and standard "
            f"deviation per channel, got {normalize!r}."
        ) from None
    return mean, std
