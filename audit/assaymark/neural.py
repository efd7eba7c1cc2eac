"""What generators built on torch need to be reproducible and to save themselves safely. A public toolkit; needs torch.

One seed gives the same bytes on machines of one type: fixed threads, deterministic kernels, and a random generator of one's
own, so that torch's global one is neither used nor changed.
"""

from __future__ import annotations

import json
import math
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from assaymark.errors import ModelFolderError, OptionError
from assaymark.formats import check_format

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

    from assaymark.execution import Run

THREADS = 2  # part of the reproducibility contract: sums of floats depend on how they are split
_BALANCED = 8  # one row in so many of a batch is drawn for the sake of rare codes
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


def faster(device: torch.device) -> torch.autocast:
    """Return a context in which matrix products are of bfloat16 numbers where the machine computes those natively.

    Parameters, sums over rows, losses and normalisation stay in float32. On a processor with AVX-512 BF16 it is three times as
    fast; on one without, nothing changes. Results are those of one machine type, as they are in any case.
    """
    if device.type == "cuda":
        return torch.autocast("cuda", dtype=torch.bfloat16, enabled=torch.cuda.is_bf16_supported(including_emulation=False))
    features: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    native = any(features.get(name) is True for name in ("avx512_bf16", "amx_bf16"))
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=native)


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


class Average:
    """An exponential moving average of a model's parameters, which samples better than the last step does."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._decay = decay
        self._model = model
        self._parameters = [value.detach() for value in model.parameters()]
        self._shadow = [value.clone() for value in self._parameters]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the parameters after a step, counted from 1; early ones count less, for they are far from the end."""
        decay = min(self._decay, (1 + step) / (10 + step))
        get_ema_multi_avg_fn(decay)(self._shadow, self._parameters, step)  # type: ignore[no-untyped-call]

    def tensors(self) -> dict[str, Tensor]:
        """Return the average by the name of the parameter."""
        return {name: value for (name, _), value in zip(self._model.named_parameters(), self._shadow, strict=True)}

    @torch.no_grad()
    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Put back what :meth:`tensors` returned."""
        for name, value in self.tensors().items():
            value.copy_(tensors[name])

    @torch.no_grad()
    def copy_to(self, model: nn.Module) -> None:
        """Put the average into a model of the same shape."""
        for parameter, value in zip(model.parameters(), self._shadow, strict=True):
            parameter.copy_(value)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of an optimiser."""
    for group in optimiser.param_groups:
        group["lr"] = rate


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of a step.

    Attributes:
        rows: Places of the rows in the table, shape (batch,).
        balanced: So many rows, the first ones, were drawn so that rare codes of one column come up often. What is learned
            from them must be given that column, or the rare codes would seem common.
        column: That code column.
    """

    rows: Tensor
    balanced: int
    column: int


class Batches:
    """Rows of each step, which depend on the seed and the step alone.

    Every row comes once an epoch, in a new order; an eighth of a batch is replaced by rows of balanced codes, a column at a
    time: codes come up in proportion to the logarithm of their number of rows, as in the training of CTGAN (Xu et al., 2019).
    """

    def __init__(self, run: Run, codes: Tensor, places: Tensor, batch: int) -> None:
        """Prepare batches of the rows at ``places`` of a table with ``codes`` of shape (rows, code columns)."""
        self._run = run
        self._places = places
        self._codes = codes if len(places) == len(codes) else codes[places]
        self._batch = min(batch, len(places))
        self.an_epoch = max(len(places) // self._batch, 1)
        self._epoch = -1
        self._order = torch.zeros(0, dtype=torch.int64)

    def of(self, step: int) -> Batch:
        """Return the batch of a step."""
        epoch, place = divmod(step, self.an_epoch)
        if epoch != self._epoch:
            self._order = torch.randperm(len(self._places), generator=own_generator(self._run, "epoch", epoch))
            self._epoch = epoch
        rows = self._order[place * self._batch : (place + 1) * self._batch]
        columns = self._codes.shape[1]
        if columns < 2:  # noqa: PLR2004 - there is nothing to learn given the only column
            return Batch(self._places[rows], 0, 0)
        generator, count = own_generator(self._run, "balance", step), self._batch // _BALANCED
        column = int(torch.randint(columns, (1,), generator=generator))
        rare = self._balanced(column, count, generator)
        return Batch(self._places[torch.cat([rare, rows[count:]])], count, column)

    def _balanced(self, column: int, count: int, generator: torch.Generator) -> Tensor:
        codes = self._codes[:, column]
        held = torch.bincount(codes).double()
        edges = (held.log1p() / held.clamp(min=1.0))[codes].cumsum(dim=0)
        draws = torch.rand(count, generator=generator, dtype=torch.float64) * edges[-1]
        return torch.searchsorted(edges, draws).clamp(max=len(codes) - 1)


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
        check_format(document["format"], form, str(path))
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
