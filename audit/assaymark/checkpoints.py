"""Checkpoints of a fit: one safetensors file, replaced whole, from which a killed fit goes on to the same bytes.

A checkpoint holds parameters and their moving averages, never rows. What it belongs to (table, settings, seed) is told by a
keyed digest, so that it cannot go on with another fit and says nothing of the table. A public toolkit; needs torch.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from assaymark.errors import CheckpointError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assaymark.execution import Run
    from assaymark.neural import Average

_FORMAT = "assaymark-checkpoint/1"
_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Learner:
    """What one network and its optimiser have come to.

    Attributes:
        model: The network.
        optimiser: Its optimiser.
        average: The moving average of its parameters, if one is kept.
    """

    model: nn.Module
    optimiser: torch.optim.Optimizer
    average: Average | None = None

    def tensors(self) -> dict[str, Tensor]:
        """Return all of it as named tensors."""
        found = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        if self.average is not None:
            found |= {f"average.{name}": value for name, value in self.average.tensors().items()}
        for place, state in self.optimiser.state_dict()["state"].items():
            found |= {f"optimiser.{place}.{name}": torch.as_tensor(value) for name, value in state.items()}
        return found

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Put back what :meth:`tensors` returned."""
        self.model.load_state_dict({name[6:]: value for name, value in tensors.items() if name.startswith("model.")})
        if self.average is not None:
            self.average.restore({name[8:]: value for name, value in tensors.items() if name.startswith("average.")})
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            if name.startswith("optimiser."):
                _, place, key = name.split(".")
                state.setdefault(int(place), {})[key] = value
        groups = self.optimiser.state_dict()["param_groups"]
        self.optimiser.load_state_dict({"state": state, "param_groups": groups})


@dataclass(frozen=True, slots=True)
class State:
    """How far a fit has come.

    Attributes:
        step: Steps done.
        seconds: Seconds spent.
        values: What a :class:`~assaymark.pacing.Watch` has seen.
    """

    step: int
    seconds: float
    values: tuple[float, ...]


class Checkpoints:
    """The checkpoints of one fit, in the folder of its run; does nothing where the run has none."""

    def __init__(self, run: Run, name: str, learners: Sequence[Learner], belongs: Sequence[bytes]) -> None:
        """Prepare.

        Args:
            run: The run; its seed belongs to the fit.
            name: Name of the generator.
            learners: What is to be kept.
            belongs: What makes the fit what it is, besides the seed: settings and data.
        """
        self._run = run
        self._name = name
        self._path = None if run.workdir is None else run.workdir / f"{name}.checkpoint"
        self._learners = learners
        self._belongs = [str(run.seed).encode(), name.encode(), torch.__version__.encode(), *belongs]
        self._salt = secrets.token_hex(16)
        self._saved = run.clock()

    def _digest(self, salt: str) -> str:
        found = hmac.new(bytes.fromhex(salt), digestmod=hashlib.sha256)
        for part in self._belongs:
            found.update(len(part).to_bytes(8, "big") + part)
        return found.hexdigest()

    def resume(self) -> State:
        """Put back the last checkpoint, if there is one; return how far it had come.

        Raises:
            CheckpointError: When it is damaged or belongs to another fit.
        """
        if self._path is None or not self._path.exists():
            return State(0, 0.0, ())
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self._path, framework="pt") as file:
                head: dict[str, Any] = json.loads((file.metadata() or {})["assaymark"])
                if head["format"] != _FORMAT:
                    raise ValueError(f"format {head['format']!r}")  # noqa: TRY301 - one message for all
                if not hmac.compare_digest(head["digest"], self._digest(head["salt"])):
                    raise self._foreign()
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
            for place, learner in enumerate(self._learners):
                start = f"{place}."
                learner.restore({name[len(start) :]: value for name, value in tensors.items() if name.startswith(start)})
            return State(int(head["step"]), float(head["seconds"]), tuple(float(value) for value in head["values"]))
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
            raise CheckpointError(
                "the checkpoint cannot be read",
                where=str(self._path),
                found=f"{type(error).__name__}: {error}"[:200],
                expected=_FORMAT,
                remedy="Remove it to fit from the start.",
            ) from error

    def _foreign(self) -> CheckpointError:
        return CheckpointError(
            "the checkpoint belongs to another fit",
            where=str(self._path),
            expected="the same table, settings, seed and version",
            remedy="Choose another --checkpoint folder, or remove the file to fit from the start.",
        )

    def save(self, step: int, seconds: float, values: Sequence[float] = (), *, now: bool = False) -> None:
        """Keep the state, at most every twenty seconds unless ``now``; ``values`` are what a watch has seen."""
        if self._path is None or (not now and self._run.clock() - self._saved < _SECONDS):
            return
        from safetensors.torch import save

        tensors = {
            f"{place}.{name}": value.detach().cpu().contiguous()
            for place, learner in enumerate(self._learners)
            for name, value in learner.tensors().items()
        }
        head = {
            "format": _FORMAT,
            "salt": self._salt,
            "digest": self._digest(self._salt),
            "step": step,
            "seconds": seconds,
            "values": list(values),
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        aside = self._path.with_name(f".{self._path.name}.{os.getpid()}.partial")
        try:
            aside.write_bytes(save(tensors, {"assaymark": json.dumps(head)}))
            aside.replace(self._path)
        finally:
            aside.unlink(missing_ok=True)
        self._saved = self._run.clock()

    def remove(self) -> None:
        """Take the checkpoint away, once the fit has ended."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
