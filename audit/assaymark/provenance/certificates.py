"""Certificates of signers, checked without the C2PA library: profile, chain, anchor.

Sources: C2PA 2.2 section 14.5 (certificate profile), RFC 5280. Revocation is not looked up: verification is offline.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from assaymark.provenance.algorithms import RSA_BITS, algorithm_of
from assaymark.provenance.trust import Anchored, as_trust, roots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography import x509

    from assaymark.provenance.trust import Anchor, TrustLike

_PURPOSES = ("1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.36", "1.3.6.1.4.1.62558.2.1")  # e-mail, documents, C2PA claims
PURPOSES = "\n".join(_PURPOSES)
_LONGEST_CHAIN = 8


def load_chain(encoded: object) -> list[x509.Certificate]:
    """Return the certificates of a COSE ``x5chain`` header, leaf first.

    Raises:
        ValueError: When it holds none, too many, or something else.
    """
    parts = [encoded] if isinstance(encoded, bytes) else encoded
    if not isinstance(parts, (list, tuple)) or not 0 < len(parts) <= _LONGEST_CHAIN:
        raise ValueError("no chain of certificates")
    if not all(isinstance(part, bytes) for part in parts):
        raise ValueError("a certificate that is no bytes")
    return list(_certificates(tuple(parts)))


@lru_cache(maxsize=4)  # one signer signs all files of a release
def _certificates(encoded: tuple[bytes, ...]) -> tuple[x509.Certificate, ...]:
    return tuple(load_certificate(part) for part in encoded)


def load_certificate(encoded: bytes) -> x509.Certificate:
    """Return a certificate in DER.

    Raises:
        ValueError: When it is none, or not of the form that it must have.
    """
    from cryptography import x509

    try:
        return x509.load_der_x509_certificate(encoded)
    except (x509.InvalidVersion, Warning) as error:
        raise ValueError(f"a certificate of another form: {error}"[:200]) from error


def leaf_problem(leaf: x509.Certificate, moment: datetime) -> str | None:
    """Return the code of what keeps a certificate from signing claims at a moment, or None."""
    if not leaf.not_valid_before_utc <= moment <= leaf.not_valid_after_utc:
        return "signingCredential.expired"
    return None if usage_problem(leaf) is None else "signingCredential.invalid"


def usage_problem(leaf: x509.Certificate) -> str | None:
    """Return why a certificate may not sign claims, whatever the date, in words; None when it may (C2PA 2.2 section 14.5)."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        if algorithm_of(leaf.public_key()) is None:
            return _key_problem(leaf)
        return _extension_problem(leaf)
    except x509.ExtensionNotFound as error:
        return f"it lacks an extension that a signer's certificate needs, {error.oid._name}"  # noqa: SLF001 - has no public name
    except (x509.DuplicateExtension, ValueError, UnsupportedAlgorithm):
        return "a part of it cannot be read"


def _key_problem(leaf: x509.Certificate) -> str:
    size = getattr(leaf.public_key(), "key_size", 0)
    if type(leaf.public_key()).__name__.startswith("RSA"):
        return f"its RSA key has {size} bits, and at least {RSA_BITS} are needed"
    return "its key is of a kind that manifests have no algorithm for"


def _extension_problem(leaf: x509.Certificate) -> str | None:
    from cryptography import x509

    if issues(leaf):
        return "it is that of an authority, which issues certificates and signs nothing else"
    if not leaf.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature:
        return "its key usage does not allow digital signatures"
    purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    if not any(purpose.dotted_string in _PURPOSES for purpose in purposes):
        return "it is for another purpose: neither e-mail protection, nor signing of documents, nor of C2PA claims"
    return None


def issues(certificate: x509.Certificate) -> bool:
    """Return whether a certificate may issue others."""
    from cryptography import x509

    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False


def anchor_of(chain: Sequence[x509.Certificate], anchors: Sequence[Anchor], moment: datetime) -> Anchored | None:
    """Return which of the trust anchors a chain, leaf first, ends in, every issuer valid at a moment; None when in none."""
    held = roots(anchors)
    for place, certificate in enumerate(chain):
        if place and (not issues(certificate) or not _current(certificate, moment)):
            return None
        for root, anchor in held:
            if issued(certificate, root) and issues(root) and _current(root, moment):
                return Anchored(root.subject.rfc4514_string(), fingerprint(root), anchor.source)
        if place + 1 == len(chain) or not issued(certificate, chain[place + 1]):
            return None
    return None


def anchored(chain: Sequence[x509.Certificate], anchors: TrustLike, moment: datetime) -> bool:
    """Return whether a chain, leaf first, ends in a root that vouches for signers, every issuer valid at a moment."""
    return anchor_of(chain, as_trust(anchors).anchors, moment) is not None


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate, hexadecimal."""
    from cryptography.hazmat.primitives import hashes

    return certificate.fingerprint(hashes.SHA256()).hex()


def days_left(chain: bytes) -> int:
    """Return in how many days the first certificate of a chain in PEM ends, 0 when it has."""
    from cryptography import x509

    leaf = x509.load_pem_x509_certificates(chain)[0]
    return max((leaf.not_valid_after_utc - datetime.now(UTC)).days, 0)


def common_name(certificate: x509.Certificate) -> str:
    """Return the common name of a certificate's subject; empty when it has none."""
    from cryptography.x509.oid import NameOID

    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def _current(certificate: x509.Certificate, moment: datetime) -> bool:
    return certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc


def issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Return whether a certificate bears the name and the signature of its issuer."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
