"""The COSE signature of a manifest, taken apart (RFC 9052 section 4; C2PA 2.2 sections 10.3.2.5 and 13.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assaymark.errors import ManifestError
from assaymark.provenance.jumbf import TOKENS, Box, canonical_cbor

if TYPE_CHECKING:
    from collections.abc import Mapping

_STAMP = "sigTst2"
_PAD_ROOM = 256  # fewest bytes of padding to leave, so that its length has the same width in CBOR before and after


@dataclass(frozen=True, slots=True)
class Signature:
    """A COSE_Sign1 over a claim.

    Attributes:
        protected: The signed header, encoded.
        header: The same, decoded.
        unprotected: The header that no signature covers.
        raw: The signature itself.
    """

    protected: bytes
    header: Mapping[int, Any]
    unprotected: Mapping[str, Any]
    raw: bytes

    @property
    def token(self) -> bytes | None:
        """The RFC 3161 token over the signature; None where there is none."""
        stamp = self.unprotected.get(_STAMP)
        return None if stamp is None else bytes(stamp[TOKENS][0]["val"])

    def stamped_bytes(self) -> bytes:
        """Return what a time stamp of the second form (``sigTst2``) is over: the signature, as a countersignature takes it."""
        import cbor2

        return cbor2.dumps(["CounterSignature", self.protected, b"", cbor2.dumps(self.raw)])


def signature_of(manifest: Box) -> Signature:
    """Return the signature of a manifest that :func:`~assaymark.provenance.jumbf.read_store` has accepted."""
    protected, unprotected, _, raw = canonical_cbor(manifest.child("c2pa.signature").contents[0][1]).value
    return Signature(protected, canonical_cbor(protected), unprotected, raw)


def with_token(store: bytes, manifest: Box, token: bytes) -> bytes:
    """Return a store with a time stamp put into the signature of one of its manifests, in the place of padding.

    Every length stays as it was, so nothing else in the store changes.

    Raises:
        ManifestError: When the padding is too short for it.
    """
    import cbor2

    content = manifest.child("c2pa.signature").contents[0][1]
    protected, unprotected, payload, raw = canonical_cbor(content).value
    room = len(unprotected["pad"]) - len(cbor2.dumps(_STAMP)) - len(cbor2.dumps(_stamp(token)))
    if set(unprotected) != {"pad"} or room < _PAD_ROOM:
        raise ManifestError(
            "the time stamp does not fit into the manifest",
            found=f"{len(token)} bytes",
            remedy="Use a time-stamp authority that sends a shorter chain of certificates.",
        )
    stamped = {_STAMP: _stamp(token), "pad": bytes(room)}
    again = cbor2.dumps(cbor2.CBORTag(18, [protected, stamped, payload, raw]))
    if len(again) != len(content) or store.count(content) != 1:
        raise ManifestError(
            "the time stamp does not fit into the manifest", found=f"{len(again) - len(content)} bytes too many"
        )
    return store.replace(content, again)


def _stamp(token: bytes) -> dict[str, Any]:
    return {TOKENS: [{"val": token}]}
