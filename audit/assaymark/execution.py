"""The run that a step works in: its seed, device, folder, budget, progress and cancellation. Imports nothing heavy."""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from assaymark.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np

BATCH_ROWS = 8192  # rows of a sampling batch; part of the reproducibility contract, because batch i is seeded by (seed, i)


class Progress(Protocol):
    """Where a step tells how far it is."""

    def __call__(self, done: float, total: float, message: str = "") -> None:
        """Tell that ``done`` of ``total`` units are done; ``message`` holds, say, epoch and loss."""
        ...


def silent(done: float, total: float, message: str = "") -> None:
    """Report progress to nobody."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a step may use besides its data.

    Attributes:
        seed: Seed of the whole run, 0 to 2**63 - 1.
        device: ``cpu``, ``cuda`` or ``auto``.
        workdir: A folder of its own that the step may write to; None when it may not write.
        budget: Wall-clock seconds that the step should keep within; None for no bound.
        progress: Where to tell how far the step is.
        cancelled: Set by the host when the work is to stop.
    """

    seed: int
    device: str = "cpu"
    workdir: Path | None = None
    budget: float | None = None
    progress: Progress = silent
    cancelled: threading.Event = field(default_factory=threading.Event)
    clock: Callable[[], float] = time.monotonic

    def entropy(self, *key: str | int) -> int:
        """Return a 63-bit seed for the purpose ``key``; equal keys give equal seeds, in any process."""
        text = "\x1f".join([str(self.seed), *(f"{type(part).__name__}:{part}" for part in key)])
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1

    def rng(self, *key: str | int) -> np.random.Generator:
        """Return a NumPy generator (PCG64) of its own for the purpose ``key``."""
        import numpy as np

        return np.random.Generator(np.random.PCG64(self.entropy(*key)))

    def check(self) -> None:
        """Stop here if the work was cancelled.

        Raises:
            Cancelled: When it was.
        """
        if self.cancelled.is_set():
            raise Cancelled("the work was interrupted", remedy="Run the same command again.")
