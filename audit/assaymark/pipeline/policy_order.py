"""Whether a policy was fixed before the audit that it judges: claimed by whoever signed, or proven by somebody else's clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from assaymark.errors import MissingFileError, PolicyProofError
from assaymark.provenance.credentials import SKEW
from assaymark.provenance.digests import UnreadableError, read_plain
from assaymark.provenance.file_checks import Problem, printable
from assaymark.provenance.policy_proof import PROOF_FILE, PROOF_LIMIT, read_proof
from assaymark.provenance.stamping import POLICY_FILE
from assaymark.provenance.timestamps import TokenError
from assaymark.provenance.trust import Trust

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from assaymark.policy.model import Policy
    from assaymark.provenance.timestamps import TimeStamp

PROVEN, CLAIMED, CONTRADICTED = "proven", "claimed", "contradicted"
_POLICY_LIMIT = 256 * 1024


def with_proof(policy: Policy, path: Path | None) -> Policy:
    """Return a policy with the proof of when it was fixed, from a file; without one as it is.

    Raises:
        MissingFileError: When the file cannot be read.
        PolicyProofError: When it is no proof, is over another policy, or lies in the future.
    """
    if path is None:
        return policy
    try:
        with path.open("rb") as file:
            proof = file.read(PROOF_LIMIT + 1)
    except OSError as error:
        raise MissingFileError("the proof cannot be read", where=str(path), found=error.strerror) from error
    try:
        stamp = read_proof(proof, policy.source, Trust())
    except TokenError as error:
        raise _refused(path, str(error)) from error
    if stamp.time > datetime.now(UTC) + SKEW:
        raise _refused(path, f"a time in the future, {stamp.time:%Y-%m-%d %H:%M} UTC")
    return replace(policy, proof=proof)


def _refused(path: Path, found: str) -> PolicyProofError:
    return PolicyProofError(
        "the proof of the policy's time cannot be used",
        where=str(path),
        found=found,
        expected="what `assaymark policy commit` wrote for exactly this policy file",
        remedy="Name the proof of this policy; if the policy was changed, commit to it again before you look at the data.",
    )


def policy_order(folder: Path, release: Mapping[str, Any], trust: Trust) -> tuple[dict[str, Any], Problem | None]:
    """Return what an intact release shows of when its policy was fixed, and what is wrong with its proof.

    Args:
        folder: The release, already verified.
        release: Its ``release.json``.
        trust: Whom the verifier trusts.
    """
    if not any(entry["name"] == PROOF_FILE for entry in release["files"]):
        return _told(CLAIMED, None, "Whoever signed says that the policy was fixed before the data were looked at."), None
    try:
        policy = read_plain(folder / POLICY_FILE, _POLICY_LIMIT)
        stamp = read_proof(read_plain(folder / PROOF_FILE, PROOF_LIMIT), policy, trust)
    except (TokenError, UnreadableError) as error:
        problem = Problem(PROOF_FILE, "policy_proof", f"it does not prove when the policy was fixed: {printable(str(error))}")
        return _told(CONTRADICTED, None, "The proof of when the policy was fixed does not hold."), problem
    if trust.revocations(stamp.certificates):
        stamp = replace(stamp, anchor=None)
    return _judged(stamp, str(release["created"]))


def _judged(stamp: TimeStamp, created: str) -> tuple[dict[str, Any], Problem | None]:
    by = f"{printable(stamp.authority)}, on {stamp.time:%Y-%m-%d} at {stamp.time:%H:%M:%S} UTC"
    if not stamp.trusted:
        sentence = f"The policy has a time stamp of {by}, for whom nobody that you trust vouches; that proves nothing to you."
        return _told(CLAIMED, stamp, sentence), None
    made = _moment(created)
    if made is None or stamp.time > made + SKEW:
        message = f"the policy was stamped by {by}, after the audit was made ({printable(created)})"
        return _told(CONTRADICTED, stamp, f"The order is wrong: {message}."), Problem(PROOF_FILE, "policy_order", message)
    sentence = f"The policy was fixed before this audit was made ({printable(created)}): stamped by the clock of {by}."
    return _told(PROVEN, stamp, sentence), None


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _told(order: str, stamp: TimeStamp | None, sentence: str) -> dict[str, Any]:
    return {
        "order": order,
        "time": None if stamp is None else stamp.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "authority": None if stamp is None else printable(stamp.authority),
        "sentence": sentence,
    }
