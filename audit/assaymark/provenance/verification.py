"""Check stamps: every byte, every file and every signature of a release. Nothing here raises for what a stranger wrote."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assaymark.errors import AssaymarkError
from assaymark.provenance.definitions import MINING_ASSERTION, RELEASE_ASSERTION, portable
from assaymark.provenance.digests import Fingerprint, UnreadableError, fingerprint, read_plain
from assaymark.provenance.file_checks import SIDECAR_LIMIT, TEXT_LIMIT, FileCheck, Problem, check_content, printable
from assaymark.provenance.keys import LABEL
from assaymark.provenance.lineage import check_lineage
from assaymark.provenance.listing import RELEASE_LIMIT, release_document
from assaymark.provenance.manifests import read_manifest
from assaymark.provenance.stamping import (
    APPROVALS,
    AUDIT_FILE,
    FILE_LIMIT,
    LINEAGE_FILE,
    POLICY_FILE,
    RELEASE_FILE,
    SUFFIX,
)
from assaymark.provenance.strict_json import loads_strict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from assaymark.provenance.approvals import Approval
    from assaymark.provenance.credentials import Credentials
    from assaymark.provenance.jumbf import Box
    from assaymark.provenance.reading import ReadManifest
    from assaymark.provenance.trust import TrustLike

_AUDIT_LIMIT = 256 * 2**20
_SHOWN_EXTRA = 50
_THREADS = 2  # the C2PA library and digests leave Python free meanwhile
_DEVELOPMENT_NAME = "Assaymark development certificate"


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


def verify_release(folder: Path, anchors: TrustLike, read: ReadManifest = read_manifest) -> ReleaseCheck:
    """Check a release: the set of files, every byte, every sidecar, and that they belong together.

    Args:
        folder: The release.
        anchors: Root certificates that are trusted, PEM.
        read: Reader of manifests: the C2PA library, or :func:`assaymark.provenance.independent.read_manifest`.
    """
    over_all: list[bytes] = []
    for name, limit in ((RELEASE_FILE, RELEASE_LIMIT), (RELEASE_FILE + SUFFIX, SIDECAR_LIMIT)):
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
    checked = list[_Checked]()
    nested = {box.label: box for box in over.store[:-1]}
    with ThreadPoolExecutor(_THREADS) as pool:
        for found, one in pool.map(lambda entry: check_entry(folder, entry, anchors, nested, read), release["files"]):
            problems += found
            checked.append(one)
    trusted = over.trusted and all(one.check.trusted for one in checked)
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
    for part, record, limit in ((name, entry, FILE_LIMIT), (name + SUFFIX, entry["sidecar"], SIDECAR_LIMIT)):
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
        problems.append(Problem(AUDIT_FILE, "malformed", f"{type(error).__name__}: {error}"[:TEXT_LIMIT]))
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
