"""What generators built on torch need to be reproducible and to save themselves safely. A public toolkit; needs torch.

One seed gives the same bytes on machines of one type: fixed threads, deterministic kernels, and a random generator of one's
own, so that torch's global one is neither used nor changed.
"""

from __future__ import annotations

import json
import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from assaymark.errors import ModelFolderError, OptionError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

    from assaymark.execution import Run

THREADS = 2  # part of the reproducibility contract: sums of floats depend on how they are split
_DOCUMENT_LIMIT = 64 * 2**20


@contextmanager
def fixed_torch() -> Generator[None]:
    """Fix threads and kernels, and put everything back at the end."""
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.set_num_threads(THREADS)
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(mode=deterministic, warn_only=warn_only)
        torch.set_num_threads(threads)


def choose_device(run: Run) -> torch.device:
    """Return the device of a run.

    Raises:
        OptionError: When the device that was asked for is not there.
    """
    if run.device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if run.device == "cuda" and not torch.cuda.is_available():
        raise OptionError("there is no GPU that torch can use", where="device", found="cuda", remedy="Use the device cpu.")
    return torch.device(run.device)


def own_generator(run: Run, *key: str | int, device: torch.device | str = "cpu") -> torch.Generator:
    """Return a random generator for the purpose ``key``."""
    return torch.Generator(device=device).manual_seed(run.entropy(*key))


def _bare(kind: Any, *sizes: int) -> Any:
    """Return a layer whose parameters hold nothing yet: torch would fill them from its global generator."""
    return kind(*sizes, device="meta").to_empty(device="cpu")


def linear(inputs: int, outputs: int, generator: torch.Generator, gain: float = 1.0) -> nn.Linear:
    """Return a linear layer drawn from ``generator``: uniform with variance ``gain / (3 inputs)``, bias zero."""
    layer: nn.Linear = _bare(nn.Linear, inputs, outputs)
    bound = math.sqrt(gain / max(inputs, 1))
    with torch.no_grad():
        nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
        layer.bias.zero_()
    return layer


def embedding(count: int, width: int, generator: torch.Generator) -> nn.Embedding:
    """Return an embedding drawn from ``generator``: normal with deviation ``1 / sqrt(width)``."""
    layer: nn.Embedding = _bare(nn.Embedding, count, width)
    with torch.no_grad():
        nn.init.normal_(layer.weight, 0.0, 1.0 / math.sqrt(width), generator=generator)
    return layer


class Average:
    """An exponential moving average of a model's parameters, which samples better than the last step does."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._decay = decay
        self._steps = 0
        self._shadow = {name: value.detach().clone() for name, value in model.state_dict().items()}

    def update(self, model: nn.Module) -> None:
        """Take in the parameters after a step; early ones count less, for they are far from the end."""
        self._steps += 1
        decay = min(self._decay, (1 + self._steps) / (10 + self._steps))
        for name, value in model.state_dict().items():
            if value.dtype.is_floating_point:
                self._shadow[name].lerp_(value.detach(), 1 - decay)
            else:
                self._shadow[name].copy_(value)

    def copy_to(self, model: nn.Module) -> None:
        """Put the average into a model."""
        model.load_state_dict(self._shadow)


def save_model(folder: Path, name: str, model: nn.Module, document: Mapping[str, Any]) -> None:
    """Write ``NAME.safetensors`` and ``NAME.json``."""
    from safetensors.torch import save_file

    save_file(
        {key: value.detach().cpu().contiguous() for key, value in model.state_dict().items()}, folder / f"{name}.safetensors"
    )
    (folder / f"{name}.json").write_text(json.dumps(dict(document)), encoding="utf-8")


def read_document(folder: Path, name: str, form: str) -> dict[str, Any]:
    """Read ``NAME.json``.

    Raises:
        ModelFolderError: When it is missing, damaged, or its ``format`` is not ``form``.
    """
    path = folder / f"{name}.json"
    try:
        if path.stat().st_size > _DOCUMENT_LIMIT:
            raise ValueError("too large")  # noqa: TRY301 - one message for all
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if document["format"] != form:
            raise ValueError(f"format {document['format']!r}")  # noqa: TRY301 - one message for all
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise damaged_model(path, error, form) from error
    return document


def load_weights(folder: Path, name: str, model: nn.Module, form: str) -> None:
    """Read ``NAME.safetensors`` into a model of the same shape.

    Raises:
        ModelFolderError: When it is missing, damaged or of another shape.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = folder / f"{name}.safetensors"
    try:
        model.load_state_dict(load_file(path))
    except (OSError, SafetensorError, RuntimeError, ValueError) as error:
        raise damaged_model(path, error, form) from error


def damaged_model(path: Path, error: Exception, form: str) -> ModelFolderError:
    """Return the error for a model file that cannot be used."""
    return ModelFolderError(
        "the model folder cannot be read",
        where=str(path),
        found=f"{type(error).__name__}: {error}"[:200],
        expected=form,
        remedy="Fit the model again.",
    )
