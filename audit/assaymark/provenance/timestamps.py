"""RFC 3161 time stamps: what a token says, and whether it holds; the parsing and the chain by ``rfc3161-client``.

Sources: RFC 3161 section 2.4; RFC 5652 section 5; C2PA 2.2 sections 10.3.2.5.2 (``sigTst2``) and 14.6 (time-stamp authorities).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from assaymark.provenance.certificates import common_name, fingerprint, issued, issues, load_certificate
from assaymark.provenance.der import encoded
from assaymark.provenance.trust import Anchored, roots

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cryptography import x509

    from assaymark.provenance.trust import Trust

_HASHES = {"2.16.840.1.101.3.4.2.1": "sha256", "2.16.840.1.101.3.4.2.2": "sha384", "2.16.840.1.101.3.4.2.3": "sha512"}
_GRANTED = bytes.fromhex("3003020100")  # PKIStatusInfo of a response, without which the library takes no token
# the algorithms by which authorities sign, in DER, by digest: ECDSA, RSA, and RSA of any digest
_SIGNED_BY = {
    "sha256": ("300a06082a8648ce3d040302", "300d06092a864886f70d01010b0500", "300d06092a864886f70d0101010500"),
    "sha384": ("300a06082a8648ce3d040303", "300d06092a864886f70d01010c0500", "300d06092a864886f70d0101010500"),
    "sha512": ("300a06082a8648ce3d040304", "300d06092a864886f70d01010d0500", "300d06092a864886f70d0101010500"),
}
_OCTETS, _SEQUENCE = 0x04, 0x30  # tags
_CMS_VERSION, _SIGNER_VERSION, _TOKEN_VERSION = 3, 1, 1
_LONGEST_CHAIN = 8


class TokenError(Exception):
    """A token is malformed, altered, or over other bytes."""


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """What a token says that holds.

    Attributes:
        time: When the bytes existed, by the clock of the authority.
        authority: Common name of the authority's certificate.
        certificates: The authority's certificate and its issuers, as far as the token has them.
        anchor: The root that vouches for the authority; None when no root does that the verifier trusts.
    """

    time: datetime
    authority: str
    certificates: tuple[x509.Certificate, ...]
    anchor: Anchored | None = None

    @property
    def trusted(self) -> bool:
        """Whether the time is proven, rather than claimed."""
        return self.anchor is not None


def read_token(token: bytes, message: bytes, trust: Trust) -> TimeStamp:
    """Check a token over a message.

    Its imprint must be that of the message, its signature that of its authority, and its authority's certificate one for time
    stamps alone. Certificates are judged at the time that the token states, for that is when they were used.

    Args:
        token: A TimeStampToken, in DER.
        message: The bytes that it must be over.
        trust: Whom the verifier trusts.

    Raises:
        TokenError: When it is malformed, altered or over something else. An authority that nobody vouches for is no error.
    """
    answer = parse_response(as_response(token))
    imprint = answer.tst_info.message_imprint
    digest = _HASHES.get(imprint.hash_algorithm.dotted_string)
    if digest is None or imprint.message != hashlib.new(digest, message).digest():
        raise TokenError("it is over other bytes")
    try:
        chain = _chain(answer)
        authority = common_name(chain[0]) or chain[0].subject.rfc4514_string()
    except (ValueError, KeyError, TypeError) as error:  # a certificate's parts are read when they are asked for
        raise TokenError("a certificate cannot be read") from error
    _check_end(answer, token)
    _check_bound(chain[0], token)
    stamp = TimeStamp(answer.tst_info.gen_time, authority, chain)
    known = [each for each in roots((*trust.anchors, *trust.clocks)) if each[0] in chain or each[0].subject == chain[-1].issuer]
    for root, anchor in known:
        if _holds(answer, root):
            return replace(stamp, anchor=Anchored(root.subject.rfc4514_string(), fingerprint(root), anchor.source))
    if known or (issued(chain[-1], chain[-1]) and not _holds(answer, chain[-1])):
        raise TokenError("its signature, or its chain of certificates, does not hold at the time that it states")
    return stamp


def as_response(token: bytes) -> bytes:
    """Return a token within a response that was granted, the form in which it is handed on in a file."""
    return encoded(_SEQUENCE, _GRANTED + token)


def parse_response(response: bytes) -> Any:
    """Return a time-stamp response that was granted, in the form that :rfc:`3161` gives it and no other.

    Raises:
        TokenError: When it is something else, or was refused.
    """
    import rfc3161_client

    try:
        answer = rfc3161_client.decode_timestamp_response(response)
        if answer.status > rfc3161_client.PKIStatus.GRANTED_WITH_MODS:
            raise TokenError("refused: " + "; ".join([rfc3161_client.PKIStatus(answer.status).name, *answer.status_string]))
        _check_form(answer)
    except (ValueError, TypeError, OverflowError, Warning) as error:
        raise TokenError(f"it cannot be read: {type(error).__name__}") from error
    return answer


def _check_form(answer: Any) -> None:
    data, info = answer.signed_data, answer.tst_info
    signers = list(data.signer_infos)
    versions = (data.version, info.version, *(signer.version for signer in signers))
    if versions != (_CMS_VERSION, _TOKEN_VERSION, _SIGNER_VERSION) or len(data.digest_algorithms) != 1:
        raise TokenError("it is not of the form that RFC 3161 gives it")


def _check_end(answer: Any, token: bytes) -> None:
    """Check what the library does not: that a token names the algorithm of its signature, and ends with that signature.

    Whatever came after it would be signed by nobody.
    """
    (digest,) = answer.signed_data.digest_algorithms
    for algorithm in map(bytes.fromhex, _SIGNED_BY.get(_HASHES.get(digest.dotted_string, ""), ())):
        _, found, end = token.rpartition(algorithm)
        if found and end == encoded(_OCTETS, end[_header_size(end) :]):
            return
    raise TokenError("it does not end with a signature of a known kind")


def _check_bound(certificate: x509.Certificate, token: bytes) -> None:
    """Check that a token holds the hash of its authority's certificate, as RFC 3161 section 2.4.2 demands."""
    from cryptography.hazmat.primitives.serialization import Encoding

    whole = certificate.public_bytes(Encoding.DER)
    if not any(hashlib.new(name, whole, usedforsecurity=False).digest() in token for name in ("sha1", *_HASHES.values())):
        raise TokenError("it does not name the certificate of its authority")


def _header_size(encoded: bytes) -> int:
    return 2 if len(encoded) < 2 or encoded[1] < 0x80 else 2 + (encoded[1] & 0x7F)  # noqa: PLR2004 - DER's two forms of a length


def _chain(answer: Any) -> tuple[x509.Certificate, ...]:
    """Return the certificates of a token, its signer's first; each of the others must have issued the one before it.

    Certificates that lie beside the chain would be bytes that nothing signs.
    """
    (signer,) = answer.signed_data.signer_infos
    others = _certificates(answer.signed_data.certificates)
    chain = [each for each in others if each.issuer == signer.issuer and each.serial_number == signer.serial_number]
    if len(chain) != 1 or not _stamps_time(chain[0]):
        raise TokenError("it has no certificate of a time-stamp authority")
    others.remove(chain[0])
    while others:
        issuer = next((each for each in others if issues(each) and issued(chain[-1], each)), None)
        if issuer is None:
            raise TokenError("it has a certificate that is not of its chain")
        others.remove(issuer)
        chain.append(issuer)
    return tuple(chain)


def _certificates(encoded: Iterable[bytes]) -> list[x509.Certificate]:
    found = [load_certificate(each) for each in encoded]
    if len(found) > _LONGEST_CHAIN:
        raise TokenError("it has too many certificates")
    return found


def _stamps_time(certificate: x509.Certificate) -> bool:
    """Return whether a certificate is for time stamps and nothing else, and says so critically (RFC 3161 section 2.3)."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False
    return purposes.critical and list(purposes.value) == [ExtendedKeyUsageOID.TIME_STAMPING] and not issues(certificate)


def _holds(answer: Any, root: x509.Certificate) -> bool:
    """Return whether a token's signature, and its chain to a root, hold at the time that it states."""
    from rfc3161_client import VerificationError, VerifierBuilder

    digest = answer.tst_info.message_imprint.message
    try:
        return bool(VerifierBuilder(roots=[root]).build().verify(answer, digest))
    except (VerificationError, ValueError, TypeError, Warning):
        return False
