"""Signers whose private key is a file."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from assaymark.errors import SigningKeyError
from assaymark.provenance.algorithms import algorithm_of, sign_with
from assaymark.provenance.key_files import PASSPHRASE_VARIABLE, check_chain, check_leaf, load_private_key, read_key_file
from assaymark.provenance.keys import LABEL, ensure_keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography import x509

KEY_VARIABLE, CHAIN_VARIABLE = "ASSAYMARK_SIGNING_KEY", "ASSAYMARK_SIGNING_CHAIN"


@dataclass(frozen=True, slots=True, repr=False)
class PemSigner:
    """Signs with a key from a PEM file, by the algorithm of its kind.

    Attributes:
        certificates: PEM chain, leaf first, without the root.
        label: What to call the signer.
        key: The private key.
        created: Whether the key was made just now.
    """

    certificates: bytes
    label: str
    key: Any
    created: bool = False

    @property
    def algorithm(self) -> str:
        """COSE algorithm name."""
        return str(algorithm_of(self.key.public_key()))

    def sign(self, data: bytes) -> bytes:
        """Return the raw signature, r || s for ECDSA."""
        return sign_with(self.key, self.algorithm, data)

    def __repr__(self) -> str:
        return f"PemSigner({self.label!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        return None


def open_development_signer() -> PemSigner:
    """Open the development signer; makes its keys where there are none."""
    keys, created = ensure_keys()
    return PemSigner(keys.chain, LABEL, load_private_key(keys.key_path), created)


def setting(name: str, signer: str, what: str) -> str:
    """Return an environment variable that a signer needs.

    Raises:
        SigningKeyError: When it is not set.
    """
    value = os.environ.get(name)
    if not value:
        raise SigningKeyError(
            f"the {signer} signer is not set up", where=name, found="not set", remedy=f"Set {name} to {what}."
        )
    return value


def load_chain(signer: str) -> tuple[bytes, x509.Certificate]:
    """Return the chain that ``ASSAYMARK_SIGNING_CHAIN`` names, in PEM, and its leaf.

    Raises:
        SigningKeyError: When it is not set or cannot be read.
        CertificateError: When its certificate may not sign.
    """
    path = setting(CHAIN_VARIABLE, signer, "a PEM file with the certificate chain, leaf first")
    chain, certificates = read_chain(Path(path))
    check_chain(certificates, path)
    return chain, certificates[0]


def read_chain(path: Path) -> tuple[bytes, list[x509.Certificate]]:
    """Return the certificates of a file, in PEM and parsed.

    Raises:
        SigningKeyError: When it cannot be read.
    """
    from cryptography import x509

    try:
        content, _ = read_key_file(path)
        return content, x509.load_pem_x509_certificates(content)
    except (SigningKeyError, ValueError, x509.InvalidVersion) as error:
        raise SigningKeyError(
            "the certificate chain cannot be read", where=str(path), remedy="Name a PEM file, leaf first, without the root."
        ) from error


def open_pem_signer() -> PemSigner:
    """Open the signer whose key and chain files are named by ``ASSAYMARK_SIGNING_KEY`` and ``ASSAYMARK_SIGNING_CHAIN``.

    Raises:
        SigningKeyError: When a variable is not set or a file cannot be used.
    """
    path = setting(KEY_VARIABLE, "pem", "a PEM file")
    chain, leaf = load_chain("pem")
    key = load_private_key(Path(path), passphrase())
    remedy = f"Name a key and its own current certificate by {KEY_VARIABLE} and {CHAIN_VARIABLE}."
    check_leaf(leaf, key, os.environ[CHAIN_VARIABLE], remedy)
    return PemSigner(chain, leaf.subject.rfc4514_string(), key)


def passphrase() -> Callable[[], bytes] | None:
    """Return what asks for the passphrase of a key: a file that a variable names, else a person at a terminal, else nobody."""
    named = os.environ.get(PASSPHRASE_VARIABLE)
    if named:
        return lambda: read_key_file(Path(named))[0].rstrip(b"\r\n")
    if sys.stdin is not None and sys.stdin.isatty():
        import getpass

        return lambda: getpass.getpass("Passphrase of the signing key: ").encode()
    return None
