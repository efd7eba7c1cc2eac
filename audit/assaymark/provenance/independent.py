"""A second reader of manifests, which shares no code with the C2PA library: CBOR by ``cbor2``, the rest by ``cryptography``.

Two readers that agree leave less room for a mistake of either. This one reads what Assaymark stamps, in its canonical form, and
no more. Sources: C2PA 2.2 sections 8.4 (hashed URIs), 13 (signatures), 15 (validation); RFC 9052 section 4.4; RFC 9053.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from assaymark.errors import ManifestError
from assaymark.provenance.algorithms import verify_signature
from assaymark.provenance.cose import signature_of
from assaymark.provenance.credentials import UNREADABLE, read_credentials
from assaymark.provenance.jumbf import Box, canonical_cbor, claimed_sha256, read_store
from assaymark.provenance.reading import Reading
from assaymark.provenance.trust import as_trust

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cryptography import x509

    from assaymark.provenance.credentials import Credentials
    from assaymark.provenance.trust import TrustLike

_ALGORITHM = 1
_HEADER = 8
_PREFIX, _OWN = "self#jumbf=/c2pa/", "self#jumbf=c2pa.assertions/"
_MISMATCH = "assertion.dataHash.mismatch"


def read_manifest(manifest: bytes, sha256: bytes, anchors: TrustLike) -> Reading:
    """Read a detached manifest against the digest of its file; never raises for what a stranger wrote."""
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        store = read_store(manifest)
        claimed = claimed_sha256(store[-1])
        trust = as_trust(anchors)
        signers = [read_credentials(box, trust) for box in store]
        leaves = [list(_problems(box, store, by)) for box, by in zip(store, signers, strict=True)]
        told = {"active_manifest": store[-1].label, "manifests": {store[-1].label: _told(store[-1], signers[-1].name)}}
    except (ManifestError, UnsupportedAlgorithm, *UNREADABLE) as error:
        return Reading("invalid", (f"{type(error).__name__}: {error}"[:200],))
    last = signers[-1]
    problems = tuple(dict.fromkeys(problem for found in leaves for problem in found))
    if claimed != sha256:
        problems = (*problems, _MISMATCH)  # beside what else failed: only a manifest that holds can tell of its file
    if problems:
        return Reading("invalid", problems, told, last)
    return Reading("trusted" if last.anchor is not None else "valid", (), told, last)


def _claim(manifest: Box) -> tuple[dict[str, Any], bytes]:
    content = manifest.child("c2pa.claim.v2").contents[0][1]
    claim: dict[str, Any] = canonical_cbor(content)
    return claim, content


def _problems(manifest: Box, store: Sequence[Box], by: Credentials) -> Iterator[str]:
    """Yield the codes of what is wrong with one manifest: its signature, its certificate, and everything that it hashes."""
    claim, signed = _claim(manifest)
    signature = signature_of(manifest)
    if not _signed_by(by.leaf, signature.header[_ALGORITHM], signature.raw, _signed_bytes(signature.protected, signed)):
        yield "claimSignature.mismatch"
    yield from by.problems
    assertions = manifest.child("c2pa.assertions")
    for entry in (*claim.get("gathered_assertions", ()), *claim.get("created_assertions", ())):
        if not _hashes(entry, assertions.child(str(entry["url"]).removeprefix(_OWN))):
            yield "assertion.hashedURI.mismatch"
    for box in assertions.boxes:
        if box.label.startswith("c2pa.ingredient"):
            yield from _ingredient_problems(canonical_cbor(box.contents[0][1]), assertions, store)


def _ingredient_problems(ingredient: Mapping[str, Any], assertions: Box, store: Sequence[Box]) -> Iterator[str]:
    manifests = {box.label: box for box in store}
    nested, signature, data = (ingredient.get(name) for name in ("activeManifest", "claimSignature", "data"))
    if nested is not None and not _hashes(nested, manifests[str(nested["url"]).removeprefix(_PREFIX)]):
        yield "ingredient.manifest.mismatch"
    if signature is not None:
        label = str(signature["url"]).removeprefix(_PREFIX).partition("/")[0]
        if not _hashes(signature, manifests[label].child("c2pa.signature")):
            yield "ingredient.claimSignature.mismatch"
    if data is not None and not _hashes(data, assertions.child(str(data["url"]).removeprefix(_OWN))):
        yield "ingredient.data.mismatch"


def _hashes(entry: Mapping[str, Any], box: Box) -> bool:
    """Return whether a hashed URI holds the SHA-256 of a box: of all of it but length and type."""
    return bool(entry.get("alg", "sha256") == "sha256" and entry["hash"] == hashlib.sha256(box.raw[_HEADER:]).digest())


def _signed_bytes(protected: bytes, claim: bytes) -> bytes:
    """Return what a COSE_Sign1 signs (RFC 9052 section 4.4); the claim is its detached payload."""
    import cbor2

    return cbor2.dumps(["Signature1", protected, b"", claim])


_COSE = {-7: "es256", -35: "es384", -8: "ed25519", -37: "ps256"}


def _signed_by(leaf: x509.Certificate, algorithm: object, raw: bytes, message: bytes) -> bool:
    name = _COSE.get(algorithm) if isinstance(algorithm, int) else None
    return name is not None and verify_signature(leaf.public_key(), name, raw, message)


def _told(manifest: Box, name: str) -> dict[str, Any]:
    """Return what a manifest says, in the form in which the library tells it."""
    claim, _ = _claim(manifest)
    created = [str(entry["url"]).removeprefix(_OWN) for entry in claim.get("created_assertions", ())]
    assertions = manifest.child("c2pa.assertions")
    return {
        "title": claim.get("dc:title"),
        "assertions": [
            {"label": label, "data": canonical_cbor(assertions.child(label).contents[0][1]), "created": True}
            for label in created
        ],
        "signature_info": {"common_name": name},
    }
