"""Cancelling, progress, files, network, memory and standard output."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from assaymark.errors import Cancelled
from assaymark.execution import Run
from assaymark.testing.conformance.catalogue import Nonconformance, conformance, require

if TYPE_CHECKING:
    from assaymark.testing.conformance.subject import Subject

_PATIENCE = 5.0  # seconds from the wish to stop to the end
_MOST_MB = 4096.0


@conformance("resources.cancel")
def cancel(subject: Subject) -> None:
    """A fit that is cancelled stops within five seconds."""
    run = Run(0)
    run.cancelled.set()
    begun = time.monotonic()
    try:
        subject.fit(subject.table, run)
    except Cancelled:
        require(time.monotonic() - begun <= _PATIENCE, f"it took {time.monotonic() - begun:.1f} s to stop")
        return
    raise Nonconformance("a cancelled fit goes on to its end: call run.check()")


@conformance("resources.progress")
def progress(subject: Subject) -> None:
    """A fit tells its progress, which never goes back and ends at its total."""
    told: list[tuple[float, float]] = []

    def tell(done: float, total: float, message: str = "") -> None:  # noqa: ARG001 - it is part of the protocol
        told.append((done, total))

    subject.fit(subject.table, replace(Run(0), progress=tell))
    require(told, "no progress is told: call run.progress(done, total, message)")
    shares = [done / total for done, total in told if total > 0]
    require(shares == sorted(shares), "progress goes back")
    require(told[-1][0] == told[-1][1], f"the last progress is {told[-1][0]:g} of {told[-1][1]:g}")


@conformance("resources.files")
def files(subject: Subject) -> None:
    """Fitting and sampling write nothing outside of ``run.workdir``."""
    written = [*subject.observed["written"], *subject.observed["cwd"]]
    require(not written, f"it writes {written[:3]}")


@conformance("resources.network")
def network(subject: Subject) -> None:
    """Fitting and sampling use no network."""
    called = subject.observed["called"]
    require(not called, f"it calls {called[:2]}")


@conformance("resources.standard_output")
def output(subject: Subject) -> None:
    """Nothing is printed to standard output, which belongs to results."""
    printed = subject.observed["stdout"]
    require(not printed, f"it prints {printed[:80]!r}")


@conformance("resources.memory")
def memory(subject: Subject) -> str | None:
    """Fitting 600 rows needs less than 4 GiB."""
    peak = subject.observed["peak_mb"]
    require(peak is None or peak <= _MOST_MB, f"it needs {peak:.0f} MiB")
    return None if peak is None else f"{peak:.0f} MiB at its peak"
