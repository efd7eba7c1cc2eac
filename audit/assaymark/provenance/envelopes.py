"""Files that are signed envelopes, such as an in-toto statement that was handed on alone."""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from assaymark.errors import AssaymarkError
from assaymark.provenance.certificates import leaf_problem
from assaymark.provenance.digests import UnreadableError, fingerprint, read_plain
from assaymark.provenance.dsse import unseal
from assaymark.provenance.file_checks import FileCheck, Problem, printable
from assaymark.provenance.stamping import FILE_LIMIT, FILE_NAME, SUFFIX
from assaymark.provenance.strict_json import loads_strict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from assaymark.provenance.trust import TrustLike

_LIMIT = 16 * 2**20  # bytes of an envelope
_MOST_SUBJECTS = 1000


def verify_envelope(path: Path, trust: TrustLike) -> FileCheck | None:
    """Check a file that is a signed envelope (DSSE) and has no sidecar; None when it is none.

    Of an in-toto statement, files beside it that it names are held against the digests that it states.
    """
    if path.suffix != ".json" or os.path.lexists(path.with_name(path.name + SUFFIX)):
        return None
    try:
        document = loads_strict(read_plain(path, _LIMIT), max_bytes=_LIMIT, where=path.name)
    except (UnreadableError, AssaymarkError):
        return None
    if not isinstance(document, dict) or not {"payload", "payloadType", "signatures"} <= document.keys():
        return None
    try:
        opened = unseal(document, str(document["payloadType"]))
    except AssaymarkError as error:
        return FileCheck(
            (Problem(path.name, "invalid", f"the envelope does not hold: {printable(error.found or error.what)}"),)
        )
    now, name = datetime.now(UTC), printable(opened.signer)
    if leaf_problem(opened.chain[0], now) == "signingCredential.expired":
        told = "its signer's certificate has expired, and nothing proves that it was signed before"
        return FileCheck((Problem(path.name, "expired", told),), signer=name)
    return FileCheck(tuple(_subject_problems(path, opened.payload)), opened.trusted(trust, now), name)


def _subject_problems(path: Path, payload: bytes) -> Iterator[Problem]:
    for name, digest in _subjects(payload):
        beside = path.with_name(name)
        if not beside.is_file():
            continue
        try:
            found = fingerprint(beside, FILE_LIMIT).sha256.hex()
        except UnreadableError as error:
            yield Problem(name, "unreadable", str(error))
            continue
        if found != digest:
            yield Problem(name, "altered", f"it is not the file that {path.name} speaks of")


def _subjects(payload: bytes) -> Iterator[tuple[str, str]]:
    """Yield name and SHA-256 of what a statement is about; nothing for other content."""
    try:
        document: Any = json.loads(payload)
    except (ValueError, RecursionError):
        return
    subjects = document.get("subject") if isinstance(document, dict) else None
    for subject in subjects[:_MOST_SUBJECTS] if isinstance(subjects, list) else ():
        name, digest = (subject.get(key) if isinstance(subject, dict) else None for key in ("name", "digest"))
        stated = digest.get("sha256") if isinstance(digest, dict) else None
        if isinstance(name, str) and isinstance(stated, str) and re.match(FILE_NAME, name):
            yield name, stated
