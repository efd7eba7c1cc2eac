"""Who signed a manifest, when, and by whose word: read the same way whichever reader checks the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from assaymark.provenance.certificates import anchor_of, common_name, fingerprint, load_chain
from assaymark.provenance.cose import signature_of
from assaymark.provenance.timestamps import TokenError, read_token

if TYPE_CHECKING:
    from cryptography import x509

    from assaymark.provenance.jumbf import Box
    from assaymark.provenance.timestamps import TimeStamp
    from assaymark.provenance.trust import Anchored, Trust

_CHAIN = 33  # label of a COSE header
UNREADABLE = (ValueError, TypeError, KeyError, AttributeError)  # what a certificate of a stranger's may raise
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
    """

    chain: tuple[x509.Certificate, ...]
    anchor: Anchored | None
    stamp: TimeStamp | None
    moment: datetime = field(compare=False)
    problems: tuple[str, ...] = ()

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
            stamp = read_token(signature.token, signature.stamped_bytes(), trust)
        except TokenError:
            problems.append("timeStamp.mismatch")
    if stamp is not None and stamp.trusted and stamp.time > now + SKEW:
        problems.append("timeStamp.future")
    moment = stamp.time if stamp is not None and stamp.trusted else now
    return Credentials(chain, anchor_of(chain, trust.anchors, moment), stamp, moment, tuple(problems))
