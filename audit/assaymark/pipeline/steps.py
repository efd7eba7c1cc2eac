"""Named steps of a long run, so that progress says which one is running."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assaymark.execution import Progress, Run


@dataclass(frozen=True, slots=True)
class _Named:
    name: str
    inner: Progress

    def __call__(self, done: float, total: float, message: str = "") -> None:
        self.inner(done, total, f"{self.name}: {message}" if message else self.name)


def step(run: Run, name: str) -> Run:
    """Return the same run, whose progress is told under ``name``; stops here when the work was cancelled."""
    run.check()
    return replace(run, progress=_Named(name, run.progress))
