"""Check the transparency log, what stands in it, or a proof from it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from assaymark.errors import AssaymarkError, LogError
from assaymark.pipeline.logbook import (
    PROOF_SUFFIX,
    Issued,
    entry_document,
    head_in,
    issued_at,
    manifest_digest,
    proof_beside,
    read_json,
)
from assaymark.pipeline.requests import TrustRequest
from assaymark.pipeline.trusting import load_trust
from assaymark.provenance.digests import UnreadableError
from assaymark.provenance.stamping import SUFFIX
from assaymark.provenance.transparency.checking import MAX_DELAY, Finding, check_log, lateness
from assaymark.provenance.transparency.proofs import CONSISTENCY_SCHEMA, PROOF_SCHEMA, ProofCheck, check_proof, check_since
from assaymark.provenance.transparency.storage import Log

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta
    from pathlib import Path

    from assaymark.pipeline.requests import VerifyResult
    from assaymark.provenance.trust import TrustLike


@dataclass(frozen=True, slots=True)
class LogRequest:
    """What to check.

    Attributes:
        log: The log.
        path: A release folder, a stamped file or a proof; None for the log alone.
        since: File with an earlier head, or with a proof, whose head is taken.
        trust: Whom to trust.
        allow_untrusted: Accept heads of somebody unknown.
        max_delay: How long after its making a release may be logged.
    """

    log: Path
    path: Path | None = None
    since: Path | None = None
    trust: TrustRequest = field(default_factory=TrustRequest)
    allow_untrusted: bool = False
    max_delay: timedelta = MAX_DELAY


@dataclass(frozen=True, slots=True)
class LogResult:
    """What a check found; every part is JSON-ready.

    Attributes:
        problems: What is wrong: ``code``, ``message`` and ``entry`` each.
        notices: What a reader should know and what is no fault of the log.
        size: Entries that the newest head covers; None when nothing but a proof was looked at.
        head: What that head says.
        trusted: Whether its signer is anchored.
        signer: Who signed it.
        entry: The entry that was asked for, with its number.
    """

    problems: tuple[Mapping[str, Any], ...]
    notices: tuple[Mapping[str, Any], ...] = ()
    size: int | None = None
    head: Mapping[str, Any] | None = None
    trusted: bool = False
    signer: str = ""
    entry: Mapping[str, Any] | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def check(request: LogRequest) -> LogResult:
    """Check a log, what stands in it, or a proof.

    Raises:
        MissingFileError: When a file cannot be read.
        LogError: When the log cannot be read at all.
    """
    anchors = load_trust(request.trust)
    proof = None if request.path is None else _proof_in(request.path)
    if request.path is not None and proof is not None:
        return _check_proof(request, request.path, proof, anchors)
    with Log(request.log) as log:
        checked = check_log(log, anchors, request.max_delay)
        problems = list(checked.problems)
        if request.since is not None:
            problems += check_since(log, head_in(request.since), anchors)
        entry = None
        if request.path is not None:
            found, entry = _look_up(log, request.path, request.max_delay)
            problems += found
    if checked.size and not checked.trusted and not request.allow_untrusted and not problems:
        problems.append(_untrusted(checked.signer))
    return LogResult(
        _documents(problems),
        _documents(checked.notices),
        checked.size,
        None if checked.head is None else asdict(checked.head),
        checked.trusted,
        checked.signer,
        entry,
    )


def _untrusted(signer: str) -> Finding:
    told = f"intact, but the signer of the newest head ({signer or 'unknown'}) does not chain to a trust anchor"
    return Finding("untrusted", f"{told}; name its root by --trust-anchor")


def _documents(findings: Sequence[Finding]) -> tuple[Mapping[str, Any], ...]:
    return tuple({"code": f.code, "message": f.message, "entry": f.entry} for f in findings)


def _look_up(log: Log, path: Path, max_delay: timedelta) -> tuple[list[Finding], dict[str, Any] | None]:
    """Find a release or a stamped file in a log that has been checked."""
    issued = issued_at(path)
    position = log.find(issued.manifest)
    if position is None:
        told = f"{path.name} is not in the log; `assaymark log append` adds it, with the time of adding"
        return [Finding("not_logged", told)], None
    entry = log.entry(position)
    return _about(entry, position, issued, log, max_delay), {"index": position, **entry_document(entry)}


def _about(entry: Any, position: int, issued: Issued, log: Log, max_delay: timedelta) -> list[Finding]:
    problems = _since_logged(entry, position, log, max_delay)
    if (entry.sha256, entry.created) != (issued.sha256, issued.created):
        problems.append(Finding("altered", f"what is there is not what entry {position} logged", position))
    return problems


def _since_logged(entry: Any, position: int, log: Log, max_delay: timedelta) -> list[Finding]:
    problems = [Finding(code, message, position) for code, message in lateness(entry, position, max_delay)]
    withdrawn = log.withdrawal_of(position)
    if withdrawn is not None:
        problems.append(_withdrawn(log, withdrawn, position))
    return problems


def _withdrawn(log: Log, number: int, position: int) -> Finding:
    withdrawal = log.entry(number)
    reason = getattr(withdrawal, "reason", "")
    return Finding("withdrawn", f"entry {position} was withdrawn on {withdrawal.logged}: {reason!r}", position)


def _proof_in(path: Path) -> dict[str, Any] | None:
    """Return the proof that a file holds; None when it is something else."""
    if path.is_dir() or path.with_name(path.name + SUFFIX).exists():
        return None
    document = read_json(path)
    schema = document.get("schema") if isinstance(document, dict) else None
    return document if schema in {PROOF_SCHEMA, CONSISTENCY_SCHEMA} else None


def _check_proof(request: LogRequest, path: Path, document: dict[str, Any], anchors: TrustLike) -> LogResult:
    checked = check_proof(document, anchors, request.max_delay)
    problems = [*checked.problems, *_beside(path, checked)]
    notices: list[Finding] = []
    if checked.head is not None:
        found, notices = _against_log(request, document, checked, anchors)
        problems += [one for one in found if one.code not in {problem.code for problem in problems}]
    if checked.head is not None and not checked.trusted and not request.allow_untrusted and not problems:
        problems.append(_untrusted(checked.signer))
    entry = None if checked.entry is None else {"index": checked.position, **entry_document(checked.entry)}
    head = None if checked.head is None else asdict(checked.head)
    return LogResult(_documents(problems), _documents(notices), None, head, checked.trusted, checked.signer, entry)


def _beside(path: Path, checked: ProofCheck) -> list[Finding]:
    """Hold a proof against what it lies beside."""
    subject = path.with_name(path.name.removesuffix(PROOF_SUFFIX))
    if checked.entry is None or subject == path or not subject.exists():
        return []
    try:
        issued = issued_at(subject)
    except LogError as error:
        return [Finding("altered", f"{subject.name}: {error.found}")]
    same = (issued.sha256, issued.manifest) == (checked.entry.sha256, checked.entry.manifest)
    return [] if same else [Finding("altered", f"{subject.name} is not what was logged", checked.position)]


def _against_log(
    request: LogRequest, document: dict[str, Any], checked: ProofCheck, anchors: TrustLike
) -> tuple[list[Finding], list[Finding]]:
    """Hold a proof against the log at hand, where that is the one it is from."""
    if not request.log.is_file() or checked.head is None:
        return [], [Finding("no_log", "the log itself is not here, so a later withdrawal would not show")]
    with Log(request.log) as log, log.reading():
        if log.id != checked.head.log:
            return [], [Finding("no_log", "the log at hand is another one, so a later withdrawal would not show")]
        problems = list(check_since(log, _newest_in(document), anchors))
        problems = [one for one in problems if one.code != "untrusted"]  # told of the proof already
        if not problems and checked.position is not None:
            withdrawn = log.withdrawal_of(checked.position)
            problems += [] if withdrawn is None else [_withdrawn(log, withdrawn, checked.position)]
        return problems, []


def _newest_in(document: Mapping[str, Any]) -> dict[str, Any]:
    head: dict[str, Any] = document["head"] if "head" in document else document["second"]
    return head


_LATE = frozenset({"back_dated", "post_dated"})  # told, and no reason to refuse a release that may have been logged later


def with_log(result: VerifyResult, request: LogRequest) -> VerifyResult:
    """Add to a verification that found no fault what a proof beside the release or file, or the log at hand, says of it.

    A withdrawal is a fault; that nothing is known, or that a proof does not hold, is none of the release's.

    Args:
        result: What verification found.
        request: Where the release or file and the log are, and whom to trust.
    """
    if not result.ok or request.path is None:
        return result
    try:
        found = _standing(request.path, request)
    except (AssaymarkError, UnreadableError) as error:
        told = error.what if isinstance(error, AssaymarkError) else str(error)
        return replace(result, log={"state": "unreadable", "entry": None, "sentence": f"The log cannot be read: {told}."})
    if found is None:
        return result
    if found["state"] != "withdrawn":
        return replace(result, log=found)
    problem = {"file": request.path.name, "code": "withdrawn", "message": f"it was withdrawn: {found['sentence']}"}
    return replace(result, ok=False, problems=(*result.problems, problem), log=found)


def _standing(path: Path, request: LogRequest) -> dict[str, Any] | None:
    beside = proof_beside(path)
    if beside.is_file():
        if _proof_in(beside) is None:
            return {"state": "unproven", "entry": None, "sentence": f"{beside.name} is no proof."}
        checked = check(replace(request, path=beside))
        problems = checked.problems if checked.trusted else (*checked.problems, *_documents([_untrusted(checked.signer)]))
        return _said(problems, checked.entry, "a proof beside it")
    if not request.log.is_file():
        return None
    with Log(request.log) as log, log.reading():
        position = log.find(manifest_digest(path))
        if position is None:
            return None
        entry = log.entry(position)
        problems = _documents(_since_logged(entry, position, log, request.max_delay))
    return _said(problems, {"index": position, **entry_document(entry)}, "the log at hand")


def _said(problems: Sequence[Mapping[str, Any]], entry: Mapping[str, Any] | None, by: str) -> dict[str, Any]:
    by_code = {str(problem["code"]): str(problem["message"]) for problem in problems}
    place = None if entry is None else entry["index"]
    if "withdrawn" in by_code and not by_code.keys() - _LATE - {"withdrawn"}:
        return {"state": "withdrawn", "entry": place, "sentence": by_code["withdrawn"]}
    faults = [message for code, message in by_code.items() if code not in _LATE]
    if faults or entry is None:
        return {"state": "unproven", "entry": place, "sentence": f"By {by}, nothing is shown: {'; '.join(faults)}."}
    late = "".join(f" {message}." for code, message in by_code.items() if code in _LATE)
    state = "late" if late else "logged"
    return {"state": state, "entry": place, "sentence": f"By {by}, it was logged on {entry['logged']}.{late}"}
