"""Check one stamped file: its bytes, its manifest and who signed. Nothing here raises for what a stranger wrote."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from assaymark.errors import AssaymarkError, ManifestError
from assaymark.provenance.certificates import usage_problem
from assaymark.provenance.credentials import INVALID, REVOKED
from assaymark.provenance.definitions import FILE_ASSERTION
from assaymark.provenance.digests import Fingerprint, UnreadableError, fingerprint, read_plain
from assaymark.provenance.embedding import embedded_in
from assaymark.provenance.jumbf import Box, read_store
from assaymark.provenance.manifests import read_manifest
from assaymark.provenance.stamping import FILE_LIMIT, SUFFIX

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from assaymark.provenance.credentials import Credentials
    from assaymark.provenance.reading import Reading, ReadManifest
    from assaymark.provenance.trust import TrustLike

SIDECAR_LIMIT = 64 * 2**20
TEXT_LIMIT = 300
_MISMATCH, _EXPIRED = "assertion.dataHash.mismatch", "signingCredential.expired"
_STAMP_PROBLEMS = {
    "timeStamp.future": "its time stamp lies in the future: the clock of its authority, or of this machine, is wrong",
    "timeStamp.mismatch": "its time stamp is altered, or was given for something else",
    "timeStamp.validated": "its time stamp does not hold",
    "timeStamp.trusted": "its time stamp does not hold",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        file: Name of the file that it is about.
        code: Stable code.
        message: What is wrong.
    """

    file: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class FileCheck:
    """What checking one file and its sidecar found.

    Attributes:
        problems: What is wrong; empty when the file is intact.
        trusted: Whether the signer is anchored.
        signer: Common name of the signer's certificate.
        assertions: The manifest's assertions by label.
        store: Boxes of the manifests in the sidecar, the active one last; empty when it cannot be read.
        credentials: Who signed it and when; None when that could not be read.
    """

    problems: tuple[Problem, ...]
    trusted: bool = False
    signer: str = ""
    assertions: Mapping[str, Any] = field(default_factory=dict)
    store: tuple[Box, ...] = ()
    credentials: Credentials | None = None


def _verify_embedded(path: Path, anchors: TrustLike, read: ReadManifest) -> FileCheck | None:
    """Check a file that carries its manifest; None when it carries none. Such a file may have any name."""
    try:
        found = embedded_in(path)
    except (ManifestError, UnreadableError) as error:
        return FileCheck((Problem(path.name, "not_canonical", str(error)),))
    if found is None:
        return None
    checked = check_content(path.name, found.content, found.manifest, anchors, read)
    kept = tuple(replace(problem, file=path.name) for problem in checked.problems if problem.code != "renamed")
    return replace(checked, problems=kept)


def verify_file(path: Path, anchors: TrustLike, read: ReadManifest = read_manifest) -> FileCheck:
    """Check one stamped file against its sidecar, ``<file>.c2pa``, or against the manifest that it carries."""
    beside = path.with_name(path.name + SUFFIX)
    try:
        content = fingerprint(path, FILE_LIMIT)
    except UnreadableError as error:
        return FileCheck((Problem(path.name, "unreadable", str(error)),))
    try:
        manifest = read_plain(beside, SIDECAR_LIMIT)
    except UnreadableError as error:
        embedded = None if os.path.lexists(beside) else _verify_embedded(path, anchors, read)
        return embedded or FileCheck((Problem(beside.name, "no_sidecar", str(error)),))
    return check_content(path.name, content, manifest, anchors, read)


def check_content(
    name: str, content: Fingerprint, sidecar: bytes, anchors: TrustLike, read: ReadManifest = read_manifest
) -> FileCheck:
    """Check a file, of which its digest is known, against its sidecar."""
    beside = name + SUFFIX
    try:
        store = read_store(sidecar)
    except AssaymarkError as error:
        return FileCheck((Problem(beside, "not_canonical", str(error)),))
    reading = read(sidecar, content.sha256, anchors)
    if reading.state == "invalid":
        return FileCheck((_invalid(name, reading),), store=store, credentials=reading.credentials)
    if store[-1].label != reading.store.get("active_manifest"):
        return FileCheck((Problem(beside, "not_canonical", "the active manifest is not the last one"),))
    assertions = _assertions(reading)
    problems = _belongs(name, reading, assertions)
    signer = printable(str(reading.active.get("signature_info", {}).get("common_name", "")))
    return FileCheck(tuple(problems), reading.state == "trusted", signer, assertions, store, reading.credentials)


def _invalid(name: str, reading: Reading) -> Problem:
    codes = reading.problems
    if set(codes) <= {_MISMATCH, _EXPIRED} and _MISMATCH in codes:
        return Problem(name, "altered", "its bytes are not those that were signed")
    if REVOKED in codes and set(codes) <= {REVOKED, _EXPIRED} and reading.credentials is not None:
        told = f"the certificate of its signer was {reading.credentials.revocation}"
        return Problem(name + SUFFIX, "revoked", f"{told}; no trusted time stamp shows that it was signed before")
    if set(codes) == {_EXPIRED}:
        return Problem(name + SUFFIX, "expired", _expired(reading.credentials))
    if INVALID in codes and set(codes) <= {INVALID, _EXPIRED} and reading.credentials is not None:
        found = usage_problem(reading.credentials.leaf) or "it is not of the form that such certificates have"
        return Problem(name + SUFFIX, "credential", f"the certificate of its signer may not sign: {found}")
    for code, message in _STAMP_PROBLEMS.items():
        if code in codes:
            return Problem(name + SUFFIX, "time_stamp", message)
    return Problem(name + SUFFIX, "invalid", f"the manifest is invalid: {printable(', '.join(codes))}")


def _expired(credentials: Credentials | None) -> str:
    if credentials is not None and credentials.moment < credentials.leaf.not_valid_before_utc:
        return f"its signer's certificate was not valid yet on {credentials.moment:%Y-%m-%d %H:%M} UTC; check the clocks"
    return "its signer's certificate has expired, and nothing proves that it was signed before"


def printable(text: str) -> str:
    """Return a stranger's text with whatever steers a terminal or cannot be encoded written out."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text[:TEXT_LIMIT])


def _assertions(reading: Reading) -> dict[str, Mapping[str, Any]]:
    created = (each for each in reading.active.get("assertions", []) if each.get("created"))
    return {str(each.get("label")): each["data"] for each in created if isinstance(each.get("data"), dict)}


def _belongs(name: str, reading: Reading, assertions: Mapping[str, Any]) -> list[Problem]:
    stamped = assertions.get(FILE_ASSERTION, {}).get("name")
    if stamped != name or reading.active.get("title") != name:
        return [Problem(name, "renamed", f"its sidecar was made for {printable(str(stamped))!r}")]
    return []
