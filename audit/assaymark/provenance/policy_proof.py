"""A proof of when a policy was fixed: an RFC 3161 response over the policy file, which OpenSSL checks as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.provenance.der import with_sorted_certificates
from assaymark.provenance.timestamps import as_response, parse_response, read_token

if TYPE_CHECKING:
    from assaymark.provenance.authorities import TimeStampAuthority
    from assaymark.provenance.timestamps import TimeStamp
    from assaymark.provenance.trust import Trust

PROOF_FILE = "policy.tsr"
PROOF_LIMIT = 64 * 1024


def commit(policy: bytes, authority: TimeStampAuthority) -> bytes:
    """Return a proof that the bytes of a policy exist now.

    Raises:
        TimeStampError: When the authority does not stamp.
    """
    return as_response(authority.stamp(policy))


def read_proof(proof: bytes, policy: bytes, trust: Trust) -> TimeStamp:
    """Return when a policy existed, by a proof over its bytes.

    Raises:
        TokenError: When the proof is malformed, altered, or over another policy.
    """
    proof = with_sorted_certificates(proof)  # it may be made by another tool
    return read_token(bytes(parse_response(proof).time_stamp_token()), policy, trust)
