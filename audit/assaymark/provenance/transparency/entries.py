"""What a log says: its entries, each with one form in bytes, and the signed heads over them."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from assaymark.errors import AssaymarkError, ManifestError
from assaymark.provenance.dsse import Opened, seal, unseal
from assaymark.provenance.strict_json import loads_strict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assaymark.host.specs import Signer

ENTRY_SCHEMA, HEAD_SCHEMA = "assaymark-log-entry/1", "assaymark-log-head/1"
HEAD_TYPE = "application/vnd.assaymark.log-head+json"
ENTRY_LIMIT = 16 * 2**10  # bytes of an entry or a head
TEXT_LIMIT = 1000
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_LOG_ID = re.compile(r"[0-9a-f]{32}\Z")
_TIME = "%Y-%m-%dT%H:%M:%SZ"


def time_text(moment: datetime) -> str:
    """Return a moment as entries write it: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime(_TIME)


def read_time(text: object) -> datetime:
    """Return the moment that an entry writes.

    Raises:
        ValueError: When it is none.
    """
    moment = datetime.strptime(str(text), _TIME).replace(tzinfo=UTC)
    if time_text(moment) != text:
        raise ValueError("a time in another form")
    return moment


@dataclass(frozen=True, slots=True)
class Stamp:
    """An issued stamp.

    Attributes:
        what: ``release`` or ``file``.
        name: Name of the folder or file.
        sha256: Digest of ``release.json``, or of the file.
        manifest: Digest of the manifest that was signed over it.
        created: When a release says it was made; None for a file.
        logged: When it was logged.
    """

    what: str
    name: str
    sha256: str
    manifest: str
    created: str | None
    logged: str


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The statement that an earlier entry no longer stands.

    Attributes:
        entry: Number of that entry.
        reason: Why.
        logged: When it was logged.
    """

    entry: int
    reason: str
    logged: str


Entry = Stamp | Withdrawal
_KINDS: dict[str, type[Stamp | Withdrawal]] = {"stamp": Stamp, "withdrawal": Withdrawal}


def _canonical(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def write_entry(entry: Entry) -> bytes:
    """Return the bytes of an entry, which its leaf hashes."""
    kind = next(name for name, one in _KINDS.items() if isinstance(entry, one))
    return _canonical({"schema": ENTRY_SCHEMA, "kind": kind, **asdict(entry)})


def read_entry(content: bytes) -> Entry:
    """Return the entry that bytes are.

    Raises:
        ManifestError: When they are none, or not in the one form of it.
    """
    try:
        document = loads_strict(content, max_bytes=ENTRY_LIMIT, where="log entry")
        entry = _entry(document, content)
    except (AssaymarkError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ManifestError("the log entry cannot be read", found=f"{type(error).__name__}: {error}"[:200]) from error
    return entry


def _entry(document: dict[str, Any], content: bytes) -> Entry:
    fields = dict(document)
    if fields.pop("schema") != ENTRY_SCHEMA:
        raise ValueError("another schema")
    entry = _KINDS[fields.pop("kind")](**fields)
    if write_entry(entry) != content:
        raise ValueError("another form")
    read_time(entry.logged)
    if isinstance(entry, Withdrawal):
        if type(entry.entry) is not int or entry.entry < 0:
            raise ValueError("a withdrawal of nothing")
        _check_text(entry.reason)
        return entry
    _check_text(entry.name)
    if entry.what not in {"release", "file"} or not all(_DIGEST.match(text) for text in (entry.sha256, entry.manifest)):
        raise ValueError("no digests of a stamp")
    if entry.created is not None:
        read_time(entry.created)
    return entry


def _check_text(text: object) -> None:
    if not isinstance(text, str) or not 0 < len(text) <= TEXT_LIMIT:
        raise ValueError("no text, or too long a one")


@dataclass(frozen=True, slots=True)
class Head:
    """What a signed tree head says.

    Attributes:
        log: Identifier of the log, which two logs do not share.
        size: Number of entries.
        root: Root hash over them, hexadecimal.
        time: When it was signed.
        previous: SHA-256 of the head before; None for the first.
    """

    log: str
    size: int
    root: str
    time: str
    previous: str | None


def sign_head(head: Head, signer: Signer) -> dict[str, Any]:
    """Return a head as a signed envelope."""
    return seal(signer, HEAD_TYPE, _canonical({"schema": HEAD_SCHEMA, **asdict(head)}))


def open_head(envelope: Mapping[str, Any]) -> tuple[Head, Opened]:
    """Return what a signed head says, and its signature, which holds.

    Raises:
        ManifestError: When it does not hold, or it is no head.
    """
    opened = unseal(envelope, HEAD_TYPE)
    try:
        return _head(loads_strict(opened.payload, max_bytes=ENTRY_LIMIT, where="tree head")), opened
    except (AssaymarkError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ManifestError("the tree head cannot be read", found=f"{type(error).__name__}: {error}"[:200]) from error


def _head(fields: dict[str, Any]) -> Head:
    if fields.pop("schema") != HEAD_SCHEMA:
        raise ValueError("another schema")
    head = Head(**fields)
    read_time(head.time)
    if not _LOG_ID.match(head.log) or type(head.size) is not int or head.size < 1 or not _DIGEST.match(head.root):
        raise ValueError("no log, size or root")
    if head.previous is not None and not _DIGEST.match(head.previous):
        raise ValueError("no digest of the head before")
    return head
