"""What a verifier trusts: roots that vouch for signers, roots that vouch for clocks, and what was revoked since."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography import x509

    from assaymark.provenance.revocation import Revocation, Revocations


@dataclass(frozen=True, slots=True)
class Anchor:
    """A file of root certificates.

    Attributes:
        pem: The certificates.
        source: Where they are from, in words.
    """

    pem: bytes
    source: str = ""


@dataclass(frozen=True, slots=True)
class Anchored:
    """The root by which a chain of certificates is trusted.

    Attributes:
        subject: Its subject.
        sha256: Fingerprint, hexadecimal.
        source: Where it is from, in words.
    """

    subject: str
    sha256: str
    source: str


@dataclass(frozen=True, slots=True)
class Trust:
    """Everything that a verifier trusts.

    Attributes:
        anchors: Roots that vouch for signers, and for time-stamp authorities too.
        clocks: Roots that vouch for time-stamp authorities only.
        revoked: Certificates that count no longer; None for no list.
    """

    anchors: tuple[Anchor, ...] = ()
    clocks: tuple[Anchor, ...] = ()
    revoked: Revocations | None = None

    def revocations(self, chain: Sequence[x509.Certificate]) -> list[Revocation]:
        """Return the revocations of the certificates of a chain."""
        found = [] if self.revoked is None else [self.revoked.of(certificate) for certificate in chain]
        return [each for each in found if each is not None]


TrustLike: TypeAlias = "Trust | Sequence[bytes]"


def as_trust(given: TrustLike) -> Trust:
    """Return what a verifier trusts, given as such or as roots of signers in PEM."""
    return given if isinstance(given, Trust) else Trust(tuple(Anchor(pem) for pem in given))


def roots(anchors: Sequence[Anchor]) -> list[tuple[x509.Certificate, Anchor]]:
    """Return the certificates of anchors, each with where it is from.

    Raises:
        ValueError: When one is no certificate.
    """
    return [(root, anchor) for anchor in anchors for root in _certificates(anchor.pem)]


@lru_cache(maxsize=256)  # every file of a release is held against the same ones
def _certificates(pem: bytes) -> tuple[x509.Certificate, ...]:
    from cryptography import x509

    return tuple(x509.load_pem_x509_certificates(pem))
