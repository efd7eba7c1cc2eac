"""Check stamps: every byte, every file and every signature of a release. Nothing here raises for what a stranger wrote."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from assaymark.errors import AssaymarkError, ManifestError, ReleaseError
from assaymark.provenance.certificates import usage_problem
from assaymark.provenance.credentials import INVALID, REVOKED
from assaymark.provenance.definitions import FILE_ASSERTION, MINING_ASSERTION, RELEASE_ASSERTION, portable
from assaymark.provenance.digests import Fingerprint, UnreadableError, fingerprint, read_plain
from assaymark.provenance.embedding import embedded_in
from assaymark.provenance.jumbf import Box, read_store
from assaymark.provenance.keys import LABEL
from assaymark.provenance.lineage import check_lineage
from assaymark.provenance.manifests import read_manifest
from assaymark.provenance.stamping import (
    APPROVALS,
    AUDIT_FILE,
    FILE_LIMIT,
    FILE_NAME,
    LINEAGE_FILE,
    POLICY_FILE,
    RELEASE_FILE,
    RELEASE_SCHEMA,
    SUFFIX,
    colliding,
)
from assaymark.provenance.strict_json import loads_strict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from assaymark.provenance.approvals import Approval
    from assaymark.provenance.credentials import Credentials
    from assaymark.provenance.reading import Reading, ReadManifest
    from assaymark.provenance.trust import TrustLike

_SIDECAR_LIMIT, _RELEASE_LIMIT, _AUDIT_LIMIT = 64 * 2**20, 16 * 2**20, 256 * 2**20
_FILES_LIMIT = 10_000
_TEXT_LIMIT = 300
_SHOWN_EXTRA = 50
_MISMATCH, _EXPIRED = "assertion.dataHash.mismatch", "signingCredential.expired"
_STAMP_PROBLEMS = {
    "timeStamp.future": "its time stamp lies in the future: the clock of its authority, or of this machine, is wrong",
    "timeStamp.mismatch": "its time stamp is altered, or was given for something else",
    "timeStamp.validated": "its time stamp does not hold",
    "timeStamp.trusted": "its time stamp does not hold",
}
_DEVELOPMENT_NAME = "Assaymark development certificate"


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


@dataclass(frozen=True, slots=True)
class ReleaseCheck:
    """What checking a release found.

    Attributes:
        problems: What is wrong; empty when it is intact.
        trusted: Whether every signer is anchored.
        signer: Who signed; says so when it is a development certificate.
        files: Names of the files that were checked.
        release: The parsed ``release.json``; None when it could not be read.
        credentials: Who signed ``release.json`` and when; None when that could not be read.
        parent: What it says of the release that it follows; None when it follows none.
        mining: What may be done with it, as ``cawg.training-mining`` says; None when nothing is said.
        approvals: People's signed approvals and waivers, in their order.
    """

    problems: tuple[Problem, ...]
    trusted: bool
    signer: str
    files: tuple[str, ...]
    release: Mapping[str, Any] | None = None
    credentials: Credentials | None = None
    parent: Mapping[str, Any] | None = None
    mining: Mapping[str, Any] | None = None
    approvals: tuple[Approval, ...] = ()


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
        manifest = read_plain(beside, _SIDECAR_LIMIT)
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
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text[:_TEXT_LIMIT])


def _assertions(reading: Reading) -> dict[str, Mapping[str, Any]]:
    created = (each for each in reading.active.get("assertions", []) if each.get("created"))
    return {str(each.get("label")): each["data"] for each in created if isinstance(each.get("data"), dict)}


def _belongs(name: str, reading: Reading, assertions: Mapping[str, Any]) -> list[Problem]:
    stamped = assertions.get(FILE_ASSERTION, {}).get("name")
    if stamped != name or reading.active.get("title") != name:
        return [Problem(name, "renamed", f"its sidecar was made for {printable(str(stamped))!r}")]
    return []


def verify_release(folder: Path, anchors: TrustLike, read: ReadManifest = read_manifest) -> ReleaseCheck:
    """Check a release: the set of files, every byte, every sidecar, and that they belong together.

    Args:
        folder: The release.
        anchors: Root certificates that are trusted, PEM.
        read: Reader of manifests: the C2PA library, or :func:`assaymark.provenance.independent.read_manifest`.
    """
    over_all: list[bytes] = []
    for name, limit in ((RELEASE_FILE, _RELEASE_LIMIT), (RELEASE_FILE + SUFFIX, _SIDECAR_LIMIT)):
        try:
            over_all.append(read_plain(folder / name, limit))
        except UnreadableError as error:
            return ReleaseCheck((Problem(name, error.code, str(error)),), trusted=False, signer="", files=())
    raw, sidecar = over_all
    over = check_content(RELEASE_FILE, Fingerprint.of(raw), sidecar, anchors, read)
    if over.problems:
        return ReleaseCheck(over.problems, over.trusted, _label(over.signer), (), credentials=over.credentials)
    try:
        release = release_document(raw)
    except AssaymarkError as error:
        return ReleaseCheck((Problem(RELEASE_FILE, "malformed", str(error)),), over.trusted, _label(over.signer), ())
    problems = _set_problems(folder, release)
    trusted, checked = over.trusted, list[_Checked]()
    nested = {box.label: box for box in over.store[:-1]}
    for entry in release["files"]:
        found, one = check_entry(folder, entry, anchors, nested, read)
        problems += found
        trusted = trusted and one.check.trusted
        checked.append(one)
    parent: Mapping[str, Any] | None = None
    by_name = {one.name: one for one in checked}
    if not problems:
        problems += _agreement(release, over, by_name)
        stated = over.assertions.get(RELEASE_ASSERTION, {}).get("parent")
        told = check_lineage(stated, by_name[LINEAGE_FILE].content if LINEAGE_FILE in by_name else None)
        problems += [] if told.problem is None else [Problem(LINEAGE_FILE, *told.problem)]
        parent = told.document
    names = tuple(sorted([RELEASE_FILE, *(one.name for one in checked)]))
    approvals: tuple[Approval, ...] = ()
    if not problems and os.path.lexists(folder / APPROVALS):
        from assaymark.provenance.approvals import check_approvals, subject_of  # which check stamps by what stands here

        subject = subject_of(raw, sidecar, by_name[AUDIT_FILE].content, over.credentials)
        approvals, wrong = check_approvals(folder, subject, anchors, read)
        problems += wrong
    mining, signer = over.assertions.get(MINING_ASSERTION), _label(over.signer)
    return ReleaseCheck(tuple(problems), trusted, signer, names, release, over.credentials, parent, mining, approvals)


@dataclass(frozen=True, slots=True)
class _Checked:
    """A file of a release: its digest, its check, and its bytes where something has to be read from them."""

    name: str
    sha256: str
    check: FileCheck
    content: bytes = b""


def _label(signer: str) -> str:
    return LABEL if signer == _DEVELOPMENT_NAME else signer


def release_document(raw: bytes) -> dict[str, Any]:
    """Return a parsed ``release.json``.

    Raises:
        ReleaseError: When it cannot be read safely, or lists what cannot be the files of a release.
    """
    from jsonschema import Draft202012Validator

    document: dict[str, Any] = loads_strict(raw, max_bytes=_RELEASE_LIMIT, where=RELEASE_FILE, max_values=20 * _FILES_LIMIT)
    error = next(Draft202012Validator(_RELEASE_FORM).iter_errors(document), None)
    if error is not None:
        raise ReleaseError("it does not have the form of a release", where=RELEASE_FILE, found=printable(error.message))
    listed = [entry["name"] for entry in document["files"]]
    if colliding(listed):
        raise ReleaseError(
            "it lists a file twice, or itself, or names that differ in nothing but case",
            where=RELEASE_FILE,
            found=", ".join(sorted(colliding(listed)))[:_TEXT_LIMIT],
        )
    return document


_DIGEST = {"type": "string", "pattern": r"^[0-9a-f]{64}\Z"}
_FILE_NAME = {"type": "string", "pattern": FILE_NAME}
_SIDECAR_NAME = {"type": "string", "maxLength": 205}


def _stored(name: dict[str, Any], **more: Any) -> dict[str, Any]:
    properties = {"name": name, "bytes": {"type": "integer", "minimum": 1}, "sha256": _DIGEST, **more}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


_RELEASE_FORM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "schema": {"const": RELEASE_SCHEMA},
        "assaymark": {"type": "string"},
        "created": {"type": "string"},
        "verdict": {"enum": ["pass", "fail", "inconclusive"]},
        "policy_sha256": _DIGEST,
        "files": {
            "type": "array",
            "items": _stored(_FILE_NAME, sidecar=_stored(_SIDECAR_NAME)),
            "minItems": 1,
            "maxItems": _FILES_LIMIT,
        },
    },
    "required": ["schema", "assaymark", "created", "verdict", "policy_sha256", "files"],
    "additionalProperties": False,
}


def _set_problems(folder: Path, release: Mapping[str, Any]) -> list[Problem]:
    listed = [entry["name"] for entry in release["files"]]
    expected = {RELEASE_FILE, RELEASE_FILE + SUFFIX, *listed, *(name + SUFFIX for name in listed)}
    try:
        present = {path.name for path in folder.iterdir()}
    except OSError as error:
        return [Problem(RELEASE_FILE, "unreadable", f"the files beside it cannot be listed: {error.strerror}")]
    problems = [Problem(name, "missing", "it is listed in release.json and not there") for name in sorted(expected - present)]
    extra = sorted(printable(name) for name in present - expected - {APPROVALS})  # of which every file is checked later
    return problems + [Problem(name, "extra", "it is not listed in release.json") for name in extra[:_SHOWN_EXTRA]]


def check_entry(
    folder: Path,
    entry: Mapping[str, Any],
    anchors: TrustLike,
    nested: Mapping[str, Box],
    read: ReadManifest = read_manifest,
) -> tuple[list[Problem], _Checked]:
    """Hold a file and its sidecar against release.json, against each other, and against what release.json.c2pa nests."""
    name, problems = entry["name"], list[Problem]()
    marks, contents = list[Fingerprint](), list[bytes]()
    for part, record, limit in ((name, entry, FILE_LIMIT), (name + SUFFIX, entry["sidecar"], _SIDECAR_LIMIT)):
        kept = part in {AUDIT_FILE, LINEAGE_FILE, name + SUFFIX}  # of all else the digest is enough
        try:
            content = read_plain(folder / part, min(limit, _AUDIT_LIMIT, record["bytes"])) if kept else b""
            mark = Fingerprint.of(content) if kept else fingerprint(folder / part, min(limit, record["bytes"]))
        except UnreadableError as error:
            problems.append(Problem(part, error.code, str(error)))
            continue
        contents.append(content)
        marks.append(mark)
        if mark.size != record["bytes"] or mark.sha256.hex() != record["sha256"]:
            problems.append(Problem(part, "altered", "its bytes are not those that release.json records"))
    if entry["sidecar"]["name"] != name + SUFFIX:
        problems.append(Problem(RELEASE_FILE, "malformed", f"the sidecar of {name} has another name"))
    if problems:
        return problems, _Checked(name, "", FileCheck(()))
    check = check_content(name, marks[0], contents[1], anchors, read)
    problems += check.problems
    if check.store and [nested[box.label].raw if box.label in nested else None for box in check.store] != [
        box.raw for box in check.store
    ]:
        problems.append(Problem(name + SUFFIX, "not_nested", "its manifest is not the one that release.json.c2pa nests"))
    return problems, _Checked(name, entry["sha256"], check, contents[0])


def _agreement(release: Mapping[str, Any], over: FileCheck, files: Mapping[str, _Checked]) -> list[Problem]:
    """Hold what the manifest of the release states against the files that it speaks of."""
    stated = over.assertions.get(RELEASE_ASSERTION, {})
    problems = [
        Problem(RELEASE_FILE, "disagrees", f"its {key} is not that of its manifest")
        for key in ("verdict", "policy_sha256", "created")
        if stated.get(key) != release[key]
    ]
    own = [box.label for one in files.values() for box in one.check.store]
    if sorted(own) != sorted(box.label for box in over.store[:-1]):
        problems.append(Problem(RELEASE_FILE + SUFFIX, "not_nested", "it nests a manifest that no file has"))
    if POLICY_FILE not in files or files[POLICY_FILE].sha256 != release["policy_sha256"]:
        problems.append(Problem(POLICY_FILE, "disagrees", "it is not the policy that the release names"))
    try:
        content = files[AUDIT_FILE].content if AUDIT_FILE in files else b""
        audit = loads_strict(content, max_bytes=_AUDIT_LIMIT, where=AUDIT_FILE)
        problems += _audit_agreement(audit, release, over.assertions, files)
    except AssaymarkError as error:
        problems.append(Problem(AUDIT_FILE, "malformed", str(error)))
    except (KeyError, TypeError, AttributeError) as error:
        problems.append(Problem(AUDIT_FILE, "malformed", f"{type(error).__name__}: {error}"[:_TEXT_LIMIT]))
    return problems


def _audit_agreement(
    audit: Any, release: Mapping[str, Any], assertions: Mapping[str, Any], files: Mapping[str, _Checked]
) -> list[Problem]:
    stated, mining = assertions.get(RELEASE_ASSERTION, {}), assertions.get(MINING_ASSERTION)
    problems: list[Problem] = []
    table = files.get(str(audit["datasets"]["synthetic"]["file"]))
    if table is None or table.sha256 != audit["datasets"]["synthetic"]["sha256"]:
        problems.append(Problem(AUDIT_FILE, "disagrees", "the synthetic table that it describes is not the one here"))
    elif [table.check.assertions.get(name) for name in (RELEASE_ASSERTION, MINING_ASSERTION)] != [stated, mining]:
        problems.append(Problem(table.name + SUFFIX, "disagrees", "it states other facts than release.json.c2pa"))
    if audit["policy"]["sha256"] != release["policy_sha256"] or audit["verdict"] != release["verdict"]:
        problems.append(Problem(AUDIT_FILE, "disagrees", "its policy or verdict is not that of the release"))
    told = {"real": audit["datasets"]["real"], "holdout": audit["datasets"]["holdout"], "generator": audit["generator"]}
    if portable(told) != {key: stated.get(key) for key in told}:
        problems.append(Problem(AUDIT_FILE, "disagrees", "its real data or generator is not what the manifest states"))
    return problems
