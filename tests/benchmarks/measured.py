"""A command as a whole process: wall and processor seconds, and its largest resident memory. Benchmarks print, never assert."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Measured:
    """What a process took.

    Attributes:
        wall: Seconds from start to end.
        cpu: Processor seconds, of it and of its children.
        rss: Largest resident set, MiB.
        code: Exit code.
        output: Its standard output.
    """

    wall: float
    cpu: float
    rss: float
    code: int
    output: str

    def document(self) -> Any:
        """Return the last line of the output as JSON."""
        return json.loads(self.output.strip().splitlines()[-1])


def measure(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Measured:
    """Run a command to its end; its messages go through to standard error."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})})
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - began
    return Measured(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, process.returncode, output)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows))


def machine() -> str:
    """Return what the figures were measured on, without names."""
    cores = os.cpu_count() or 1
    load = os.getloadavg()[0]
    return (
        f"{time.strftime('%Y-%m-%d')}, {cores} cores, {platform.machine()}, Python {platform.python_version()}, load {load:.1f}"
    )


def python(code: str, *arguments: str, interpreter: str = sys.executable) -> list[str]:
    """Return the command that runs Python code."""
    return [interpreter, "-c", code, *arguments]
