"""What a worker may use, and how that is held: a watch over its session from outside, and the network from inside."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import signal
import threading
from dataclasses import dataclass
from pathlib import Path

from assaymark.errors import OptionError

ISOLATION = "ASSAYMARK_ISOLATION"
MEMORY = "ASSAYMARK_WORKER_MEMORY"
NETWORK = "ASSAYMARK_WORKER_NETWORK"

NETWORK_EVENTS = frozenset({"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg"})
"""Audit events of the interpreter (PEP 578) that tell of the network."""

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", re.IGNORECASE)
_SHARE = 0.9  # of the machine's memory, where nothing is said
_MOST_PROCESSES = 64
_INTERVAL = 0.1  # seconds between looks
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000  # of unshare(2)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worker may use.

    Attributes:
        memory: Bytes of resident memory, of it and all its children.
        processes: How many processes its session may have.
        network: Whether it may use the network.
    """

    memory: int
    processes: int = _MOST_PROCESSES
    network: bool = False

    @classmethod
    def from_environment(cls) -> Limits:
        """Return the limits that the environment states, or the usual ones.

        Raises:
            OptionError: When one cannot be read.
        """
        stated = os.environ.get(MEMORY)
        memory = int(_SHARE * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")) if stated is None else _bytes(stated)
        return cls(memory, network=os.environ.get(NETWORK, "") == "allowed")


def _bytes(text: str) -> int:
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise OptionError(
            "a size cannot be read", where=MEMORY, found=repr(text)[:40], expected="such as 4GiB", remedy="Correct it."
        )
    return int(float(found[1]) * _UNITS[found[2].upper()])


def forbid_network() -> bool:
    """Put this process into a network of its own, which leads nowhere; return whether the system let it.

    Must be called before the process has threads.
    """
    library = ctypes.CDLL(None, use_errno=True)
    unshare = getattr(library, "unshare", None)
    if unshare is None:
        return False
    user, group = os.getuid(), os.getgid()
    if unshare(_NEW_USER | _NEW_NETWORK) != 0:
        return False
    with contextlib.suppress(OSError):  # the same user inside; without it files stay readable, but not by name of their owner
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
    return True


class Watch(threading.Thread):
    """Kills a session that uses more than it may.

    Attributes:
        broken: Which limit was broken; None while none was.
    """

    def __init__(self, session: int, limits: Limits) -> None:
        super().__init__(name="worker-watch", daemon=True)
        self._session, self._limits = session, limits
        self._over = threading.Event()
        self.broken: str | None = None

    def run(self) -> None:
        """Look again and again, until the session is over."""
        while not self._over.wait(_INTERVAL):
            members, memory = _usage(self._session)
            if memory > self._limits.memory:
                self.broken = (
                    f"{memory / 2**20:,.0f} MiB of memory, more than the {self._limits.memory / 2**20:,.0f} MiB it may use"
                )
            elif len(members) > self._limits.processes:
                self.broken = f"{len(members)} processes, more than the {self._limits.processes} it may start"
            if self.broken:
                kill_session(self._session)

    def stop(self) -> None:
        """End the watch."""
        self._over.set()


def _usage(session: int) -> tuple[list[int], int]:
    """Return the processes of a session and their resident memory in bytes."""
    members, pages = [], 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):  # it may end while it is looked at
                fields = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
                if int(fields[3]) == session:
                    members.append(int(entry.name))
                    pages += int(fields[21])
    return members, pages * os.sysconf("SC_PAGE_SIZE")


def kill_session(session: int) -> None:
    """Kill all processes of a session, those that it starts meanwhile included."""
    for _ in range(_MOST_PROCESSES):
        members, _memory = _usage(session)
        if not members:
            return
        for member in members:
            with contextlib.suppress(OSError):
                os.kill(member, signal.SIGKILL)
