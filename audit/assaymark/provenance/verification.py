"""Check stamps: every byte, every file and every signature of a release. Nothing here raises for what a stranger wrote."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assaymark.errors import AssaymarkError
from assaymark.provenance.definitions import FILE_ASSERTION, RELEASE_ASSERTION
from assaymark.provenance.jumbf import Box, read_store
from assaymark.provenance.keys import LABEL
from assaymark.provenance.manifests import Reading, read_manifest
from assaymark.provenance.stamping import RELEASE_FILE, RELEASE_SCHEMA, SUFFIX
from assaymark.provenance.strict_json import loads_strict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_SIDECAR_LIMIT, _RELEASE_LIMIT, _AUDIT_LIMIT, _FILE_LIMIT = 64 * 2**20, 16 * 2**20, 256 * 2**20, 16 * 2**30
_FILES_LIMIT = 10_000
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
        manifest: The active manifest's box; None when the sidecar cannot be read.
    """

    problems: tuple[Problem, ...]
    trusted: bool = False
    signer: str = ""
    assertions: Mapping[str, Any] | None = None
    manifest: Box | None = None
    store: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class ReleaseCheck:
    """What checking a release found.

    Attributes:
        problems: What is wrong; empty when it is intact.
        trusted: Whether every signer is anchored.
        signer: Who signed; says so when it is a development certificate.
        files: Names of the files that were checked.
        release: The parsed ``release.json``; None when it could not be read.
    """

    problems: tuple[Problem, ...]
    trusted: bool
    signer: str
    files: tuple[str, ...]
    release: Mapping[str, Any] | None = None


class _Unreadable(Exception):  # noqa: N818 - its text becomes a problem
    pass


def _read(path: Path, limit: int) -> bytes:
    """Read a plain file, never through a link and never a device."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise _Unreadable(f"it cannot be read: {error.strerror}") from error
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise _Unreadable("it is no plain file")
        if status.st_size > limit:
            raise _Unreadable(f"it is larger than {limit} bytes")
        return file.read(limit + 1)


def verify_file(path: Path, anchors: Sequence[bytes], sidecar: Path | None = None) -> FileCheck:
    """Check one stamped file against its sidecar, ``<file>.c2pa`` unless named."""
    beside = path.with_name(path.name + SUFFIX) if sidecar is None else sidecar
    try:
        content = _read(path, _FILE_LIMIT)
    except _Unreadable as error:
        return FileCheck((Problem(path.name, "unreadable", str(error)),))
    try:
        manifest = _read(beside, _SIDECAR_LIMIT)
    except _Unreadable as error:
        return FileCheck((Problem(beside.name, "no_sidecar", str(error)),))
    return check_content(path.name, content, manifest, anchors)


def check_content(name: str, content: bytes, sidecar: bytes, anchors: Sequence[bytes]) -> FileCheck:
    """Check the bytes of a file against those of its sidecar."""
    beside = name + SUFFIX
    try:
        store = read_store(sidecar)
    except AssaymarkError as error:
        return FileCheck((Problem(beside, "not_canonical", str(error)),))
    reading = read_manifest(sidecar, content, anchors)
    if reading.state == "invalid":
        altered = "assertion.dataHash.mismatch" in reading.problems
        told = (
            "its bytes are not those that were signed" if altered else f"the manifest is invalid: {', '.join(reading.problems)}"
        )
        return FileCheck((Problem(name if altered else beside, "altered" if altered else "invalid", told),), store=store)
    assertions = _assertions(reading)
    problems = _belongs(name, reading, assertions)
    signer = str(reading.active.get("signature_info", {}).get("common_name", ""))
    active = store[-1] if store[-1].label == reading.store.get("active_manifest") else None
    if active is None:
        problems.append(Problem(beside, "not_canonical", "the active manifest is not the last one"))
    return FileCheck(tuple(problems), reading.state == "trusted", signer, assertions, active, store)


def _assertions(reading: Reading) -> dict[str, Any]:
    return {str(each.get("label")): each.get("data") for each in reading.active.get("assertions", []) if each.get("created")}


def _belongs(name: str, reading: Reading, assertions: Mapping[str, Any]) -> list[Problem]:
    stamped = (assertions.get(FILE_ASSERTION) or {}).get("name")
    if stamped != name or reading.active.get("title") != name:
        return [Problem(name, "renamed", f"its sidecar was made for {stamped!r}")]
    return []


def verify_release(folder: Path, anchors: Sequence[bytes]) -> ReleaseCheck:
    """Check a release: the set of files, every byte, every sidecar, and that they belong together."""
    try:
        raw = _read(folder / RELEASE_FILE, _RELEASE_LIMIT)
        sidecar = _read(folder / (RELEASE_FILE + SUFFIX), _SIDECAR_LIMIT)
    except _Unreadable as error:
        missing = RELEASE_FILE if not os.path.lexists(folder / RELEASE_FILE) else RELEASE_FILE + SUFFIX
        return ReleaseCheck((Problem(missing, "unreadable", str(error)),), trusted=False, signer="", files=())
    over = check_content(RELEASE_FILE, raw, sidecar, anchors)
    if over.problems:
        return ReleaseCheck(over.problems, over.trusted, _label(over.signer), ())
    try:
        release = _release_document(raw)
    except AssaymarkError as error:
        return ReleaseCheck((Problem(RELEASE_FILE, "malformed", str(error)),), over.trusted, _label(over.signer), ())
    problems = _set_problems(folder, release)
    trusted, contents = over.trusted, dict[str, bytes]()
    nested = {box.label: box for box in over.store[:-1]}
    for entry in release["files"]:
        found, check, content = _check_entry(folder, entry, anchors, nested)
        problems += found
        trusted = trusted and check.trusted
        contents[entry["name"]] = content
        if check.signer and check.signer != over.signer:
            problems.append(Problem(entry["name"] + SUFFIX, "other_signer", f"it was signed by {check.signer!r}"))
    if not problems:
        problems += _agreement(release, over.assertions or {}, contents)
    names = tuple(sorted([RELEASE_FILE, *contents]))
    return ReleaseCheck(tuple(problems), trusted, _label(over.signer), names, release)


def _label(signer: str) -> str:
    return LABEL if signer == _DEVELOPMENT_NAME else signer


def _release_document(raw: bytes) -> dict[str, Any]:
    from jsonschema import Draft202012Validator

    document: dict[str, Any] = loads_strict(raw, max_bytes=_RELEASE_LIMIT, where=RELEASE_FILE)
    error = next(Draft202012Validator(_RELEASE_FORM).iter_errors(document), None)
    if error is not None:
        from assaymark.errors import ReleaseError

        raise ReleaseError("it does not have the form of a release", where=RELEASE_FILE, found=error.message[:200])
    return document


_DIGEST = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_FILE_NAME = {"type": "string", "pattern": "^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$"}


def _stored(**more: Any) -> dict[str, Any]:
    properties = {"name": _FILE_NAME, "bytes": {"type": "integer", "minimum": 1}, "sha256": _DIGEST, **more}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


_RELEASE_FORM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "schema": {"const": RELEASE_SCHEMA},
        "assaymark": {"type": "string"},
        "created": {"type": "string"},
        "verdict": {"enum": ["pass", "fail", "inconclusive"]},
        "policy_sha256": _DIGEST,
        "files": {"type": "array", "items": _stored(sidecar=_stored()), "minItems": 1, "maxItems": _FILES_LIMIT},
    },
    "required": ["schema", "assaymark", "created", "verdict", "policy_sha256", "files"],
    "additionalProperties": False,
}


def _set_problems(folder: Path, release: Mapping[str, Any]) -> list[Problem]:
    listed = [entry["name"] for entry in release["files"]]
    expected = {RELEASE_FILE, RELEASE_FILE + SUFFIX, *listed, *(name + SUFFIX for name in listed)}
    if len(set(listed)) != len(listed) or RELEASE_FILE in listed:
        return [Problem(RELEASE_FILE, "malformed", "it lists a file twice, or itself")]
    present = {path.name for path in folder.iterdir()}
    problems = [Problem(name, "missing", "it is listed in release.json and not there") for name in sorted(expected - present)]
    extra = sorted(name.encode("utf-8", "backslashreplace").decode() for name in present - expected)
    return problems + [Problem(name, "extra", "it is not listed in release.json") for name in extra[:50]]


def _check_entry(
    folder: Path, entry: Mapping[str, Any], anchors: Sequence[bytes], nested: Mapping[str, Box]
) -> tuple[list[Problem], FileCheck, bytes]:
    name, problems = entry["name"], list[Problem]()
    nothing = FileCheck(())
    contents: list[bytes] = []
    for part, record, limit in ((name, entry, _FILE_LIMIT), (name + SUFFIX, entry["sidecar"], _SIDECAR_LIMIT)):
        try:
            content = _read(folder / part, limit)
        except _Unreadable as error:
            problems.append(Problem(part, "unreadable", str(error)))
            continue
        contents.append(content)
        if len(content) != record["bytes"] or hashlib.sha256(content).hexdigest() != record["sha256"]:
            problems.append(Problem(part, "altered", "its bytes are not those that release.json records"))
    if entry["sidecar"]["name"] != name + SUFFIX:
        problems.append(Problem(RELEASE_FILE, "malformed", f"the sidecar of {name} has another name"))
    if problems:
        return problems, nothing, b""
    check = check_content(name, contents[0], contents[1], anchors)
    own = check.manifest
    if own is not None and (own.label not in nested or nested[own.label].raw != own.raw):
        problems.append(Problem(name + SUFFIX, "not_nested", "its manifest is not the one that release.json.c2pa nests"))
    return [*check.problems, *problems], check, contents[0]


def _agreement(release: Mapping[str, Any], facts: Mapping[str, Any], contents: Mapping[str, bytes]) -> list[Problem]:
    """Hold what the manifest of the release states against the files that it speaks of."""
    stated = facts.get(RELEASE_ASSERTION) or {}
    problems = [
        Problem(RELEASE_FILE, "disagrees", f"its {key} is not that of its manifest")
        for key in ("verdict", "policy_sha256", "created")
        if stated.get(key) != release[key]
    ]
    policy = contents.get("policy.toml")
    if policy is None or hashlib.sha256(policy).hexdigest() != release["policy_sha256"]:
        problems.append(Problem("policy.toml", "disagrees", "it is not the policy that the release names"))
    try:
        audit = loads_strict(contents.get("audit.json", b""), max_bytes=_AUDIT_LIMIT, where="audit.json")
        problems += _audit_agreement(audit, release, stated, contents)
    except AssaymarkError as error:
        problems.append(Problem("audit.json", "malformed", str(error)))
    except (KeyError, TypeError, AttributeError) as error:
        problems.append(Problem("audit.json", "malformed", f"{type(error).__name__}: {error}"[:200]))
    return problems


def _audit_agreement(
    audit: Any, release: Mapping[str, Any], stated: Mapping[str, Any], contents: Mapping[str, bytes]
) -> list[Problem]:
    problems: list[Problem] = []
    table = audit["datasets"]["synthetic"]
    if table["file"] not in contents or hashlib.sha256(contents[table["file"]]).hexdigest() != table["sha256"]:
        problems.append(Problem("audit.json", "disagrees", "the synthetic table that it describes is not the one here"))
    if audit["policy"]["sha256"] != release["policy_sha256"] or audit["verdict"] != release["verdict"]:
        problems.append(Problem("audit.json", "disagrees", "its policy or verdict is not that of the release"))
    same = (audit["datasets"]["real"], audit["datasets"]["holdout"], audit["generator"])
    if json.dumps(same, sort_keys=True) != json.dumps(
        [stated.get("real"), stated.get("holdout"), stated.get("generator")], sort_keys=True
    ):
        problems.append(Problem("audit.json", "disagrees", "its real data or generator is not what the manifest states"))
    return problems
