"""The host's end of a worker: start it, ask it, stop it, and say what became of it."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assaymark.errors import Cancelled, PluginFailedError
from assaymark.host.isolation.environment import fresh_environment
from assaymark.host.isolation.limits import Limits, Watch, kill_session
from assaymark.host.isolation.protocol import EDITION, LONGEST, parse, read_error, send

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assaymark.execution import Run
    from assaymark.host.states import PluginInfo

_STARTING = 120.0  # seconds until a worker must have said hello
_POLITE = 5.0  # seconds between the wish to stop and the end
_LATE = 60.0  # seconds beyond a budget after which a fit is taken to hang
_TICK = 0.1
_PART = 2**16  # bytes of a read


class WorkerProcess:
    """A worker, from start to end.

    Attributes:
        place: Folder for Arrow files, which goes with the worker.
        offline: Whether the system keeps it from the network.
    """

    def __init__(self, plugin: PluginInfo, limits: Limits) -> None:
        self._plugin = plugin
        self.place = Path(tempfile.mkdtemp(prefix="assaymark-worker-"))
        theirs, ours = os.pipe()[::-1]
        os.set_inheritable(theirs, True)  # noqa: FBT003 - the standard library's own signature
        command = [sys.executable, "-m", "assaymark.host.isolation.worker", str(theirs), str(self.place)]
        command.append("network" if limits.network else "offline")
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(theirs,),
            cwd=self.place,
            env=fresh_environment(),
            start_new_session=True,
            text=True,
        )
        os.close(theirs)
        self._replies, self._unread = ours, b""
        self._watch = Watch(self._process.pid, limits)
        self._watch.start()
        self.close = weakref.finalize(self, _end, self._process, self._watch, self._replies, self.place)
        hello = self._reply(time.monotonic() + _STARTING, None)
        if hello.get("hello") != EDITION:
            self.close()
            raise self._failed("it speaks another edition of the protocol")
        self.offline = bool(hello.get("offline"))

    def ask(self, request: Mapping[str, Any], run: Run | None = None, budget: float | None = None) -> dict[str, Any]:
        """Send a request and return the answer, relaying progress and cancellation.

        Args:
            request: What to do.
            run: Where to tell progress and to look for cancellation; None for short requests.
            budget: Seconds that the work should keep within; a worker that is a minute late is killed.

        Raises:
            Cancelled: When the run was cancelled.
            AssaymarkError: What the generator raised of ours.
            PluginFailedError: When it broke, crashed, hung, or used more than it may.
        """
        stdin = self._process.stdin
        with contextlib.suppress(BrokenPipeError):  # that it is gone is told below
            if stdin is not None:
                send(stdin, request)
        until = None if budget is None else time.monotonic() + budget + _LATE
        while True:
            message = self._reply(until, run)
            if "progress" in message and run is not None:
                done, total, text = message["progress"]
                run.progress(float(done), float(total), str(text))
            elif "done" in message:
                answer: dict[str, Any] = message["done"]
                return answer
            elif "error" in message:
                raise read_error(message["error"])
            elif "broke" in message:
                raise self._failed(str(message["broke"])[:300])

    def _reply(self, until: float | None, run: Run | None) -> dict[str, Any]:
        stopping: float | None = None
        while b"\n" not in self._unread:
            now = time.monotonic()
            if run is not None and run.cancelled.is_set() and stopping is None:
                stopping = now + _POLITE
                with contextlib.suppress(ProcessLookupError):
                    self._process.send_signal(signal.SIGTERM)
            if stopping is not None and now > stopping:
                self.close()
                raise Cancelled("the work was interrupted", remedy="Run the same command again.")
            if until is not None and now > until:
                self.close()
                raise self._failed("it did not answer in time, and was stopped")
            self._read()
        line, _, self._unread = self._unread.partition(b"\n")
        try:
            return parse(line)
        except ValueError:
            self.close()
            raise self._failed("it said something that is no message") from None

    def _read(self) -> None:
        """Wait a little for more of an answer."""
        if not select.select([self._replies], [], [], _TICK)[0]:
            return
        part = os.read(self._replies, _PART)
        if not part:
            raise self._failed(self._ending())
        self._unread += part
        if len(self._unread) > LONGEST:
            self.close()
            raise self._failed("it said something too long to be a message")

    def _ending(self) -> str:
        """Say why the worker is gone."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_POLITE)
        code = self._process.returncode
        broken = self._watch.broken
        self.close()
        if broken is not None:
            return f"it used {broken}, and was stopped"
        if code is not None and code < 0:
            return f"its process was ended by {signal.Signals(-code).name}"
        return f"its process ended with exit code {code}"

    def _failed(self, found: str) -> PluginFailedError:
        return PluginFailedError(
            f"the plugin {self._plugin.name} of {self._plugin.origin} broke",
            where="in its worker process",
            found=found,
            remedy="Report this to the author of the plugin, or use another generator.",
        )


def _end(process: subprocess.Popen[str], watch: Watch, replies: int, place: Path) -> None:
    """End a worker and all that it started, and remove its folder."""
    watch.stop()
    kill_session(process.pid)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_POLITE)
    with contextlib.suppress(OSError):
        if process.stdin is not None:
            process.stdin.close()
    os.close(replies)
    shutil.rmtree(place, ignore_errors=True)
