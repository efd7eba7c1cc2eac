"""Saved models: the same rows, plain files, nobody's row in them."""

from __future__ import annotations

import pickletools
import shutil
import zipfile
from typing import TYPE_CHECKING

import numpy as np

from assaymark.errors import AssaymarkError
from assaymark.host.registry import resolve
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table
from assaymark.testing.conformance.catalogue import Nonconformance, NotRun, conformance, require
from assaymark.testing.conformance.watched import digest

if TYPE_CHECKING:
    from pathlib import Path

    from assaymark.testing.conformance.subject import Subject

SUFFIXES = frozenset({".json", ".npy", ".npz", ".safetensors", ".toml", ".txt", ".parquet", ".arrow"})
_LONE = 7_310_429  # a number that nobody else has


def _saved(subject: Subject) -> Path:
    """Return the folder of the saved model."""
    try:
        return subject.saved
    except NotImplementedError as error:
        raise NotRun("it keeps no models (save raises NotImplementedError)") from error


def _nothing_lone(subject: Subject) -> str | None:
    known = subject.spec.capabilities.kinds & {Kind.INTEGER, Kind.CATEGORICAL}
    return None if known else "neither integer nor categorical columns are declared"


@conformance("persistence.same_rows")
def same(subject: Subject) -> None:
    """A saved model, loaded by a fresh process, gives the same rows."""
    _saved(subject)
    require(subject.observed["loaded"] == digest(subject.sampled), "the loaded model gives other rows")


@conformance("persistence.plain_files")
def plain(subject: Subject) -> None:
    """Models are plain files: safetensors, npz, JSON, never a pickle."""
    for path in _files(_saved(subject)):
        require(path.suffix in SUFFIXES, f"{path.name} is none of {', '.join(sorted(SUFFIXES))}")
        require(not _pickled(path), f"{path.name} holds a pickle")


@conformance("persistence.damage_refused")
def damage(subject: Subject) -> None:
    """A model folder that is cut off, or lacks a file, is refused by an error of Assaymark."""
    factory = resolve(subject.spec.factory)
    for path in _files(_saved(subject)):
        for content in (None, path.read_bytes()[: path.stat().st_size // 2]):
            broken = subject.folder / "broken"
            shutil.rmtree(broken, ignore_errors=True)
            shutil.copytree(subject.saved, broken)
            target = broken / path.relative_to(subject.saved)
            target.unlink() if content is None else target.write_bytes(content)
            _refused(factory, broken, path.name)


def _refused(factory: type, folder: Path, name: str) -> None:
    try:
        factory.load(folder)  # type: ignore[attr-defined]  # a Generator, by its declaration
    except AssaymarkError:
        return
    except Exception as error:
        raise Nonconformance(f"a damaged {name} raises {type(error).__name__}") from error
    raise Nonconformance(f"a damaged {name} is loaded as if nothing were")


@conformance("persistence.no_lone_value", unless=_nothing_lone)
def lone(subject: Subject) -> None:
    """No value that a single row has is found in the saved files."""
    _saved(subject)
    rng = np.random.Generator(np.random.PCG64(8))
    numbers = rng.integers(1000, 2000, 400)
    numbers[17] = _LONE
    words = [f"common{place % 4}" for place in range(400)]
    words[17] = "only-one-person"
    columns = {"n": (Kind.INTEGER, numbers), "w": (Kind.CATEGORICAL, words)}
    used = {name: part for name, part in columns.items() if part[0] in subject.spec.capabilities.kinds}
    schema = Schema(tuple(Column(name, kind) for name, (kind, _) in used.items()))
    folder = subject.room("lone")
    subject.fit(Table.from_columns({name: values for name, (_, values) in used.items()}, schema)).save(folder)
    for path in _files(folder):
        for content in _contents(path):
            for secret in (str(_LONE).encode(), b"only-one-person", *_binary(_LONE)):
                require(secret not in content, f"{path.name} holds a value of one row")


def _binary(number: int) -> tuple[bytes, ...]:
    return (np.float64(number).tobytes(), np.int64(number).tobytes(), np.float32(number).tobytes())


def _contents(path: Path) -> list[bytes]:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return [archive.read(name) for name in archive.namelist()]
    return [path.read_bytes()]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _pickled(path: Path) -> bool:
    return any(_is_pickle(content) or b"'descr': '|O'" in content[:200] for content in _contents(path))


def _is_pickle(content: bytes) -> bool:
    """Return whether bytes are a pickle from the first to the last."""
    if not content.startswith(b"\x80"):
        return False
    try:
        return sum(1 for _ in pickletools.genops(content)) > 1
    except ValueError:
        return False
