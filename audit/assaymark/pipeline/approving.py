"""Add a person's signed approval or waiver to a release, and read those that are there."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from assaymark import __version__
from assaymark.errors import ApprovalError
from assaymark.pipeline.disclosing import intact_release, read_audit
from assaymark.pipeline.requests import TrustRequest, VerifyRequest
from assaymark.pipeline.trusting import load_trust
from assaymark.pipeline.verifying import verify
from assaymark.provenance.approvals import LONGEST_NAME, LONGEST_REASON, Approval, add_approval, chosen_findings
from assaymark.provenance.file_checks import printable
from assaymark.provenance.lineage import digests_of
from assaymark.provenance.stamping import APPROVALS, AUDIT_FILE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from assaymark.host.specs import Signer


def approve(
    release: Path,
    by: str,
    signer: Signer,
    *,
    waive: Sequence[str] = (),
    reason: str = "",
    trust: TrustRequest | None = None,
    allow_untrusted: bool = False,
) -> tuple[Approval, Path]:
    """Add an approval, or a waiver of failed and undecided gates, to a release; its own files stay as they are.

    Args:
        release: Its folder.
        by: Name of whoever approves.
        signer: Who signs, opened.
        waive: ``ID`` or ``ID:SCOPE`` of findings; none to approve the release as it is.
        reason: Why; a waiver needs one.
        trust: Whom to trust.
        allow_untrusted: Whether a release by an unknown signer, or an earlier approval by one, will do.

    Returns:
        The approval and its file.

    Raises:
        ApprovalError: When the release does not verify, a name or reason is missing, or there is no such gate to waive.
    """
    if not by.strip() or len(by) > LONGEST_NAME or printable(by) != by:
        raise _refused("an approval needs the name of a person", "--as", by, f"1 to {LONGEST_NAME} printable characters")
    if len(reason) > LONGEST_REASON or (waive and not reason.strip()):
        raise _refused("a waiver needs a reason", "--reason", reason, f"1 to {LONGEST_REASON} characters")
    result = verify(VerifyRequest(release, trust or TrustRequest(), allow_untrusted=allow_untrusted))
    if not result.ok or not release.is_dir():
        first = result.problems[0]["message"] if result.problems else "a single file"
        raise ApprovalError(
            "only a release that verifies can be approved",
            where=str(release),
            found=first,
            remedy="Run `assaymark verify` on it; add --trust-anchor if it is intact and its signer unknown.",
        )
    audit = read_audit(release)
    chosen: list[dict[str, Any]] = []
    for wanted in waive:
        chosen += [entry for entry in chosen_findings(audit["findings"], wanted) if entry not in chosen]
    document = {
        "created": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "release": digests_of(release),
        "verdict": audit["verdict"],
        "by": by,
        "decision": "waive" if chosen else "approve",
        "waives": chosen,
        "reason": reason,
    }
    return add_approval(release, document, approvals_of(release, trust), signer, __version__)


def _refused(what: str, where: str, found: str, expected: str) -> ApprovalError:
    return ApprovalError(what, where=where, found=repr(found[:100]), expected=expected, remedy=f"Correct {where}.")


def approvals_of(release: Path, trust: TrustRequest | None = None) -> tuple[Approval, ...]:
    """Return the approvals of a release, checked together with all of its files.

    Raises:
        ReleaseError: When the release, or an approval, does not hold.
    """
    checked = intact_release(release, load_trust(trust or TrustRequest()), "so its approvals mean nothing")
    return checked.approvals


def approvals_beside(audit: Path, trust: TrustRequest | None = None) -> list[dict[str, Any]]:
    """Return the approvals beside an ``audit.json``, JSON-ready; none when there are none.

    Raises:
        ReleaseError: When there are some, and they or the release do not hold.
    """
    folder = audit.resolve().parent
    if audit.name != AUDIT_FILE or not (folder / APPROVALS).exists():
        return []
    return [asdict(approval) for approval in approvals_of(folder, trust)]
