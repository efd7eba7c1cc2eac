"""Who signed a manifest, when, and by whose word: read the same way whichever reader checks the rest."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from assaymark.provenance.certificates import anchor_of, common_name, fingerprint, leaf_problem, load_chain
from assaymark.provenance.cose import signature_of
from assaymark.provenance.timestamps import TokenError, read_token

if TYPE_CHECKING:
    from cryptography import x509

    from assaymark.provenance.jumbf import Box
    from assaymark.provenance.revocation import Revocation
    from assaymark.provenance.timestamps import TimeStamp
    from assaymark.provenance.trust import Anchored, Trust

_CHAIN = 33  # label of a COSE header
UNREADABLE = (ValueError, TypeError, KeyError, AttributeError)  # what a certificate of a stranger's may raise
REVOKED, INVALID = "signingCredential.revoked", "signingCredential.invalid"
SKEW = timedelta(minutes=10)  # by which two clocks may differ


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who signed a manifest and when.

    Attributes:
        chain: The signer's certificate and its issuers.
        anchor: The root that vouches for the signer; None when no root does that the verifier trusts.
        stamp: The time stamp over the signature; None where there is none.
        moment: When the certificates are judged: the time that a trusted time stamp proves, else now.
        problems: Codes of what is wrong.
        revocation: Of the signer's certificate or of an issuer, the earliest: it counts when it was in force at that moment.
    """

    chain: tuple[x509.Certificate, ...]
    anchor: Anchored | None
    stamp: TimeStamp | None
    moment: datetime = field(compare=False)
    problems: tuple[str, ...] = ()
    revocation: Revocation | None = None

    @property
    def leaf(self) -> x509.Certificate:
        """The signer's certificate."""
        return self.chain[0]

    @property
    def name(self) -> str:
        """Common name of the signer."""
        return common_name(self.leaf)

    @property
    def sha256(self) -> str:
        """Fingerprint of the signer's certificate."""
        return fingerprint(self.leaf)


def read_credentials(manifest: Box, trust: Trust) -> Credentials:
    """Return who signed a manifest, without checking the signature itself, which readers do.

    Raises:
        UNREADABLE: When a certificate cannot be read.
    """
    signature, now = signature_of(manifest), datetime.now(UTC)
    chain = tuple(load_chain(signature.header[_CHAIN]))
    problems, stamp = list[str](), None
    if signature.token is not None:
        try:
            stamp = _in_force(read_token(signature.token, signature.stamped_bytes(), trust), trust)
        except TokenError:
            problems.append("timeStamp.mismatch")
    if stamp is not None and stamp.trusted and stamp.time > now + SKEW:
        problems.append("timeStamp.future")
    moment = stamp.time if stamp is not None and stamp.trusted else now
    problem = leaf_problem(chain[0], moment)
    if problem is not None:
        problems.append(problem)
    revoked = sorted(trust.revocations(chain), key=lambda each: each.since)
    if any(each.holds_at(moment) for each in revoked):
        problems.append(REVOKED)
    anchor = anchor_of(chain, trust.anchors, moment)
    return Credentials(chain, anchor, stamp, moment, tuple(problems), revoked[0] if revoked else None)


def _in_force(stamp: TimeStamp, trust: Trust) -> TimeStamp:
    """Return a time stamp; without its root where its authority was revoked, and may have stamped for others."""
    for each in trust.revocations(stamp.certificates):
        if not each.orderly or each.holds_at(stamp.time):
            return replace(stamp, anchor=None)
    return stamp
