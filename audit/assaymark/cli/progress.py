"""Progress on standard error: a bar with rate and time left on a terminal, sparse lines elsewhere."""

from __future__ import annotations

import signal
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from assaymark.cli.visible import visible

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import FrameType

    from assaymark.execution import Run

_SECONDS_BETWEEN_LINES = 10.0


class _Lines:
    """One line when a step begins, and one every ten seconds."""

    def __init__(self) -> None:
        self._step = ""
        self._told = 0.0

    def __call__(self, done: float, total: float, message: str = "") -> None:
        step, _, detail = visible(message).partition(": ")
        now = time.monotonic()
        if step == self._step and now - self._told < _SECONDS_BETWEEN_LINES:
            return
        share = f" {done / total:4.0%}" if step == self._step and total else ""
        click.echo(f"{step}{share}{' ' + detail if share and detail else ''}", err=True)
        self._step, self._told = step, now

    def close(self) -> None:
        """Nothing to tidy up."""


class _Bar:
    """One bar, for the step that is running."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[detail]}", markup=False),
            console=Console(stderr=True),
            transient=True,
        )
        self._progress.start()
        self._task: Any = None
        self._step = ""
        self._began = 0.0

    def __call__(self, done: float, total: float, message: str = "") -> None:
        step, _, detail = visible(message).partition(": ")
        if step != self._step:
            if self._task is not None:
                self._progress.remove_task(self._task)
            self._task = self._progress.add_task(step, total=total, detail="", rate="")
            self._step, self._began = step, time.monotonic()
        spent = time.monotonic() - self._began
        rate = f"{done / spent:,.0f}/s" if done and spent > 1 else ""
        self._progress.update(self._task, completed=done, total=total or None, detail=detail, rate=rate)

    def close(self) -> None:
        """Take the bar away."""
        self._progress.stop()


@contextmanager
def working(seed: int, *, quiet: bool, **resources: Any) -> Generator[Run]:
    """Give a run that tells its progress and that Ctrl-C or SIGTERM stops at the next safe place; a second one at once.

    Args:
        seed: Seed of the run.
        quiet: Whether to tell no progress.
        **resources: Further fields of the run, such as its device and budget.
    """
    from assaymark.execution import Run, silent

    reporter = None if quiet else _Bar() if sys.stderr.isatty() else _Lines()
    run = Run(seed, progress=silent if reporter is None else reporter, **resources)
    previous = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        if run.cancelled.is_set():
            raise KeyboardInterrupt
        run.cancelled.set()

    in_main = threading.current_thread() is threading.main_thread()
    try:
        if in_main:
            for number in previous:
                signal.signal(number, stop)
        yield run
        run.check()
    finally:
        if reporter is not None:
            reporter.close()
        if in_main:
            for number, handler in previous.items():
                signal.signal(number, handler)
