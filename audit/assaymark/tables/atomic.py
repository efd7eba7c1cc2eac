"""Write a file aside and give it its name only when it is complete."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

from assaymark.errors import OutputError, OutputExistsError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


def refuse_existing(path: Path, *, overwrite: bool) -> None:
    """Refuse an output path that is taken.

    Raises:
        OutputExistsError: When a file stands there and ``overwrite`` is false.
        OutputError: When something else than a regular file stands there.
    """
    if not os.path.lexists(path):
        return
    if not path.is_file():
        raise OutputError(
            "the output is not a regular file",
            where=str(path),
            found="a folder" if path.is_dir() else "a device, pipe or broken link",
            remedy="Choose another name for the output.",
        )
    if not overwrite:
        raise OutputExistsError(
            "the output is there already", where=str(path), remedy="Choose another name, or replace it with --force."
        )


@contextmanager
def replacing(path: Path, *, overwrite: bool = False, what: str = "the output") -> Generator[IO[bytes]]:
    """Open a temporary sibling of ``path`` for writing; on leaving, flush it to disk and rename it.

    When the block raises anything, interruption included, the sibling is removed and ``path`` stays as it was.

    Raises:
        OutputExistsError: When ``path`` exists and ``overwrite`` is false.
        OutputError: When the operating system refuses: full disk, read-only folder, no permission.
    """
    aside = path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}.part")
    try:
        refuse_existing(path, overwrite=overwrite)
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            refuse_existing(path, overwrite=overwrite)
            aside.replace(path)
        except BaseException:
            with suppress(OSError):  # the error that led here matters more
                aside.unlink(missing_ok=True)
            raise
    except (OSError, ValueError) as error:
        if isinstance(error, ValueError) and "null byte" not in str(error):
            raise
        raise OutputError(
            f"{what} cannot be written",
            where=str(path),
            found=getattr(error, "strerror", None) or str(error) or type(error).__name__,
            remedy="Check that the folder exists, may be written to, and has space left.",
        ) from error
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the new name durable, where the system lets folders be synchronised."""
    with suppress(OSError):  # some file systems do not; the file itself is on disk
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_bytes(path: Path, content: bytes, *, overwrite: bool = False) -> None:
    """Write a whole file, or nothing; see :func:`replacing`."""
    with replacing(path, overwrite=overwrite) as file:
        file.write(content)
