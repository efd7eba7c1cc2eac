"""People's signed approvals and waivers beside the files of a release, which they name by digest and leave as they are.

``approvals/0001/approval.json`` and its sidecar are the first, ``approvals/0002/`` the next, and so on. Each names the release,
and the approval before it, by the digests of the document and of its sidecar, so that none can be moved to another release,
changed, left out from the middle or put in another order. That the last ones were taken away shows in the
transparency log only.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assaymark.errors import ApprovalError, AssaymarkError, OutputError, ReleaseError
from assaymark.forms import DIGEST, Form, closed
from assaymark.provenance.definitions import APPROVAL_ASSERTION, approval_definition
from assaymark.provenance.digests import Fingerprint, UnreadableError, read_plain
from assaymark.provenance.file_checks import Problem, check_content, printable
from assaymark.provenance.manifests import Stamper
from assaymark.provenance.stamping import APPROVALS, AUDIT_FILE, SUFFIX
from assaymark.provenance.strict_json import loads_strict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from assaymark.host.specs import Signer
    from assaymark.provenance.credentials import Credentials
    from assaymark.provenance.reading import ReadManifest
    from assaymark.provenance.trust import TrustLike

APPROVAL_SCHEMA = "assaymark-approval/1"
APPROVAL_FILE = "approval.json"
LONGEST_NAME, LONGEST_REASON = 200, 2000
_MOST = 1000
_NUMBER = re.compile(r"[0-9]{4}\Z", re.ASCII)
_SIZE_LIMIT, _SIDECAR_LIMIT, _AUDIT_LIMIT = 2**20, 4 * 2**20, 256 * 2**20
_OPEN = ("fail", "inconclusive")


@dataclass(frozen=True, slots=True)
class Approval:
    """One approval or waiver.

    Attributes:
        number: Its place, from 1.
        by: The name that the approver gave; only the signature vouches for it.
        created: When, as ISO 8601 text.
        decision: ``approve`` or ``waive``.
        waives: What is waived: ``id``, ``scope`` and ``gate`` of each finding.
        reason: Why, in the approver's words; empty where none was given.
        signer: Common name of the signer's certificate.
        trusted: Whether that chains to a trust anchor.
        same_signer: Whether the certificate is the one that signed the release itself.
        digests: ``sha256`` of the document and ``manifest_sha256`` of its sidecar.
    """

    number: int
    by: str
    created: str
    decision: str
    waives: tuple[Mapping[str, Any], ...]
    reason: str
    signer: str
    trusted: bool
    same_signer: bool
    digests: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Subject:
    """The release that approvals are about.

    Attributes:
        digests: Of ``release.json`` and of its sidecar.
        verdict: Verdict of its audit.
        findings: Findings of its audit, parsed.
        certificate: Fingerprint of its signer's certificate.
    """

    digests: Mapping[str, str]
    verdict: str
    findings: Sequence[Mapping[str, Any]]
    certificate: str | None = None


def subject_of(release: bytes, sidecar: bytes, audit: bytes, credentials: Credentials | None) -> Subject:
    """Return what approvals are about, from the bytes of a release that has been verified."""
    document = loads_strict(audit, max_bytes=_AUDIT_LIMIT, where=AUDIT_FILE)
    entries = document.get("findings")
    whole = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    findings = [entry for entry in whole if {"id", "scope", "gate"} <= set(entry)]
    certificate = None if credentials is None else credentials.sha256
    return Subject(_digests(release, sidecar), str(document["verdict"]), findings, certificate)


def check_approvals(
    folder: Path, subject: Subject, trust: TrustLike, read: ReadManifest
) -> tuple[tuple[Approval, ...], list[Problem]]:
    """Check all approvals of a release; nothing here raises for what a stranger wrote.

    Returns:
        The approvals up to the first that is wrong, and what is wrong.
    """
    approvals = list[Approval]()
    try:
        names = sorted(path.name for path in (folder / APPROVALS).iterdir())
    except OSError as error:
        return (), [Problem(APPROVALS, "unreadable", f"it cannot be listed: {error.strerror}")]
    if names != [f"{number:04}" for number in range(1, len(names) + 1)] or len(names) > _MOST:
        shown = printable(", ".join(names))[:200]
        return (), [Problem(APPROVALS, "extra", f"they are not numbered from 0001 without a gap: {shown}")]
    for number, name in enumerate(names, start=1):
        try:
            previous = approvals[-1].digests if approvals else None
            approvals.append(_check_one(folder / APPROVALS / name, number, previous, subject, (trust, read)))
        except _WrongError as error:
            where = "/".join(part for part in (APPROVALS, name, error.problem.file) if part)
            return tuple(approvals), [Problem(where, error.problem.code, error.problem.message)]
    return tuple(approvals), []


class _WrongError(Exception):
    """An approval is wrong; ``problem`` says how."""

    def __init__(self, file: str, code: str, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(file, code, message)


def _check_one(
    place: Path, number: int, previous: Mapping[str, str] | None, subject: Subject, how: tuple[TrustLike, ReadManifest]
) -> Approval:
    content, sidecar = _contents(place)
    check = check_content(APPROVAL_FILE, Fingerprint.of(content), sidecar, *how)
    for problem in check.problems:
        raise _WrongError(problem.file, problem.code, problem.message)
    try:
        document = _read(content)
    except AssaymarkError as error:
        raise _WrongError(APPROVAL_FILE, "malformed", str(error)) from error
    for code, message in _contradictions(document, number, previous, subject, check.assertions):
        raise _WrongError(APPROVAL_FILE, code, message)
    return Approval(
        number,
        _printable(document["by"]),
        document["created"],
        document["decision"],
        tuple(document["waives"]),
        _printable(document["reason"]),
        check.signer,
        check.trusted,
        check.credentials is not None and check.credentials.sha256 == subject.certificate,
        _digests(content, sidecar),
    )


def _contents(place: Path) -> tuple[bytes, bytes]:
    try:
        if place.is_symlink() or sorted(path.name for path in place.iterdir()) != [APPROVAL_FILE, APPROVAL_FILE + SUFFIX]:
            raise _WrongError("", "extra", "it holds something else than an approval and its sidecar")
        content = read_plain(place / APPROVAL_FILE, _SIZE_LIMIT)
        return content, read_plain(place / (APPROVAL_FILE + SUFFIX), _SIDECAR_LIMIT)
    except UnreadableError as error:
        raise _WrongError(APPROVAL_FILE, error.code, str(error)) from error
    except OSError as error:
        raise _WrongError("", "unreadable", f"it cannot be read: {error.strerror}") from error


def _printable(text: str) -> str:
    return "".join(printable(text[start : start + LONGEST_NAME]) for start in range(0, len(text), LONGEST_NAME))


def _digests(content: bytes, sidecar: bytes) -> dict[str, str]:
    return {"sha256": Fingerprint.of(content).sha256.hex(), "manifest_sha256": Fingerprint.of(sidecar).sha256.hex()}


def _contradictions(
    document: Mapping[str, Any],
    number: int,
    previous: Mapping[str, str] | None,
    subject: Subject,
    assertions: Mapping[str, Any],
) -> Iterator[tuple[str, str]]:
    if document["release"] != subject.digests:
        yield "other_release", "it is about another release"
    if document["number"] != number or document["previous"] != previous:
        yield "moved", "it does not follow the approval before it: one was changed, taken out or put in another place"
    if document["verdict"] != subject.verdict:
        yield "disagrees", "the verdict that it speaks of is not that of the audit"
    if assertions.get(APPROVAL_ASSERTION) != asserted(document):
        yield "disagrees", "what its manifest states is not what it says"
    if (document["decision"] == "waive") != bool(document["waives"]) or (document["waives"] and not document["reason"].strip()):
        yield "malformed", "a waiver names at least one finding and a reason, an approval none"
    open_gates = [_finding(finding) for finding in subject.findings if finding["gate"] in _OPEN]
    for waived in document["waives"]:
        if waived not in open_gates:
            yield "unknown_finding", f"it waives what the audit has no failed or undecided gate for: {printable(waived['id'])}"


def asserted(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the manifest of an approval states of it."""
    return {"by": document["by"], "decision": document["decision"], "release": dict(document["release"])}


def _finding(finding: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": finding["id"], "scope": finding["scope"], "gate": finding["gate"]}


def not_waived(findings: Sequence[Mapping[str, Any]], approvals: Sequence[Approval]) -> list[Mapping[str, Any]]:
    """Return the failed and undecided gates that no trusted waiver names."""
    waived = [entry for approval in approvals if approval.trusted for entry in approval.waives]
    return [finding for finding in findings if finding["gate"] in _OPEN and _finding(finding) not in waived]


def chosen_findings(findings: Sequence[Mapping[str, Any]], wanted: str) -> list[dict[str, Any]]:
    """Return the failed and undecided findings that ``ID`` or ``ID:SCOPE`` names.

    Args:
        findings: Findings of the audit.
        wanted: An id, and after a colon, separated by commas, ``KEY=VALUE`` or values that the scope must have.

    Raises:
        ApprovalError: When there is none.
    """
    import difflib

    identifier, _, scope = wanted.partition(":")
    terms = [term.strip() for term in scope.split(",") if term.strip()]
    named = [finding for finding in findings if finding["id"] == identifier]
    fitting = [finding for finding in named if all(_has(finding["scope"], term) for term in terms)]
    chosen = [_finding(finding) for finding in fitting if finding["gate"] in _OPEN]
    if chosen:
        return chosen
    known = sorted({finding["id"] for finding in findings if finding["gate"] in _OPEN})
    what = "no finding of the audit has that id" if not named else "no finding of that id has that scope"
    raise ApprovalError(
        "its gate has neither failed nor is it undecided, so there is nothing to waive" if fitting else what,
        where="--waive",
        found=wanted[:LONGEST_NAME],
        expected=", ".join(difflib.get_close_matches(identifier, known, n=3) or known[:10]) or "nothing: every gate holds",
        remedy="Name a gate that failed or is undecided; the report lists them.",
    )


def _has(scope: Mapping[str, Any], term: str) -> bool:
    key, mark, value = term.partition("=")
    values = [scope.get(key)] if mark else list(scope.values())
    flat = [entry for each in values for entry in (each if isinstance(each, list) else [each])]
    return (value if mark else term) in [str(entry) for entry in flat if entry is not None]


def add_approval(
    folder: Path, document: Mapping[str, Any], existing: Sequence[Approval], signer: Signer, version: str
) -> tuple[Approval, Path]:
    """Sign an approval and put it beside those that are there, whole or not at all.

    Args:
        folder: The release, verified.
        document: ``created``, ``release``, ``verdict``, ``by``, ``decision``, ``waives`` and ``reason``.
        existing: The approvals that are there.
        signer: Who signs.
        version: Of Assaymark.

    Returns:
        The approval, and where it lies.

    Raises:
        ApprovalError: When another approval came in meanwhile, or there are too many.
        StampError: When it cannot be signed.
        OutputError: When it cannot be written.
    """
    number = len(existing) + 1
    if number > _MOST:
        raise ApprovalError("the release has as many approvals as it can have", where=str(folder), found=str(_MOST))
    place = {"number": number, "previous": dict(existing[-1].digests) if existing else None}
    content = (json.dumps({"schema": APPROVAL_SCHEMA, **place, **document}, indent=2, ensure_ascii=False) + "\n").encode()
    written = _read(content)
    mark = Fingerprint.of(content)
    with Stamper(signer) as stamper:
        sidecar = stamper.sign(approval_definition(APPROVAL_FILE, mark, version, asserted(written)), mark.sha256)
    target = folder / APPROVALS / f"{number:04}"
    _place(target, {APPROVAL_FILE: content, APPROVAL_FILE + SUFFIX: sidecar})
    told = (written["by"], written["created"], written["decision"], tuple(written["waives"]), written["reason"])
    approval = Approval(number, *told, signer.label, trusted=False, same_signer=False, digests=_digests(content, sidecar))
    return approval, target / APPROVAL_FILE


def _place(target: Path, files: Mapping[str, bytes]) -> None:
    """Let a folder of an approval appear, with the folder of all where it is the first; never over one that is there."""
    all_of_them = target.parent
    stage: Path | None = None
    try:
        stage = Path(tempfile.mkdtemp(prefix=f".{all_of_them.parent.name}.", suffix=".partial", dir=all_of_them.parent.parent))
        one = stage / APPROVALS / target.name
        one.mkdir(parents=True)
        for name, content in files.items():
            (one / name).write_bytes(content)
        first = not all_of_them.exists()
        (one.parent if first else one).rename(all_of_them if first else target)
    except FileExistsError as error:
        raise _meanwhile(target) from error
    except OSError as error:
        if target.exists():
            raise _meanwhile(target) from error
        raise OutputError(
            "the approval could not be written",
            where=str(target),
            found=error.strerror or type(error).__name__,
            remedy="Check free space and permissions.",
        ) from error
    finally:
        if stage is not None:
            shutil.rmtree(stage, ignore_errors=True)


def _meanwhile(target: Path) -> ApprovalError:
    return ApprovalError("another approval came in meanwhile", where=str(target), remedy="Look at it, then approve again.")


def _read(content: bytes) -> dict[str, Any]:
    document: dict[str, Any] = loads_strict(content, max_bytes=_SIZE_LIMIT, where=APPROVAL_FILE)
    fault = _FORM.fault(document)
    if fault is not None:
        raise ReleaseError("it does not have the form of an approval", where=APPROVAL_FILE, found=fault.place)
    return document


_BOTH = closed({"sha256": DIGEST, "manifest_sha256": DIGEST})
_WAIVED = closed({"id": {"type": "string", "maxLength": 200}, "scope": {"type": "object"}, "gate": {"enum": list(_OPEN)}})
_FORM = Form(
    closed(
        {
            "schema": {"const": APPROVAL_SCHEMA},
            "number": {"type": "integer", "minimum": 1},
            "previous": {"anyOf": [{"type": "null"}, _BOTH]},
            "created": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z\Z"},
            "release": _BOTH,
            "verdict": {"enum": ["pass", "fail", "inconclusive"]},
            "by": {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME},
            "decision": {"enum": ["approve", "waive"]},
            "waives": {"type": "array", "items": _WAIVED, "maxItems": 1000},
            "reason": {"type": "string", "maxLength": LONGEST_REASON},
        }
    )
)
