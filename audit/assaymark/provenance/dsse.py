"""Signed envelopes for JSON that is no file: DSSE 1.0, with the signer's certificates in each signature.

Source: https://github.com/secure-systems-lab/dsse, protocol.md and envelope.md. The specification leaves the encoding of a
signature to its algorithm; ECDSA is DER here, as the libraries of in-toto expect.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from assaymark.errors import ManifestError, StampError
from assaymark.provenance.algorithms import ORDERS, algorithm_of, lower_form, plain_form, verify_signature
from assaymark.provenance.certificates import anchored, leaf_problem, load_certificate
from assaymark.provenance.trust import as_trust

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography import x509

    from assaymark.host.specs import Signer
    from assaymark.provenance.trust import TrustLike

_LONGEST_CHAIN = 8


@dataclass(frozen=True, slots=True)
class Opened:
    """An envelope whose signature holds.

    Attributes:
        payload: The bytes that were signed.
        chain: Certificates of the signer, leaf first.
        signer: Common name of the signer's certificate, empty when it has none.
    """

    payload: bytes
    chain: tuple[x509.Certificate, ...]
    signer: str

    def trusted(self, trust: TrustLike, moment: datetime) -> bool:
        """Return whether the signer was allowed to sign at a moment, and chains to a root that vouches for signers.

        A revoked certificate is not trusted at any moment: the one that the signer names is not proven.
        """
        try:
            if any(each.holds_at(datetime.now(UTC)) for each in as_trust(trust).revocations(self.chain)):
                return False
            return leaf_problem(self.chain[0], moment) is None and anchored(self.chain, trust, moment)
        except ValueError:  # certificates are parsed when they are asked
            return False


def signed_bytes(payload_type: str, payload: bytes) -> bytes:
    """Return what the signature of an envelope is over: the "pre-authentication encoding"."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def seal(signer: Signer, payload_type: str, payload: bytes) -> dict[str, Any]:
    """Return a signed envelope, JSON-ready.

    Raises:
        StampError: When the signature that came back is not that of the signer's certificate.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    chain = x509.load_pem_x509_certificates(signer.certificates)
    message = signed_bytes(payload_type, payload)
    signature = lower_form(signer.algorithm, signer.sign(message))
    if not verify_signature(chain[0].public_key(), signer.algorithm, signature, message):
        raise StampError(
            "the signature is not that of the signer's certificate", where=payload_type, remedy="Check key and certificate."
        )
    texts = [base64.b64encode(certificate.public_bytes(Encoding.PEM)).decode() for certificate in chain]
    der = chain[0].public_bytes(Encoding.DER)
    told = {"keyid": hashlib.sha256(der).hexdigest(), "sig": base64.b64encode(_encoded(signer.algorithm, signature)).decode()}
    return {
        "payloadType": payload_type,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{**told, "certificate": texts[0], "intermediates": texts[1:]}],
    }


def _encoded(algorithm: str, signature: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    if algorithm not in ORDERS:
        return signature
    half = len(signature) // 2
    return encode_dss_signature(int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))


def unseal(envelope: Mapping[str, Any], payload_type: str) -> Opened:
    """Return what an envelope with one signature holds.

    Raises:
        ManifestError: When it is no such envelope, or its signature does not hold. Whether to trust the signer is not asked.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.x509.oid import NameOID

    try:
        if envelope["payloadType"] != payload_type or len(envelope["signatures"]) != 1:
            raise _refused(f"an envelope of {str(envelope['payloadType'])[:80]!r}")
        signature = envelope["signatures"][0]
        payload, raw = _bytes(envelope["payload"]), _bytes(signature["sig"])
        texts = [signature["certificate"], *signature.get("intermediates", [])]
        if len(texts) > _LONGEST_CHAIN:
            raise _refused(f"{len(texts)} certificates")
        chain = tuple(load_certificate(ssl.PEM_cert_to_DER_cert(_bytes(text).decode())) for text in texts)
        algorithm = algorithm_of(chain[0].public_key()) or ""
        message = signed_bytes(payload_type, payload)
        holds = verify_signature(chain[0].public_key(), algorithm, plain_form(algorithm, raw), message)
        names = chain[0].subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except (KeyError, TypeError, ValueError, AttributeError, UnsupportedAlgorithm) as error:
        raise _refused(f"{type(error).__name__}: {error}"[:200]) from error
    if not holds:
        raise ManifestError("the signature does not hold", where=payload_type, remedy="Do not trust it; ask for it again.")
    return Opened(payload, chain, str(names[0].value) if names else "")


def _bytes(text: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"base64: {error}") from error


def _refused(found: str) -> ManifestError:
    return ManifestError("the envelope cannot be read", found=found, expected="DSSE with one signature")
