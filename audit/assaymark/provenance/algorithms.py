"""The signature algorithms that manifests have: which one a key signs by, and signatures in the form that manifests hold.

Sources: C2PA 2.2 section 13.2; RFC 9053 sections 2.1 (ECDSA) and 2.2 (EdDSA); RFC 8230 (RSASSA-PSS).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
P384_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973
ORDERS = {"es256": P256_ORDER, "es384": P384_ORDER}
ALGORITHMS = ("es256", "es384", "ed25519", "ps256")
RSA_BITS = 2048  # fewest that manifests accept
_CURVES = {"secp256r1": "es256", "secp384r1": "es384"}
_HASHES = {"es256": "SHA256", "es384": "SHA384"}


def algorithm_of(public_key: Any) -> str | None:
    """Return the algorithm that a key of this kind signs by, one of :data:`ALGORITHMS`; None when manifests have none."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(public_key, ec.EllipticCurvePublicKey):
        return _CURVES.get(public_key.curve.name)
    if isinstance(public_key, ed25519.Ed25519PublicKey):
        return "ed25519"
    if isinstance(public_key, rsa.RSAPublicKey) and public_key.key_size >= RSA_BITS:
        return "ps256"
    return None


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


def plain_form(algorithm: str, signature: bytes) -> bytes:
    """Return a signature as manifests hold it: r || s, the lower form of the two, for ECDSA; all others as they are.

    What signs by ECDSA elsewhere gives DER (OpenSSL, most key services) or r || s (most hardware); both are taken.
    """
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    order = ORDERS.get(algorithm)
    if order is None:
        return signature
    width = (order.bit_length() + 7) // 8
    if len(signature) != 2 * width:
        try:
            r, s = decode_dss_signature(signature)
            signature = r.to_bytes(width, "big") + s.to_bytes(width, "big")
        except (ValueError, OverflowError):
            return signature  # the check against the certificate will tell
    return lower_form(algorithm, signature)


def sign_with(private_key: Any, algorithm: str, data: bytes) -> bytes:
    """Return the signature of a private key in memory, in its plain form."""
    from cryptography.hazmat.primitives.asymmetric import ec

    if algorithm == "ed25519":
        return bytes(private_key.sign(data))
    if algorithm == "ps256":
        return bytes(private_key.sign(data, *_pss()))
    return plain_form(algorithm, private_key.sign(data, ec.ECDSA(_hash(_HASHES[algorithm]))))


def verify_signature(public_key: Any, algorithm: str, signature: bytes, data: bytes) -> bool:
    """Return whether a signature in its plain form is that of a key over data."""
    from cryptography.exceptions import InvalidSignature

    if algorithm not in _VERIFY or algorithm_of(public_key) != algorithm:
        return False
    try:
        _VERIFY[algorithm](public_key, algorithm, signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def _hash(name: str) -> Any:
    from cryptography.hazmat.primitives import hashes

    return getattr(hashes, name)()


def _pss() -> tuple[Any, Any]:
    from cryptography.hazmat.primitives.asymmetric import padding

    digest = _hash("SHA256")
    return padding.PSS(padding.MGF1(digest), digest.digest_size), digest


def _verify_ecdsa(public_key: Any, algorithm: str, signature: bytes, data: bytes) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    half = len(signature) // 2
    r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
    public_key.verify(encode_dss_signature(r, s), data, ec.ECDSA(_hash(_HASHES[algorithm])))


_VERIFY: dict[str, Callable[[Any, str, bytes, bytes], None]] = {
    "es256": _verify_ecdsa,
    "es384": _verify_ecdsa,
    "ed25519": lambda key, _, signature, data: key.verify(signature, data),
    "ps256": lambda key, _, signature, data: key.verify(signature, data, *_pss()),
}
