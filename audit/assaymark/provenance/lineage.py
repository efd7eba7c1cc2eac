"""What a release says of the one that it follows: its digests, and what changed since."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assaymark.errors import AssaymarkError, ReleaseError
from assaymark.forms import DIGEST, Form, closed
from assaymark.provenance.stamping import LINEAGE_FILE, RELEASE_FILE, sidecar_of
from assaymark.provenance.strict_json import loads_strict

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

LINEAGE_SCHEMA = "assaymark-lineage/1"
_SIZE_LIMIT = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Parent:
    """An earlier release, verified.

    Attributes:
        digests: ``sha256`` of its ``release.json`` and ``manifest_sha256`` of the sidecar.
        release: Its parsed ``release.json``.
        audit: Its parsed ``audit.json``.
    """

    digests: Mapping[str, str]
    release: Mapping[str, Any]
    audit: Mapping[str, Any]


def digests_of(folder: Path) -> dict[str, str]:
    """Return the digests by which a release is named: of ``release.json`` and of its sidecar."""
    content = (folder / RELEASE_FILE).read_bytes()
    sidecar = sidecar_of(folder / RELEASE_FILE).read_bytes()
    return {"sha256": hashlib.sha256(content).hexdigest(), "manifest_sha256": hashlib.sha256(sidecar).hexdigest()}


def lineage_document(
    parent: Parent, files: Mapping[str, str], audit: Mapping[str, Any], redacted: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the statement on the parent, and on what changed.

    Args:
        parent: The earlier release.
        files: SHA-256 of every file of the new release by name, this statement left out.
        audit: Parsed ``audit.json`` of the new release.
        redacted: What was taken out and why, where the new release is a redacted copy.
    """
    before = masked(parent.audit, () if redacted is None else redacted["fields"])
    earlier = {entry["name"]: entry["sha256"] for entry in parent.release["files"] if entry["name"] != LINEAGE_FILE}
    both = sorted(set(earlier) & set(files))
    return {
        "schema": LINEAGE_SCHEMA,
        "parent": {**parent.digests, "created": parent.release["created"]},
        "changes": {
            "files": {
                "added": sorted(set(files) - set(earlier)),
                "removed": sorted(set(earlier) - set(files)),
                "changed": [name for name in both if earlier[name] != files[name]],
                "same": [name for name in both if earlier[name] == files[name]],
            },
            **{name: {"from": told(before), "to": told(audit)} for name, told in _TOLD.items()},
        },
        "redacted": None if redacted is None else dict(redacted),
    }


REDACTABLE: dict[str, Any] = {
    "generator.config": {"redacted": True},
    "generator.model": "redacted",
    "generator.notes": ["redacted"],
}


def masked(audit: Mapping[str, Any], fields: Collection[str]) -> dict[str, Any]:
    """Return an audit document in which fields, of those in :data:`REDACTABLE`, say only that they were redacted."""
    generator = audit["generator"]
    hidden = {name.partition(".")[2]: REDACTABLE[name] for name in fields}
    return {**audit, "generator": generator if generator is None else {**generator, **hidden}}


_TOLD: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "verdict": lambda audit: audit["verdict"],
    "policy": lambda audit: audit["policy"]["sha256"],
    "generator": lambda audit: audit["generator"],
    "seed": lambda audit: audit["method"]["seed"],
}


@dataclass(frozen=True, slots=True)
class LineageCheck:
    """What a release's statement on its parent came to: the parsed statement, or a code and what is wrong with it."""

    document: Mapping[str, Any] | None = None
    problem: tuple[str, str] | None = None


def check_lineage(stated: object, content: bytes | None) -> LineageCheck:
    """Hold a statement on a parent against what the release's manifest says.

    Args:
        stated: The parent's digests by the manifest; None when it names no parent.
        content: Bytes of the statement; None when the release has none.
    """
    if content is None:
        return LineageCheck(problem=None if stated is None else ("missing", "the manifest names a parent, and no file does"))
    try:
        document = read_lineage(content)
    except AssaymarkError as error:
        return LineageCheck(problem=("malformed", str(error)))
    if stated != {key: document["parent"][key] for key in ("sha256", "manifest_sha256")}:
        return LineageCheck(problem=("disagrees", "the parent that it names is not that of the manifest"))
    return LineageCheck(document)


def read_lineage(content: bytes) -> dict[str, Any]:
    """Return a parsed statement on a parent.

    Raises:
        ReleaseError: When it does not have its form.
    """
    document: dict[str, Any] = loads_strict(content, max_bytes=_SIZE_LIMIT, where=LINEAGE_FILE)
    fault = _FORM.fault(document)
    if fault is not None:
        raise ReleaseError("it does not have the form of a statement on a parent", where=LINEAGE_FILE, found=fault.place)
    return document


_NAMES = {"type": "array", "items": {"type": "string", "maxLength": 200}, "maxItems": 10_000}
_CHANGE = closed({"from": True, "to": True})
_REDACTED = closed(
    {
        "files": _NAMES,
        "fields": {"type": "array", "items": {"enum": sorted(REDACTABLE)}},
        "reason": {"type": "string", "maxLength": 2000},
        "created": {"type": "string", "maxLength": 40},
    }
)
_FORM = Form(
    closed(
        {
            "schema": {"const": LINEAGE_SCHEMA},
            "parent": closed({"sha256": DIGEST, "manifest_sha256": DIGEST, "created": {"type": "string", "maxLength": 40}}),
            "changes": closed(
                {
                    "files": closed(dict.fromkeys(("added", "removed", "changed", "same"), _NAMES)),
                    **dict.fromkeys(_TOLD, _CHANGE),
                }
            ),
            "redacted": {"anyOf": [{"type": "null"}, _REDACTED]},
        }
    )
)
