"""Digests of files of any size, read once and never held in memory."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Size and digest of some bytes.

    Attributes:
        size: Number of bytes.
        sha256: SHA-256, 32 bytes.
    """

    size: int
    sha256: bytes

    @classmethod
    def of(cls, content: bytes) -> Fingerprint:
        """Return the fingerprint of bytes in memory."""
        return cls(len(content), hashlib.sha256(content).digest())


class UnreadableError(Exception):
    """A stranger's file that cannot be read safely; its text says why.

    Attributes:
        code: Stable code of the problem.
    """

    def __init__(self, text: str, code: str = "unreadable") -> None:
        super().__init__(text)
        self.code = code


def open_plain(path: Path, limit: int) -> int:
    """Open a plain file, never through a link and never a device; return its descriptor.

    Raises:
        UnreadableError: When it is none, or larger than ``limit`` bytes.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise UnreadableError(f"it cannot be read: {error.strerror}") from error
    status = os.fstat(handle)
    problem = None
    if not stat.S_ISREG(status.st_mode):
        problem = UnreadableError("it is no plain file")
    elif status.st_size > limit:
        problem = UnreadableError(f"it is larger than {limit} bytes", "altered")
    if problem is not None:
        os.close(handle)
        raise problem
    return handle


def snapshot(folder: Path) -> dict[str, tuple[int, ...]]:
    """Return what tells that a file of a folder was replaced or written to: its number on the disk, size and times of change.

    The time of the last change cannot be set by whoever may write to the folder. A file that cannot be looked at has no entry.
    """
    seen: dict[str, tuple[int, ...]] = {}
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                status = entry.stat(follow_symlinks=False)
                seen[entry.name] = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return seen


def read_plain(path: Path, limit: int) -> bytes:
    """Return the bytes of a plain file of at most ``limit`` bytes.

    Raises:
        UnreadableError: When it cannot be read safely.
    """
    with os.fdopen(open_plain(path, limit), "rb") as file:
        return file.read(limit + 1)


def fingerprint(path: Path, limit: int) -> Fingerprint:
    """Return the fingerprint of a plain file, read a piece at a time.

    Raises:
        UnreadableError: When it cannot be read safely, or is or grows larger than ``limit`` bytes.
    """
    digest, size = hashlib.sha256(), 0
    buffer = bytearray(_CHUNK)
    view = memoryview(buffer)
    with os.fdopen(open_plain(path, limit), "rb", buffering=0) as file:
        while count := file.readinto(buffer):
            size += count
            if size > limit:
                raise UnreadableError(f"it is larger than {limit} bytes", "altered")
            digest.update(view[:count])
    return Fingerprint(size, digest.digest())
