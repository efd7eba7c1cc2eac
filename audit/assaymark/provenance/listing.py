"""``release.json``: its form, and reading it without trusting whoever wrote it."""

from __future__ import annotations

from typing import Any

from assaymark.errors import ReleaseError
from assaymark.forms import DIGEST, Form, closed
from assaymark.provenance.file_checks import TEXT_LIMIT, printable
from assaymark.provenance.stamping import FILE_NAME, RELEASE_FILE, RELEASE_SCHEMA, colliding
from assaymark.provenance.strict_json import loads_strict

RELEASE_LIMIT = 16 * 2**20
_FILES_LIMIT = 10_000
_FILE_NAME = {"type": "string", "pattern": FILE_NAME}
_SIDECAR_NAME = {"type": "string", "maxLength": 205}


def _stored(name: dict[str, Any], **more: Any) -> dict[str, Any]:
    return closed({"name": name, "bytes": {"type": "integer", "minimum": 1}, "sha256": DIGEST, **more})


_FILES = {
    "type": "array",
    "items": _stored(_FILE_NAME, sidecar=_stored(_SIDECAR_NAME)),
    "minItems": 1,
    "maxItems": _FILES_LIMIT,
}
_FORM = Form(
    closed(
        {
            "schema": {"const": RELEASE_SCHEMA},
            "assaymark": {"type": "string"},
            "created": {"type": "string"},
            "verdict": {"enum": ["pass", "fail", "inconclusive"]},
            "policy_sha256": DIGEST,
            "files": _FILES,
        }
    )
)


def release_document(raw: bytes) -> dict[str, Any]:
    """Return a parsed ``release.json``.

    Raises:
        ReleaseError: When it cannot be read safely, or lists what cannot be the files of a release.
    """
    document: dict[str, Any] = loads_strict(raw, max_bytes=RELEASE_LIMIT, where=RELEASE_FILE, max_values=20 * _FILES_LIMIT)
    fault = _FORM.fault(document)
    if fault is not None:
        raise ReleaseError("it does not have the form of a release", where=RELEASE_FILE, found=printable(fault.rule))
    listed = [entry["name"] for entry in document["files"]]
    if colliding(listed):
        raise ReleaseError(
            "it lists a file twice, or itself, or names that differ in nothing but case",
            where=RELEASE_FILE,
            found=", ".join(sorted(colliding(listed)))[:TEXT_LIMIT],
        )
    return document
