"""Issued stamps in the transparency log: append, prove, show, withdraw."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from assaymark.errors import LogError, ManifestError, MissingFileError, ReleaseError
from assaymark.provenance.digests import Fingerprint, UnreadableError, fingerprint, read_plain
from assaymark.provenance.embedding import embedded_in
from assaymark.provenance.file_checks import verify_file
from assaymark.provenance.stamping import FILE_LIMIT, RELEASE_FILE, SUFFIX
from assaymark.provenance.strict_json import loads_strict
from assaymark.provenance.transparency.entries import Stamp
from assaymark.provenance.transparency.proofs import PROOF_LIMIT, newest_head, prove_consistency, prove_inclusion
from assaymark.provenance.transparency.storage import Log
from assaymark.tables.atomic import write_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from assaymark.host.specs import Signer

PROOF_SUFFIX = ".log-proof.json"
_SIDECAR_LIMIT, _RELEASE_LIMIT = 64 * 2**20, 16 * 2**20


@dataclass(frozen=True, slots=True)
class Logged:
    """Where a stamp stands in a log: its number, and whether it was added just now."""

    path: Path
    position: int
    new: bool


@dataclass(frozen=True, slots=True)
class Issued:
    """A stamp as it lies on disk; its fields are those of :class:`~assaymark.provenance.transparency.entries.Stamp`."""

    what: str
    name: str
    sha256: str
    manifest: str
    created: str | None

    def stamp(self, now: str) -> Stamp:
        """Return the entry that logs it."""
        return Stamp(self.what, self.name, self.sha256, self.manifest, self.created, now)


def proof_beside(path: Path) -> Path:
    """Return where the proof of a release or file lies: beside it, never in it."""
    return path.with_name(path.name + PROOF_SUFFIX)


def issued_at(path: Path, name: str | None = None) -> Issued:
    """Return what was issued at a path: a release folder, or a file with its sidecar.

    Raises:
        LogError: When there is nothing of the kind.
    """
    try:
        content = read_plain(path / RELEASE_FILE, _RELEASE_LIMIT) if path.is_dir() else b""
        manifest = manifest_digest(path)
    except (UnreadableError, ManifestError) as error:
        raise LogError(
            "there is no stamp to log",
            where=str(path),
            found=str(error),
            expected="a release folder, or a stamped file",
            remedy="Stamp it first, by `assaymark stamp`.",
        ) from error
    if not path.is_dir():
        return Issued("file", name or path.name, fingerprint(path, FILE_LIMIT).sha256.hex(), manifest, None)
    created = str(loads_strict(content, max_bytes=_RELEASE_LIMIT, where=RELEASE_FILE).get("created"))
    return Issued("release", name or path.resolve().name, Fingerprint.of(content).sha256.hex(), manifest, created)


def manifest_digest(path: Path) -> str:
    """Return the digest of the manifest over a release or of a stamped file, from its sidecar or, without one, from within.

    Raises:
        UnreadableError: When there is none, or it cannot be read safely.
        ManifestError: When the one within is malformed.
    """
    stamped = path / RELEASE_FILE if path.is_dir() else path
    beside = stamped.with_name(stamped.name + SUFFIX)
    embedded = None if beside.exists() else embedded_in(stamped)
    manifest = read_plain(beside, _SIDECAR_LIMIT) if embedded is None else embedded.manifest
    return Fingerprint.of(manifest).sha256.hex()


def check_usable(log: Path | None) -> None:
    """Refuse a log that could not be appended to before anything is computed or written.

    Raises:
        LogError: When it cannot be used.
    """
    if log is not None:
        with Log(log, create=True) as opened:
            opened.check_usable()


def log_release(folder: Path, name: str, log: Path, signer: Signer) -> dict[str, Any]:
    """Log a release that was stamped just now, and return the proof.

    Raises:
        LogError: When the log cannot be used.
    """
    issued = issued_at(folder, name)
    with Log(log, create=True) as opened:
        position, _ = opened.append_once(issued.manifest, issued.stamp, signer)
        return prove_inclusion(opened, position)


def append(paths: Sequence[Path], log: Path, signer: Signer) -> tuple[Logged, ...]:
    """Log stamps that are intact, each once.

    Raises:
        MissingFileError: When there is nothing at a path.
        LogError: When what is there is not stamped or not intact, or the log cannot be used.
    """
    issued = [(path, _intact(path)) for path in paths]  # all of them before the first is logged
    with Log(log, create=True) as opened:
        return tuple(Logged(path, *opened.append_once(one.manifest, one.stamp, signer)) for path, one in issued)


def _intact(path: Path) -> Issued:
    if not path.exists():
        raise MissingFileError("there is nothing to log", where=str(path), remedy="Check the path.")
    issued = issued_at(path)
    checked = verify_file(path / RELEASE_FILE if path.is_dir() else path, ())
    if checked.problems:
        raise LogError(
            "what is not intact is not logged",
            where=str(path),
            found=checked.problems[0].message,
            remedy="Run `assaymark verify` on it.",
        )
    return issued


def prove(path: Path, log: Path) -> dict[str, Any]:
    """Return the proof that a release or a stamped file is in the log.

    Raises:
        LogError: When it is not, or the log cannot be used.
    """
    with Log(log) as opened:
        return prove_inclusion(opened, _position(opened, path))


def prove_since(since: Path, log: Path) -> dict[str, Any]:
    """Return the proof that the log still begins with what an earlier head was signed over."""
    with Log(log) as opened:
        return prove_consistency(opened, head_in(since))


def _position(log: Log, path: Path) -> int:
    position = log.find(issued_at(path).manifest)
    if position is None:
        raise LogError(
            "the stamp is not in the log", where=str(path), expected=f"an entry in {log.path}", remedy="Add it by `log append`."
        )
    return position


def withdraw(what: Path | int, reason: str, log: Path, signer: Signer) -> tuple[int, int]:
    """Log that a release, a stamped file or an entry no longer stands; return the entry's number and the new one's.

    Raises:
        LogError: When it is not in the log, or was withdrawn before.
    """
    with Log(log) as reading:
        position = what if isinstance(what, int) else _position(reading, what)
    with Log(log, create=True) as opened:
        return position, opened.withdraw(position, reason, signer)


def show(log: Path, first: int = 0) -> dict[str, Any]:
    """Return the newest head and all entries from a number on, with what withdraws them."""
    with Log(log) as opened, opened.reading():
        size = opened.size
        entries = [
            {"index": position, **entry_document(opened.entry(position)), "withdrawn_by": opened.withdrawal_of(position)}
            for position in range(max(first, 0), size)
        ]
        return {"log": opened.id, "size": size, "head": newest_head(opened) if size else None, "entries": entries}


def entry_document(entry: Any) -> dict[str, Any]:
    """Return an entry, JSON-ready."""
    return {"kind": "stamp" if isinstance(entry, Stamp) else "withdrawal", **asdict(entry)}


def read_json(path: Path) -> Any:
    """Return a small JSON document; None when it is none.

    Raises:
        MissingFileError: When the file cannot be read.
    """
    try:
        content = read_plain(path.resolve(), PROOF_LIMIT)
    except UnreadableError as error:
        raise MissingFileError(
            "the file cannot be read", where=str(path), found=str(error), remedy="Check the path."
        ) from error
    try:
        return loads_strict(content, max_bytes=PROOF_LIMIT, where=path.name)
    except ReleaseError:
        return None


def head_in(path: Path) -> dict[str, Any]:
    """Return the signed head that a file is, or that a proof holds.

    Raises:
        LogError: When there is none.
    """
    document = read_json(path)
    for key in ("head", "second"):
        if isinstance(document, dict) and isinstance(document.get(key), dict):
            document = document[key]
    if not isinstance(document, dict) or "payloadType" not in document:
        raise LogError(
            "the file holds no tree head",
            where=str(path),
            expected="what `log show --head` or `log prove` wrote",
            remedy="Name such a file.",
        )
    return document


def write_proof(path: Path, proof: Mapping[str, Any], *, force: bool) -> None:
    """Write a proof, or a head.

    Raises:
        OutputExistsError: When the file is there and ``force`` is false.
        OutputError: When it cannot be written.
    """
    write_bytes(path, (json.dumps(proof, indent=2) + "\n").encode(), overwrite=force)
