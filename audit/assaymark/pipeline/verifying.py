"""Verify a release: signatures and bytes first, then every number that the published cubes carry."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from assaymark.errors import AssaymarkError, MissingFileError, OptionError
from assaymark.pipeline.recomputing import recompute
from assaymark.pipeline.requests import VerifyRequest, VerifyResult
from assaymark.pipeline.sourcing import SourceCheck, check_sources
from assaymark.provenance import independent
from assaymark.provenance.digests import snapshot
from assaymark.provenance.keys import trusted_anchors
from assaymark.provenance.manifests import read_manifest
from assaymark.provenance.verification import FileCheck, Problem, ReleaseCheck, printable, verify_file, verify_release
from assaymark.results.findings import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path


def verify(request: VerifyRequest) -> VerifyResult:
    """Verify a release folder, or one stamped file.

    Raises:
        MissingFileError: When there is nothing at the path, or a trust anchor cannot be read.
        OptionError: When real data is to be held against a single file.
        DisclosureError: When files of real rows are to be checked and their salts cannot be used.
    """
    if not request.path.exists():
        raise MissingFileError("there is nothing to verify", where=str(request.path), remedy="Check the path.")
    anchors = trust_anchors(request.trust_anchors)
    read = independent.read_manifest if request.independent else read_manifest
    if not request.path.is_dir():
        if request.sources:
            raise OptionError("real data is held against a release", where="--real", remedy="Name the folder of a release.")
        return _file_result(verify_file(request.path, anchors, read), request)
    before = snapshot(request.path)
    checked = verify_release(request.path, anchors, read)
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
    problems += tuple(_changed(before, snapshot(request.path)))  # what was recomputed was read after what was signed
    result = _result(checked, request, problems, again.verdict, again.recomputed, again.signed_only)
    return replace(result, sources=sources.told)


def _changed(before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[Problem]:
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield Problem(printable(name), "changed_meanwhile", "it was changed while it was verified; verify a copy")


def trust_anchors(paths: Iterable[Path]) -> list[bytes]:
    """Return the roots that this machine trusts by itself, and those in PEM files.

    Raises:
        MissingFileError: When a file cannot be read.
    """
    return [*trusted_anchors(), *(_anchor(path) for path in paths)]


def _anchor(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MissingFileError(
            "the trust anchor cannot be read",
            where=str(path),
            found=error.strerror or type(error).__name__,
            remedy="Name a PEM file with the root certificate.",
        ) from error


def _counts(identifiers: Iterable[str]) -> Mapping[str, int]:
    return dict(sorted(Counter(identifiers).items()))


def _documents(problems: Iterable[Problem]) -> tuple[Mapping[str, str], ...]:
    return tuple({"file": p.file, "code": p.code, "message": p.message} for p in problems)


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
    if request.require_pass and verdict is not Verdict.PASS and not found:
        told = "unknown" if verdict is None else verdict.value
        found.append(Problem("audit.json", "verdict_not_pass", f"the audit's verdict is {told}, and a pass was demanded"))
    return VerifyResult(
        ok=not found,
        problems=_documents(found),
        trusted=checked.trusted,
        signer=checked.signer,
        verdict=verdict,
        recomputed=_counts(recomputed),
        signed_only=_counts(signed_only),
        files=len(checked.files),
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
    return VerifyResult(ok=not found, problems=_documents(found), trusted=checked.trusted, signer=checked.signer, files=1)
