"""Folders that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from assaymark.errors import OutputError, OutputExistsError

if TYPE_CHECKING:
    from collections.abc import Generator

RELEASE_FILE = "release.json"


def refuse_existing(out: Path, *, force: bool, marker: str = RELEASE_FILE) -> None:
    """Refuse an output folder that may not be replaced; ``marker`` is the file that an earlier one of its kind holds.

    Raises:
        OutputExistsError: When ``out`` exists and is not an earlier release that ``force`` allows to replace.
    """
    if not out.exists() and not out.is_symlink():
        return
    if force and out.is_dir() and not out.is_symlink() and (out / marker).is_file():
        return
    if out.is_dir() and not out.is_symlink() and not any(out.iterdir()):
        return
    raise OutputExistsError(
        "the output folder exists already" if not force else "--force replaces only a folder that holds a release",
        where=str(out),
        expected="a folder that does not exist, or an earlier release together with --force",
        remedy="Choose another --out, or add --force to replace an earlier release." if not force else "Choose another --out.",
    )


@contextmanager
def staged_folder(out: Path, *, force: bool, marker: str = RELEASE_FILE) -> Generator[Path]:
    """Give a new folder beside ``out`` that takes its name when the block ends well, and vanishes when it does not.

    Raises:
        OutputExistsError: See :func:`refuse_existing`.
        OutputError: When the folder cannot be written.
    """
    refuse_existing(out, force=force, marker=marker)
    stage: Path | None = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".partial", dir=out.parent))
        stage.chmod(0o755)
        yield stage
        refuse_existing(out, force=force, marker=marker)
        _take_place(stage, out)
    except OSError as error:
        raise OutputError(
            "the output could not be written",
            where=str(out),
            found=error.strerror or type(error).__name__,
            remedy="Check free space and permissions, then run the same command again.",
        ) from error
    finally:
        if stage is not None and stage.exists():
            shutil.rmtree(stage, ignore_errors=True)


def _take_place(stage: Path, out: Path) -> None:
    if not out.exists():
        stage.rename(out)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".old", dir=out.parent))
    out.rename(old / out.name)
    try:
        stage.rename(out)
    except OSError:
        (old / out.name).rename(out)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def write_file(path: Path, content: bytes) -> None:
    """Write a file into a staged folder and flush it to disk."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
