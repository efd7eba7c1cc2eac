"""Certificates of signers, checked without the C2PA library: profile, chain, anchor.

Sources: C2PA 2.2 section 14.5 (certificate profile), RFC 5280. Revocation is not looked up: verification is offline.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.provenance.algorithms import algorithm_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cryptography import x509

_PURPOSES = frozenset({"1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.36", "1.3.6.1.4.1.62558.2.1"})  # e-mail, documents, C2PA claims
_LONGEST_CHAIN = 8


def load_chain(encoded: object) -> list[x509.Certificate]:
    """Return the certificates of a COSE ``x5chain`` header, leaf first.

    Raises:
        ValueError: When it holds none, too many, or something else.
    """
    from cryptography import x509

    parts = [encoded] if isinstance(encoded, bytes) else encoded
    if not isinstance(parts, (list, tuple)) or not 0 < len(parts) <= _LONGEST_CHAIN:
        raise ValueError("no chain of certificates")
    if not all(isinstance(part, bytes) for part in parts):
        raise ValueError("a certificate that is no bytes")
    return [x509.load_der_x509_certificate(part) for part in parts]


def leaf_problem(leaf: x509.Certificate, moment: datetime) -> str | None:
    """Return the code of what keeps a certificate from signing claims at a moment, or None."""
    if not leaf.not_valid_before_utc <= moment <= leaf.not_valid_after_utc:
        return "signingCredential.expired"
    return None if _may_sign(leaf) else "signingCredential.invalid"


def _may_sign(leaf: x509.Certificate) -> bool:
    from cryptography import x509

    if algorithm_of(leaf.public_key()) is None:
        return False
    try:
        usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
        purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False
    allowed = any(purpose.dotted_string in _PURPOSES for purpose in purposes)
    return usage.digital_signature and allowed and not _issues(leaf)


def _issues(certificate: x509.Certificate) -> bool:
    from cryptography import x509

    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False


def anchored(chain: Sequence[x509.Certificate], anchors: Sequence[bytes], moment: datetime) -> bool:
    """Return whether a chain, leaf first, ends in one of the trust anchors (PEM), every issuer valid at a moment."""
    from cryptography import x509

    roots = [root for anchor in anchors for root in x509.load_pem_x509_certificates(anchor)]
    for place, certificate in enumerate(chain):
        if place and (not _issues(certificate) or not _current(certificate, moment)):
            return False
        if any(_issued(certificate, root) and _issues(root) and _current(root, moment) for root in roots):
            return True
        if place + 1 == len(chain) or not _issued(certificate, chain[place + 1]):
            return False
    return False


def _current(certificate: x509.Certificate, moment: datetime) -> bool:
    return certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
