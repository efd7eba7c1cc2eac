"""Verify a release: signatures and bytes first, then every number that the published cubes carry."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from assaymark.errors import AssaymarkError, MissingFileError, OptionError, ParentError
from assaymark.pipeline.disclosing import read_audit
from assaymark.pipeline.policy_order import policy_order
from assaymark.pipeline.recomputing import recompute
from assaymark.pipeline.requests import TrustRequest, VerifyRequest, VerifyResult
from assaymark.pipeline.sourcing import SourceCheck, check_sources
from assaymark.pipeline.statements import certificate_told, statements, time_told
from assaymark.pipeline.trusting import load_trust
from assaymark.provenance import independent
from assaymark.provenance.approvals import not_waived
from assaymark.provenance.definitions import MINING_ASSERTION
from assaymark.provenance.digests import snapshot
from assaymark.provenance.envelopes import verify_envelope
from assaymark.provenance.file_checks import FileCheck, Problem, printable, verify_file
from assaymark.provenance.lineage import Parent, digests_of, lineage_document
from assaymark.provenance.manifests import read_manifest
from assaymark.provenance.stamping import LINEAGE_FILE, RELEASE_FILE
from assaymark.provenance.strict_json import loads_strict
from assaymark.provenance.verification import ReleaseCheck, verify_release
from assaymark.results.findings import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from assaymark.provenance.credentials import Credentials

_SIZE_LIMIT = 16 * 2**20


def verify(request: VerifyRequest) -> VerifyResult:
    """Verify a release folder, or one stamped file.

    Raises:
        MissingFileError: When there is nothing at the path, or a trust anchor cannot be read.
        TrustError: When a trust anchor or a list of revoked certificates cannot be used.
        OptionError: When real data is to be held against a single file.
        DisclosureError: When files of real rows are to be checked and their salts cannot be used.
    """
    if not request.path.exists():
        raise MissingFileError("there is nothing to verify", where=str(request.path), remedy="Check the path.")
    trust = load_trust(request.trust)
    read = independent.read_manifest if request.independent else read_manifest
    if not request.path.is_dir():
        if request.sources or request.parent is not None:
            where = "--real" if request.sources else "--parent"
            raise OptionError("that is held against a release", where=where, remedy="Name the folder of a release.")
        return _file_result(verify_envelope(request.path, trust) or verify_file(request.path, trust, read), request)
    before = snapshot(request.path)
    checked = verify_release(request.path, trust, read)
    if checked.problems:
        return _result(checked, request, checked.problems, None)
    try:
        again = recompute(request.path)
    except AssaymarkError as error:
        return _result(checked, request, (Problem(error.where or "audit.json", error.code, str(error)),), None)
    problems = tuple(Problem(file, "recomputed_differently", message) for file, message in again.problems)
    sources = SourceCheck((), {})
    if request.sources and not problems:
        sources = check_sources(request.path, request.sources, request.disclosure, request.rename or None)
        problems = tuple(Problem(*each) for each in sources.problems)
    if request.parent is not None and not problems:
        problems = tuple(_parent_problems(checked, request))
    order, wrong = policy_order(request.path, checked.release or {"files": ()}, trust)
    problems += () if wrong is None else (wrong,)
    problems += tuple(_changed(before, snapshot(request.path)))  # what was recomputed was read after what was signed
    result = _result(checked, request, problems, again.verdict, again.recomputed, again.signed_only)
    return replace(
        result,
        sources=sources.told,
        policy_order=order,
        parent=checked.parent,
        parent_checked=request.parent is not None and result.ok,
        mining=checked.mining,
    )


def open_parent(path: Path, trust: TrustRequest | None = None, *, allow_untrusted: bool = False) -> Parent:
    """Return the release that another follows, verified.

    Args:
        path: Its folder, or its ``release.json`` there.
        trust: Whom to trust.
        allow_untrusted: Whether a signer that is not anchored will do.

    Raises:
        ParentError: When it does not verify.
    """
    return _opened(path, VerifyRequest(path, trust or TrustRequest(), allow_untrusted=allow_untrusted))


def _opened(path: Path, request: VerifyRequest) -> Parent:
    folder = path.parent if path.name == RELEASE_FILE else path
    if not folder.is_dir():
        raise ParentError("there is no release to follow", where=str(path), remedy="Name the folder of the earlier release.")
    result = verify(replace(request, path=folder))
    if not result.ok:
        first = result.problems[0]
        raise ParentError(
            "the parent does not verify",
            where=str(folder / first["file"]),
            found=first["message"],
            remedy="Name a parent that `assaymark verify` accepts; add --trust-anchor if it is intact and its signer unknown.",
        )
    release = loads_strict((folder / RELEASE_FILE).read_bytes(), max_bytes=_SIZE_LIMIT, where=RELEASE_FILE)
    return Parent(digests_of(folder), release, read_audit(folder))


def _parent_problems(checked: ReleaseCheck, request: VerifyRequest) -> Iterator[Problem]:
    told, path = checked.parent, request.parent
    if told is None or path is None or checked.release is None:
        yield Problem(LINEAGE_FILE, "no_parent", "the release names no parent")
        return
    try:
        parent = _opened(path, replace(request, parent=None, sources={}, require_pass=False))
    except ParentError as error:
        yield Problem(str(path), "parent_not_verified", f"{error.what}: {error.found or error.where}")
        return
    if {key: told["parent"][key] for key in parent.digests} != parent.digests:
        yield Problem(str(path), "other_parent", "it is another release than the parent that is named")
        return
    files = {entry["name"]: entry["sha256"] for entry in checked.release["files"] if entry["name"] != LINEAGE_FILE}
    if lineage_document(parent, files, read_audit(request.path), told["redacted"]) != told:
        yield Problem(LINEAGE_FILE, "disagrees", "what it says of the parent, or of what changed, is not so")


def _changed(before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[Problem]:
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield Problem(printable(name), "changed_meanwhile", "it was changed while it was verified; verify a copy")


def _counts(identifiers: Iterable[str]) -> Mapping[str, int]:
    return dict(sorted(Counter(identifiers).items()))


def _documents(problems: Iterable[Problem]) -> tuple[Mapping[str, str], ...]:
    return tuple({"file": printable(p.file), "code": p.code, "message": p.message} for p in problems)


def _result(
    checked: ReleaseCheck,
    request: VerifyRequest,
    problems: tuple[Problem, ...],
    verdict: Verdict | None,
    recomputed: Iterable[str] = (),
    signed_only: Iterable[str] = (),
) -> VerifyResult:
    found = list(problems)
    if not checked.trusted and not request.allow_untrusted and not found:
        found.append(_untrusted("release.json.c2pa", checked.signer))
    if not request.allow_untrusted and not found:
        found += [_untrusted(f"approvals/{one.number:04}", one.signer) for one in checked.approvals if not one.trusted]
    left = None if verdict is None else len(not_waived(read_audit(request.path)["findings"], checked.approvals))
    waived = request.accept_waivers and left == 0
    if request.require_pass and verdict is not Verdict.PASS and not waived and not found:
        told = "unknown" if verdict is None else verdict.value
        by_waivers = f"; {left} of its gates no trusted waiver names" if request.accept_waivers else ""
        message = f"the audit's verdict is {told}, and a pass was demanded{by_waivers}"
        found.append(Problem("audit.json", "verdict_not_pass", message))
    result = VerifyResult(
        ok=not found,
        problems=_documents(found),
        trusted=checked.trusted,
        signer=checked.signer,
        verdict=verdict,
        recomputed=_counts(recomputed),
        signed_only=_counts(signed_only),
        files=len(checked.files),
        approvals=tuple(asdict(approval) for approval in checked.approvals),
        gates_left=left,
    )
    return _in_words(result, checked.credentials)


def _in_words(result: VerifyResult, credentials: Credentials | None) -> VerifyResult:
    codes = [problem["code"] for problem in result.problems]
    counts = sum(result.recomputed.values()), sum(result.signed_only.values())
    return replace(
        result,
        statements=statements(codes, result.signer, credentials, result.verdict, counts),
        time_stamp=time_told(credentials),
        certificate=certificate_told(credentials),
    )


def _untrusted(file: str, signer: str) -> Problem:
    message = (
        f"intact, but its signer ({signer or 'unknown'}) does not chain to a trust anchor; name its root by --trust-anchor"
    )
    return Problem(file, "untrusted", message)


def _file_result(checked: FileCheck, request: VerifyRequest) -> VerifyResult:
    found = list(checked.problems)
    if not checked.trusted and not request.allow_untrusted and not found:
        found.append(_untrusted(request.path.name, checked.signer))
    told = VerifyResult(ok=not found, problems=_documents(found), trusted=checked.trusted, signer=checked.signer, files=1)
    told = replace(told, mining=checked.assertions.get(MINING_ASSERTION))
    return _in_words(told, checked.credentials)
