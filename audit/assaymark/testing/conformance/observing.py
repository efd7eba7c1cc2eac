"""What the kit sees of code that runs in its own process: what it writes, whom it calls, what it prints."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from assaymark.host.isolation.environment import fresh_environment
from assaymark.testing.conformance.catalogue import Nonconformance
from assaymark.testing.conformance.watched import HEAVY, Watch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")
_SECONDS = 120.0  # that an import in a fresh process may take


@dataclass(frozen=True, slots=True)
class Observed:
    """What a call did besides returning.

    Attributes:
        written: Files that it opened for writing.
        called: Whom it called over the network; such a call is refused.
        printed: What it printed.
    """

    written: tuple[str, ...]
    called: tuple[str, ...]
    printed: str


@cache
def _watch(folder: Path) -> Watch:
    """Return the watch over files outside a folder; a hook of the interpreter stays, so there is one a folder."""
    watch = Watch(folder)
    sys.addaudithook(watch)
    return watch


def observe(function: Callable[[], T], folder: Path) -> tuple[T | None, Observed]:
    """Call a function, and return its result and what else it did; None where a refused call to the network made it raise."""
    watch, printed = _watch(folder.resolve()), io.StringIO()
    watch.written.clear()
    watch.called.clear()
    result: T | None = None
    watch.on = True
    try:
        with contextlib.redirect_stdout(printed):
            result = function()
    except Exception:
        if not watch.called:
            raise
    finally:
        watch.on = False
    return result, Observed(tuple(watch.written), tuple(watch.called), printed.getvalue())


def heavy_imports(target: str) -> list[str]:
    """Return which heavy libraries the import of a declaration brings, in a fresh process.

    Raises:
        Nonconformance: When the import fails there.
    """
    module = target.partition(":")[0]
    code = f"import sys, importlib; importlib.import_module({module!r}); print(*sorted({set(HEAVY)!r} & set(sys.modules)))"
    return in_a_fresh_process(code).split()


def in_a_fresh_process(code: str, *arguments: Any) -> str:
    """Run Python code in a fresh process with another hash seed, and return what it prints.

    Raises:
        Nonconformance: When it breaks there.
    """
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code, *map(str, arguments)],
        env=fresh_environment(PYTHONHASHSEED="4711"),
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise Nonconformance(f"it breaks in a fresh process: {last:.200}")
    return done.stdout
