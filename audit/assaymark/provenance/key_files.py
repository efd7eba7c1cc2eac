"""Private keys and certificates in files: read safely, and checked before anything is signed."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from assaymark.errors import CertificateError, SigningKeyError
from assaymark.provenance.algorithms import algorithm_of
from assaymark.provenance.certificates import issued, issues, usage_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from cryptography import x509

PASSPHRASE_VARIABLE = "ASSAYMARK_SIGNING_PASSPHRASE_FILE"  # noqa: S105 - the name of a variable
INIT_HINT = "Run `assaymark keys init --force` to make new development keys."
_SIZE_LIMIT = 64 * 1024


def unreadable(path: Path, error: OSError) -> SigningKeyError:
    """Return the error for a key file that cannot be opened."""
    return SigningKeyError(
        "a key file cannot be read",
        where=str(path),
        found=error.strerror or type(error).__name__,
        remedy="Run `assaymark keys init`.",
    )


def read_key_file(path: Path) -> tuple[bytes, int]:
    """Return the content of a plain file and the mode of that very file, however its name is changed meanwhile."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise SigningKeyError("it is no plain file", where=str(path), remedy=INIT_HINT)
            return file.read(_SIZE_LIMIT), stat.S_IMODE(status.st_mode)
    except OSError as error:
        raise unreadable(path, error) from error


def load_private_key(path: Path, passphrase: Callable[[], bytes] | None = None) -> Any:
    """Read a private key in PEM that manifests have an algorithm for, and refuse a file that others can read.

    Args:
        path: The file.
        passphrase: Asked for the passphrase of an encrypted key; None when there is nobody to ask.

    Raises:
        SigningKeyError: When it is missing, open to others, encrypted and not opened, or no such key.
    """
    content, mode = read_key_file(path)
    if os.name == "posix" and mode & 0o077:
        raise SigningKeyError(
            "the private key can be read by others",
            where=str(path),
            found=f"mode {mode:04o}",
            expected="mode 0600",
            remedy=f"Run `chmod 600 {path.name}` in its folder, or make new keys if others had access.",
        )
    key = _decoded_key(path, content, passphrase)
    if algorithm_of(key.public_key()) is None:
        raise SigningKeyError(
            "the private key is of another kind",
            where=str(path),
            expected="an EC key on P-256 or P-384, an Ed25519 key, or an RSA key of at least 2048 bits",
            remedy="Make another key, for example by `assaymark keys csr`.",
        )
    return key


def _decoded_key(path: Path, content: bytes, passphrase: Callable[[], bytes] | None) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    try:
        return serialization.load_pem_private_key(content, password=None)
    except TypeError:  # what the library says of an encrypted key
        if passphrase is None:
            raise SigningKeyError(
                "the private key is encrypted",
                where=str(path),
                expected=f"its passphrase in the file that {PASSPHRASE_VARIABLE} names, or typed at a terminal",
                remedy=f"Set {PASSPHRASE_VARIABLE} to a file with the passphrase (mode 0600).",
            ) from None
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SigningKeyError("the private key cannot be read", where=str(path), remedy=INIT_HINT) from error
    try:
        return serialization.load_pem_private_key(content, password=passphrase())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SigningKeyError(
            "the passphrase does not open the private key", where=str(path), remedy="Check the passphrase."
        ) from error


def check_leaf(leaf: x509.Certificate, key: Any, where: str, remedy: str = INIT_HINT) -> None:
    """Check that a certificate is valid today and belongs to a private key.

    Raises:
        CertificateError: When it is not, or does not.
    """
    check_key(leaf, key, where, remedy)
    check_current(leaf, where, remedy)


def check_key(leaf: x509.Certificate, key: Any, where: str, remedy: str = INIT_HINT) -> None:
    """Check that a certificate belongs to a private key.

    Raises:
        CertificateError: When it does not.
    """
    from cryptography.hazmat.primitives import serialization

    public = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    if leaf.public_key().public_bytes(*public) != key.public_key().public_bytes(*public):
        raise CertificateError("key and certificate do not belong together", where=where, remedy=remedy)


def check_current(leaf: x509.Certificate, where: str, remedy: str) -> None:
    """Check that a certificate is valid today.

    Raises:
        CertificateError: When it is not.
    """
    now = datetime.now(UTC)
    if leaf.not_valid_after_utc <= now:
        found = leaf.not_valid_after_utc.strftime("expired on %Y-%m-%d")
        raise CertificateError("the certificate has expired", where=where, found=found, remedy=remedy)
    if leaf.not_valid_before_utc > now:
        found = leaf.not_valid_before_utc.strftime("valid from %Y-%m-%d %H:%M UTC")
        remedy = "Set this machine's clock, or wait."
        raise CertificateError("the certificate is not valid yet", where=where, found=found, remedy=remedy)


def check_chain(chain: Sequence[x509.Certificate], where: str) -> None:
    """Check that the first certificate of a chain may sign claims, and that each is issued by the next.

    Raises:
        CertificateError: When it may not, or they are in another order.
    """
    leaf = chain[0]
    if len(chain) > 1 and issues(leaf) and not issues(chain[-1]):
        raise _not_usable("the certificates are in the wrong order", where, "an authority's certificate first")
    if issued(leaf, leaf):
        raise _not_usable("the certificate is self-signed", where, "nobody else vouches for it")
    problem = usage_problem(leaf)
    if problem is not None:
        raise _not_usable("the certificate may not sign", where, problem)
    for place, (certificate, issuer) in enumerate(pairwise(chain), start=1):
        if not issued(certificate, issuer) or not issues(issuer):
            raise _not_usable(
                "the chain of certificates is broken", where, f"number {place} was not issued by number {place + 1}"
            )


def _not_usable(what: str, where: str, found: str) -> CertificateError:
    return CertificateError(
        what,
        where=where,
        found=found,
        expected="a certificate for signing, first, then that of its issuer, and so on, without the root",
        remedy="Ask for a certificate by `assaymark keys csr`, and put the chain that comes back in this order.",
    )
