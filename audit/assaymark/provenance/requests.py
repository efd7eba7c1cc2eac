"""Certificate signing requests (PKCS #10, RFC 2986): a key of one's own, and what an authority needs to certify it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from assaymark.errors import CertificateError, OutputError, OutputExistsError, SigningKeyError
from assaymark.provenance.algorithms import ALGORITHMS
from assaymark.provenance.certificates import fingerprint
from assaymark.provenance.key_files import check_chain, check_current, check_key
from assaymark.provenance.keys import claim_signing_usage
from assaymark.provenance.signing import read_chain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cryptography import x509

_RSA_BITS = 3072


def new_key(algorithm: str) -> Any:
    """Return a new private key for one of :data:`~assaymark.provenance.algorithms.ALGORITHMS`."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    makers: dict[str, Callable[[], Any]] = {
        "es256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "es384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
        "ps256": lambda: rsa.generate_private_key(65537, _RSA_BITS),
    }
    return makers[algorithm]()


def write_key(path: Path, algorithm: str) -> Any:
    """Make a private key and write it, unencrypted, to a new file of mode 0600; return the key.

    Raises:
        OutputExistsError: When the file exists: a key is never replaced.
        OutputError: When it cannot be written.
    """
    from cryptography.hazmat.primitives import serialization

    if algorithm not in ALGORITHMS:
        raise SigningKeyError("there is no such algorithm", found=algorithm, expected=", ".join(ALGORITHMS))
    key = new_key(algorithm)
    content = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
    except FileExistsError as error:
        raise OutputExistsError(
            "there is a file of that name already", where=str(path), remedy="Name another; a key is never replaced."
        ) from error
    except OSError as error:
        raise OutputError("the key could not be written", where=str(path), found=error.strerror or "") from error
    return key


def subject_name(text: str) -> x509.Name:
    """Return a distinguished name as RFC 4514 writes it, such as ``CN=Data office,O=Example``.

    Raises:
        SigningKeyError: When it cannot be read, or has no common name or no organisation.
    """
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    try:
        name = x509.Name.from_rfc4514_string(text)
    except ValueError as error:
        raise _subject_problem(text) from error
    if not name.get_attributes_for_oid(NameOID.COMMON_NAME) or not name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME):
        raise _subject_problem(text)
    return name


def signing_request(key: Any, subject: x509.Name) -> bytes:
    """Return a request in PEM for a certificate that may sign claims.

    Args:
        key: The private key.
        subject: Whom to certify.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519

    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    for extension, critical in claim_signing_usage():
        builder = builder.add_extension(extension, critical=critical)
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, digest).public_bytes(serialization.Encoding.PEM)


def describe_chain(path: Path) -> dict[str, Any]:
    """Return what there is to know of the first certificate of a chain in a file, and what keeps it from signing today.

    Raises:
        SigningKeyError: When it cannot be read.
    """
    _, chain = read_chain(path)
    leaf = chain[0]
    problem: str | None = None
    try:
        check_chain(chain, str(path))
        check_current(leaf, str(path), "Renew it by `assaymark keys renew`.")
    except CertificateError as error:
        problem = f"{error.what}: {error.found}"
    return {
        "subject": leaf.subject.rfc4514_string(),
        "issuer": leaf.issuer.rfc4514_string(),
        "fingerprint": fingerprint(leaf),
        "serial": f"{leaf.serial_number:x}",
        "not_before": leaf.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "not_after": leaf.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "days_left": max((leaf.not_valid_after_utc - datetime.now(UTC)).days, 0),
        "problem": problem,
    }


def renewal_request(key: Any, path: Path) -> bytes:
    """Return a request in PEM for another certificate of the same subject and key as the first of a chain in a file.

    Raises:
        SigningKeyError: When the chain cannot be read, or the key is another.
    """
    _, chain = read_chain(path)
    check_key(chain[0], key, str(path), "Name the key of that certificate, or ask for a new one by `assaymark keys csr`.")
    return signing_request(key, chain[0].subject)


def _subject_problem(subject: str) -> SigningKeyError:
    return SigningKeyError(
        "the subject cannot be used",
        where="--subject",
        found=repr(subject),
        expected="a name with CN and O, such as CN=Data office,O=Example",
        remedy="Correct it; a comma within a value is written \\,",
    )
