"""Signers whose private key is a file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from assaymark.errors import SigningKeyError
from assaymark.provenance.keys import LABEL, check_leaf, ensure_keys, load_private_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

KEY_VARIABLE, CHAIN_VARIABLE = "ASSAYMARK_SIGNING_KEY", "ASSAYMARK_SIGNING_CHAIN"
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
P384_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973
ORDERS = {"es256": P256_ORDER, "es384": P384_ORDER}
_WIDTH = 32


def lower_form(algorithm: str, signature: bytes) -> bytes:
    """Return the one of two equivalent ECDSA signatures, r || s, whose s lies in the lower half: only that one is accepted.

    Signatures of other algorithms, and of another length, come back as they are.
    """
    order = ORDERS.get(algorithm)
    width = len(signature) // 2
    if order is None or len(signature) != 2 * ((order.bit_length() + 7) // 8):
        return signature
    s = int.from_bytes(signature[width:], "big")
    return signature[:width] + min(s, (order - s) % order).to_bytes(width, "big")


@dataclass(frozen=True, slots=True, repr=False)
class PemSigner:
    """Signs by ES256 with a key from a PEM file.

    Attributes:
        certificates: PEM chain, leaf first, without the root.
        label: What to call the signer.
        created: Whether the key was made just now.
    """

    certificates: bytes
    label: str
    key: ec.EllipticCurvePrivateKey
    created: bool = False

    @property
    def algorithm(self) -> str:
        """COSE algorithm name."""
        return "es256"

    def sign(self, data: bytes) -> bytes:
        """Return r || s."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

        r, s = decode_dss_signature(self.key.sign(data, ec.ECDSA(hashes.SHA256())))
        return lower_form(self.algorithm, r.to_bytes(_WIDTH, "big") + s.to_bytes(_WIDTH, "big"))

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


def open_pem_signer() -> PemSigner:
    """Open the signer whose key and chain files are named by ``ASSAYMARK_SIGNING_KEY`` and ``ASSAYMARK_SIGNING_CHAIN``.

    Raises:
        SigningKeyError: When a variable is not set or a file cannot be used.
    """
    from cryptography import x509

    paths = {name: os.environ.get(name) for name in (KEY_VARIABLE, CHAIN_VARIABLE)}
    for name, path in paths.items():
        if not path:
            raise SigningKeyError(
                "the pem signer is not set up", where=name, found="not set", remedy=f"Set {name} to a PEM file."
            )
    key = load_private_key(Path(str(paths[KEY_VARIABLE])))
    chain_path = Path(str(paths[CHAIN_VARIABLE]))
    try:
        chain = chain_path.read_bytes()
        leaf = x509.load_pem_x509_certificates(chain)[0]
    except (OSError, ValueError) as error:
        raise SigningKeyError(
            "the certificate chain cannot be read",
            where=str(chain_path),
            remedy="Name a PEM file, leaf first, without the root.",
        ) from error
    check_leaf(
        leaf, key, str(chain_path), f"Name a key and its own current certificate by {KEY_VARIABLE} and {CHAIN_VARIABLE}."
    )
    return PemSigner(chain, leaf.subject.rfc4514_string(), key)
