"""Strict reading of manifest stores: canonical JUMBF and CBOR only.

A C2PA reader forgives padding, unknown identifiers and trailing bytes, none of which the signature covers. Here every byte of a
store is either signed, hashed by something signed, or must have the one value that it can have. Sources: ISO 19566-5 (JUMBF),
C2PA 2.2 sections 11 and 13, RFC 9052 (COSE), RFC 8949 section 4.2 (canonical CBOR).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from assaymark.errors import ManifestError
from assaymark.provenance.signing import P256_ORDER

_TAIL = bytes.fromhex("00110010800000aa00389b71")
_STORE, _MANIFEST, _ASSERTIONS = b"c2pa" + _TAIL, b"c2ma" + _TAIL, b"c2as" + _TAIL
_CLAIM, _SIGNATURE, _CBOR = b"c2cl" + _TAIL, b"c2cs" + _TAIL, b"cbor" + _TAIL
_DATABOXES, _STORES = b"c2db" + _TAIL, b"c2vc" + _TAIL
_EMBEDDED = bytes.fromhex("40cb0c32bb8a489da70b2ad6f47f4369")
_KNOWN = frozenset({_STORE, _MANIFEST, _ASSERTIONS, _CLAIM, _SIGNATURE, _CBOR, _DATABOXES, _STORES, _EMBEDDED})
_PLAIN, _SALTED = 0x03, 0x13  # requestable with a label, without and with a private box, which holds the salt
_LABEL = re.compile(rb"[A-Za-z0-9._:\-]{1,200}\Z")
_FILE_TYPE = re.compile(rb"\x00[a-z]{1,40}/[a-z0-9.+\-]{1,80}\x00\Z")
_SALT_SIZES = frozenset({16, 32})
_DEPTH_LIMIT = 8
_HEADER = 8
_ALGORITHM, _CHAIN = 1, 33  # labels of a COSE header
_ES256 = -7
_HALF_SIGNATURE = 32


@dataclass(frozen=True, slots=True)
class Box:
    """A JUMBF superbox.

    Attributes:
        label: Its label.
        kind: Its 16-byte type identifier.
        raw: All of its bytes.
        boxes: Superboxes in it.
        contents: Content boxes in it, as (type, bytes).
    """

    label: str
    kind: bytes
    raw: bytes
    boxes: tuple[Box, ...]
    contents: tuple[tuple[bytes, bytes], ...]

    def child(self, label: str) -> Box:
        """Return the superbox with a label.

        Raises:
            ManifestError: When there is not exactly one.
        """
        found = [box for box in self.boxes if box.label == label]
        if len(found) != 1:
            raise _malformed(f"{len(found)} boxes labelled {label}")
        return found[0]


def read_store(store: bytes) -> tuple[Box, ...]:
    """Return the manifests of a store, the active one last.

    Raises:
        ManifestError: When a byte is not what it must be.
    """
    boxes = list(_parse(store, 0))
    if len(boxes) != 1 or not isinstance(boxes[0], Box) or boxes[0].kind != _STORE or boxes[0].label != "c2pa":
        raise _malformed("it is no manifest store")
    manifests = boxes[0].boxes
    if not manifests or boxes[0].contents or len({manifest.label for manifest in manifests}) != len(manifests):
        raise _malformed("a manifest is missing or occurs twice")
    for manifest in manifests:
        _check_manifest(manifest)
    return manifests


def _malformed(found: str) -> ManifestError:
    return ManifestError(
        "the manifest is not in canonical form",
        found=found,
        expected="exact lengths, known identifiers, zero padding and nothing else",
        remedy="Do not trust it; ask for the release again.",
    )


def _parse(data: bytes, depth: int) -> Iterator[Box | tuple[bytes, bytes]]:
    if depth > _DEPTH_LIMIT:
        raise _malformed("too many levels")
    place = 0
    while place < len(data):
        if len(data) - place < _HEADER:
            raise _malformed("trailing bytes")
        size, kind = struct.unpack_from(">I4s", data, place)
        if size < _HEADER or place + size > len(data):
            raise _malformed("a length that does not fit")
        content = data[place + _HEADER : place + size]
        yield _superbox(data[place : place + size], depth) if kind == b"jumb" else (kind, content)
        place += size


def _superbox(raw: bytes, depth: int) -> Box:
    parts = list(_parse(raw[_HEADER:], depth + 1))
    if not parts or isinstance(parts[0], Box) or parts[0][0] != b"jumd":
        raise _malformed("a box without a description")
    kind, label = _description(parts[0][1])
    boxes = tuple(part for part in parts[1:] if isinstance(part, Box))
    contents = tuple(part for part in parts[1:] if not isinstance(part, Box))
    if any(name == b"jumd" for name, _ in contents) or bool(boxes) == bool(contents):
        raise _malformed(f"the content of {label}")
    _check_contents(kind, label, contents)
    return Box(label, kind, raw, boxes, contents)


def _description(content: bytes) -> tuple[bytes, str]:
    kind, rest = content[:16], content[17:]
    if len(content) < 18 or kind not in _KNOWN or content[16] not in {_PLAIN, _SALTED}:  # noqa: PLR2004 - type, toggles, label
        raise _malformed("an unknown box type")
    label, end, salt = rest.partition(b"\x00")
    if not end or not _LABEL.match(label):
        raise _malformed("a label that is none")
    if content[16] == _PLAIN:
        if salt:
            raise _malformed("bytes after a label")
        return kind, label.decode()
    if len(salt) < _HEADER or len(salt) - _HEADER not in _SALT_SIZES:
        raise _malformed("a salt of unknown size")
    size, name = struct.unpack_from(">I4s", salt)
    if size != len(salt) or name != b"c2sh":
        raise _malformed("a private box that is no salt")
    return kind, label.decode()


def _check_contents(kind: bytes, label: str, contents: tuple[tuple[bytes, bytes], ...]) -> None:
    names = [name for name, _ in contents]
    expected = {_CBOR: [b"cbor"], _CLAIM: [b"cbor"], _SIGNATURE: [b"cbor"], _EMBEDDED: [b"bfdb", b"bidb"]}
    if names != expected.get(kind, []):
        raise _malformed(f"the content of {label}")
    for name, content in contents:
        if name == b"cbor":
            canonical_cbor(content)
        if name == b"bfdb" and not _FILE_TYPE.match(content):
            raise _malformed(f"the file type of {label}")


def canonical_cbor(content: bytes) -> Any:
    """Return the value of CBOR bytes that are the one canonical form of it.

    Raises:
        ManifestError: When they are not.
    """
    import cbor2

    try:
        value = cbor2.loads(content)
        again = cbor2.dumps(value)
    except (cbor2.CBORError, ValueError, TypeError, RecursionError, OverflowError) as error:
        raise _malformed(f"CBOR: {type(error).__name__}") from error
    if again != content:
        raise _malformed("CBOR in another than the canonical form")
    return value


def _check_manifest(manifest: Box) -> None:
    if manifest.kind != _MANIFEST or not manifest.label.startswith("urn:c2pa:"):
        raise _malformed("a manifest that is none")
    labels = [box.label for box in manifest.boxes]
    if labels[:1] != ["c2pa.assertions"] or labels.count("c2pa.claim.v2") != 1 or labels.count("c2pa.signature") != 1:
        raise _malformed("the parts of a manifest")
    if set(labels) - {"c2pa.assertions", "c2pa.claim.v2", "c2pa.signature", "c2pa.databoxes"} or len(set(labels)) != len(
        labels
    ):
        raise _malformed("an unknown part of a manifest")
    kinds = {
        "c2pa.assertions": _ASSERTIONS,
        "c2pa.claim.v2": _CLAIM,
        "c2pa.signature": _SIGNATURE,
        "c2pa.databoxes": _DATABOXES,
    }
    if any(box.kind != kinds[box.label] for box in manifest.boxes):
        raise _malformed("a part of a manifest of another type")
    claim = canonical_cbor(manifest.child("c2pa.claim.v2").contents[0][1])
    _check_claim(claim, manifest)
    _check_signature(canonical_cbor(manifest.child("c2pa.signature").contents[0][1]))


def _check_claim(claim: Any, manifest: Box) -> None:
    """Every assertion must be one that the claim names, for only those are hashed, and the claim must name its own manifest."""
    if not isinstance(claim, dict) or claim.get("signature") != f"self#jumbf=/c2pa/{manifest.label}/c2pa.signature":
        raise _malformed("a claim of another manifest")
    named = [*claim.get("created_assertions", []), *claim.get("gathered_assertions", [])]
    urls = [str(entry.get("url")) for entry in named if isinstance(entry, dict)]
    own = [f"self#jumbf=c2pa.assertions/{box.label}" for box in manifest.child("c2pa.assertions").boxes]
    if sorted(url.replace(f"/c2pa/{manifest.label}/", "") for url in urls) != sorted(own):
        raise _malformed("an assertion that the claim does not name")


def _check_signature(signature: Any) -> None:
    import cbor2

    if not isinstance(signature, cbor2.CBORTag) or signature.tag != 18 or len(signature.value) != 4:  # noqa: PLR2004 - COSE_Sign1
        raise _malformed("no COSE signature")
    protected, unprotected, payload, raw = signature.value
    header = canonical_cbor(protected) if isinstance(protected, bytes) else None
    if not isinstance(header, dict) or set(header) != {_ALGORITHM, _CHAIN} or payload is not None or not isinstance(raw, bytes):
        raise _malformed("a signature with an unknown header")
    if not isinstance(unprotected, Mapping) or set(unprotected) - {"pad", "pad2"}:
        raise _malformed("a signature with an unknown unsigned header")
    if any(not isinstance(pad, bytes) or any(pad) for pad in unprotected.values()):
        raise _malformed("padding that is not zero")
    if header[_ALGORITHM] == _ES256 and (
        len(raw) != 2 * _HALF_SIGNATURE or int.from_bytes(raw[_HALF_SIGNATURE:], "big") > P256_ORDER // 2
    ):
        raise _malformed("an ES256 signature that is not in its lower form")
