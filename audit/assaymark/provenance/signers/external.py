"""What all signers share whose key is elsewhere: a chain in a file here, and a check of every signature before it is used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from assaymark.errors import SigningKeyError
from assaymark.provenance.algorithms import algorithm_of, plain_form, verify_signature
from assaymark.provenance.key_files import check_current
from assaymark.provenance.signing import CHAIN_VARIABLE, load_chain

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography import x509


@dataclass(frozen=True, slots=True, repr=False)
class ExternalSigner:
    """A signer that asks somebody else for each signature.

    Attributes:
        certificates: PEM chain, leaf first, without the root.
        label: What to call the signer: the subject of its certificate.
        algorithm: COSE algorithm name, by the kind of the certificate's key.
        leaf: The signer's certificate.
        ask: From the bytes to sign to a signature: r || s or DER for ECDSA.
        close: Called when nothing is left to sign.
        where: What to name in an error.
    """

    certificates: bytes
    label: str
    algorithm: str
    leaf: x509.Certificate
    ask: Callable[[bytes], bytes]
    close: Callable[[], None]
    where: str

    def sign(self, data: bytes) -> bytes:
        """Return the raw signature over ``data``.

        Raises:
            SigningKeyError: When none comes back, or it is not of the certificate's key.
        """
        signature = plain_form(self.algorithm, self.ask(data))
        if not verify_signature(self.leaf.public_key(), self.algorithm, signature, data):
            raise SigningKeyError(
                "the signature that came back does not belong to the certificate",
                where=self.where,
                found=f"{len(signature)} bytes",
                expected=f"a signature by {self.algorithm} with the key of {self.label}",
                remedy=f"Check that the signer uses the key whose certificate {CHAIN_VARIABLE} names.",
            )
        return signature

    def __repr__(self) -> str:
        return f"ExternalSigner({self.label!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def external_signer(
    name: str, where: str, ask: Callable[[str, bytes], bytes], close: Callable[[], None] = lambda: None
) -> ExternalSigner:
    """Return a signer for the chain that ``ASSAYMARK_SIGNING_CHAIN`` names.

    Args:
        name: Name of the signer.
        where: What to name in an error.
        ask: From algorithm and bytes to a signature.
        close: Called at the end.

    Raises:
        SigningKeyError: When the chain is missing, not valid today, or of a key that manifests have no algorithm for.
    """
    chain, leaf = load_chain(name)
    algorithm = algorithm_of(leaf.public_key())
    if algorithm is None:
        raise SigningKeyError(
            "the certificate has a key of another kind",
            where=CHAIN_VARIABLE,
            expected="P-256, P-384, Ed25519, or RSA of at least 2048 bits",
            remedy="Ask for a certificate of another key.",
        )
    check_current(leaf, CHAIN_VARIABLE, "Renew the certificate.")
    label = leaf.subject.rfc4514_string()
    return ExternalSigner(chain, label, algorithm, leaf, lambda data: ask(algorithm, data), close, where)


def no_answer(where: str, found: str, remedy: str) -> SigningKeyError:
    """Return the error for a signer that gave no signature."""
    return SigningKeyError("the signer gave no signature", where=where, found=found[:300], remedy=remedy)


def missing_library(name: str, extra: str) -> SigningKeyError:
    """Return the error for a signer whose library is not installed."""
    return SigningKeyError(
        f"the {name} signer needs a library that is not installed",
        where=name,
        remedy=f"Install it by `pip install 'assaymark[{extra}]'`.",
    )
