"""Strict reading of manifest stores: canonical JUMBF and CBOR only.

A C2PA reader forgives padding, unknown identifiers, trailing bytes, another order and manifests that nothing refers to, none of
which the signature covers. Here every byte of a store is either signed, hashed by something signed, or must have the one value
that it can have. What stays free is how many zeros pad the signature of a store of one manifest; a time stamp beside a
signature is held to a strict form of its own by the module ``timestamps``. Sources: ISO 19566-5 (JUMBF), C2PA 2.2 sections
11 and 13, RFC 9052 (COSE), RFC 8949 section 4.2 (canonical CBOR).
"""

from __future__ import annotations

import hashlib
import math
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from assaymark.errors import ManifestError
from assaymark.provenance.algorithms import P256_ORDER, P384_ORDER

_TAIL = bytes.fromhex("00110010800000aa00389b71")
_STORE, _MANIFEST, _ASSERTIONS = b"c2pa" + _TAIL, b"c2ma" + _TAIL, b"c2as" + _TAIL
_CLAIM, _SIGNATURE, _CBOR = b"c2cl" + _TAIL, b"c2cs" + _TAIL, b"cbor" + _TAIL
_EMBEDDED = bytes.fromhex("40cb0c32bb8a489da70b2ad6f47f4369")
_KNOWN = frozenset({_STORE, _MANIFEST, _ASSERTIONS, _CLAIM, _SIGNATURE, _CBOR, _EMBEDDED})
_ASSERTION_KINDS = frozenset({_CBOR, _EMBEDDED})
_PARTS = [("c2pa.assertions", _ASSERTIONS), ("c2pa.claim.v2", _CLAIM), ("c2pa.signature", _SIGNATURE)]
_PLAIN, _SALTED = 0x03, 0x13  # requestable with a label, without and with a private box, which holds the salt
_LABEL = re.compile(rb"[A-Za-z0-9._:\-]{1,200}\Z")
_FILE_TYPE = re.compile(rb"\x00[a-z]{1,40}/[a-z0-9.+\-]{1,80}\x00\Z")
_SALT_SIZES = frozenset({16, 32})
_DEPTH_LIMIT = 8
_CBOR_DEPTH_LIMIT = 64
_PLAIN_TYPES, _KEY_TYPES = frozenset({str, bytes, int, bool, type(None)}), frozenset({str, int})
_HEADER = 8
_SHA256_SIZE = 32
_ALGORITHM, _CHAIN = 1, 33  # labels of a COSE header
_SIGN1 = 18  # tag of a COSE_Sign1, a list of four
_SIGN1_PARTS = 4
TOKENS = "tstTokens"  # of a time stamp, of which there is one
_TOKEN_LIMIT = 64 * 1024
_ECDSA = {-7: (32, P256_ORDER), -35: (48, P384_ORDER)}  # by COSE algorithm: bytes of r and of s, order of the curve


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


@lru_cache(maxsize=4)  # of one sidecar several parts of a verification ask; that over a release is large
def read_store(store: bytes) -> tuple[Box, ...]:
    """Return the manifests of a store, the active one last.

    Raises:
        ManifestError: When a byte is not what it must be.
    """
    manifests = parse_store(store)
    signatures = [_check_manifest(manifest) for manifest in manifests]
    if len(set(signatures)) != 1:
        # one signer makes them all, so what no signature covers is held to what the nested manifests, which are hashed, have:
        # the length of the padding, and whether there is a time stamp
        raise _malformed("manifests of several signers, padding of another length, or a time stamp that others lack")
    if [manifest.label for manifest in manifests[:-1]] != _nested_labels(manifests[-1]):
        raise _malformed("a nested manifest that the last one does not name, or another order")
    return manifests


def parse_store(store: bytes) -> tuple[Box, ...]:
    """Return the manifests of a store, each not yet checked.

    Raises:
        ManifestError: When it is no store.
    """
    boxes = list(_parse(store, 0))
    if len(boxes) != 1 or not isinstance(boxes[0], Box) or boxes[0].kind != _STORE or boxes[0].label != "c2pa":
        raise _malformed("it is no manifest store")
    manifests = boxes[0].boxes
    if not manifests or boxes[0].contents or len({manifest.label for manifest in manifests}) != len(manifests):
        raise _malformed("a manifest is missing or occurs twice")
    return manifests


def claimed_sha256(manifest: Box) -> bytes:
    """Return the SHA-256 that a manifest claims its file to have, over all of its bytes.

    A manifest that lies within its file leaves its own bytes out; then this is :func:`place_and_sha256`, which no file has.

    Raises:
        ManifestError: When it claims none, or leaves other bytes out.
    """
    data, place = _hash_data(manifest), claimed_place(manifest)
    digest: bytes = data["hash"]
    return digest if place is None else place_and_sha256(*place, digest)


def claimed_place(manifest: Box) -> tuple[int, int] | None:
    """Return start and length of the bytes that a manifest leaves out of its hash, as those where it lies; None for none.

    Raises:
        ManifestError: When it has no hash, or leaves out several ranges.
    """
    data = _hash_data(manifest)
    return _exclusion(data["exclusions"]) if "exclusions" in data else None


def _hash_data(manifest: Box) -> dict[str, Any]:
    box = manifest.child("c2pa.assertions").child("c2pa.hash.data")
    data = canonical_cbor(box.contents[0][1]) if box.kind == _CBOR else None
    if not isinstance(data, dict) or set(data) - {"exclusions"} != {"name", "alg", "hash", "pad"} or data["alg"] != "sha256":
        raise _malformed("a hash of another kind")
    if not isinstance(data["hash"], bytes) or len(data["hash"]) != _SHA256_SIZE:
        raise _malformed("a hash of another length")
    return data


def _exclusion(exclusions: Any) -> tuple[int, int]:
    ranges = [each for each in exclusions if isinstance(each, dict)] if isinstance(exclusions, list) else []
    if len(ranges) != 1 or set(ranges[0]) != {"start", "length"}:
        raise _malformed("a hash that leaves out other bytes than its own manifest")
    start, length = ranges[0]["start"], ranges[0]["length"]
    if type(start) is not int or type(length) is not int or not 0 <= start < 2**63 or not 0 < length < 2**63:
        raise _malformed("a hash that leaves out no bytes of a file")
    return start, length


def place_and_sha256(start: int, length: int, sha256: bytes) -> bytes:
    """Return a digest of where in a file its manifest lies, and of all its other bytes."""
    return hashlib.sha256(b"assaymark-embedded/1\x00" + struct.pack(">QQ", start, length) + sha256).digest()


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
    if parts[0][1][16] == _SALTED and kind not in _ASSERTION_KINDS:
        raise _malformed("a salt where nothing hashes it")
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
    except (cbor2.CBORError, ValueError, TypeError, ArithmeticError, RecursionError, MemoryError) as error:
        raise _malformed(f"CBOR: {type(error).__name__}") from error
    if again != content:
        raise _malformed("CBOR in another than the canonical form")
    _check_plain(value.value if isinstance(value, cbor2.CBORTag) and value.tag == _SIGN1 else value, 0)
    return value


def _check_plain(value: Any, depth: int) -> None:
    """Refuse whatever is no number, text, bytes, list or map with keys of text or numbers: dates, patterns, sets, fractions."""
    kind = type(value)
    if kind in _PLAIN_TYPES:
        return
    if depth > _CBOR_DEPTH_LIMIT:
        raise _malformed("too many levels of CBOR")
    if isinstance(value, Mapping):
        for key, entry in value.items():
            if type(key) not in _KEY_TYPES:
                raise _malformed("a key that is no text")
            if type(entry) not in _PLAIN_TYPES:  # asked here too: most are, and a call takes longer
                _check_plain(entry, depth + 1)
    elif isinstance(value, (list, tuple)):
        for entry in value:
            _check_plain(entry, depth + 1)
    elif kind is not float or not math.isfinite(value):
        raise _malformed("CBOR of an unknown type")


def _check_manifest(manifest: Box) -> tuple[bytes, bool, int]:
    """Check one manifest; return its signer, by the signed header, whether it is time-stamped, and the signature's length."""
    if manifest.kind != _MANIFEST or not manifest.label.startswith("urn:c2pa:"):
        raise _malformed("a manifest that is none")
    if [(box.label, box.kind) for box in manifest.boxes] != _PARTS:
        raise _malformed("the parts of a manifest, or their order")
    assertions, claim, signature = manifest.boxes
    if any(box.kind not in _ASSERTION_KINDS for box in assertions.boxes):
        raise _malformed("an assertion of unknown type")
    _check_claim(canonical_cbor(claim.contents[0][1]), manifest.label, assertions)
    return *_check_signature(canonical_cbor(signature.contents[0][1])), len(signature.raw)


def _check_claim(claim: Any, label: str, assertions: Box) -> None:
    """Every assertion must be one that the claim names, for only those are hashed, and the claim must name its own manifest."""
    if not isinstance(claim, dict) or claim.get("signature") != f"self#jumbf=/c2pa/{label}/c2pa.signature":
        raise _malformed("a claim of another manifest")
    named: list[Any] = []
    for key in ("gathered_assertions", "created_assertions"):  # the order in which they are stored
        entries = claim.get(key, [])
        if not isinstance(entries, list):
            raise _malformed("a claim without a list of assertions")
        named += [entry.get("url") if isinstance(entry, dict) else None for entry in entries]
    if named != [f"self#jumbf=c2pa.assertions/{box.label}" for box in assertions.boxes]:
        raise _malformed("an assertion that the claim does not name, or another order")


def _nested_labels(manifest: Box) -> list[str]:
    """Return the labels of the manifests that the ingredients of a manifest name, in their order."""
    labels: list[str] = []
    for box in manifest.child("c2pa.assertions").boxes:
        ingredient = (
            canonical_cbor(box.contents[0][1]) if box.label.startswith("c2pa.ingredient") and box.kind == _CBOR else None
        )
        nested = ingredient.get("activeManifest") if isinstance(ingredient, dict) else None
        if nested is not None:
            url = str(nested.get("url")) if isinstance(nested, dict) else ""
            labels.append(url.removeprefix("self#jumbf=/c2pa/"))
    return labels


def _check_signature(signature: Any) -> tuple[bytes, bool]:
    """Return the signed header, and whether a time stamp lies beside it."""
    import cbor2

    parts = signature.value if isinstance(signature, cbor2.CBORTag) and signature.tag == _SIGN1 else None
    if not isinstance(parts, (list, tuple)) or len(parts) != _SIGN1_PARTS:
        raise _malformed("no COSE signature")
    protected, unprotected, payload, raw = parts
    header = canonical_cbor(protected) if isinstance(protected, bytes) else None
    if not isinstance(header, dict) or set(header) != {_ALGORITHM, _CHAIN} or payload is not None or not isinstance(raw, bytes):
        raise _malformed("a signature with an unknown header")
    if not isinstance(unprotected, Mapping):
        raise _malformed("a signature with an unknown unsigned header")
    stamped = _check_unsigned(unprotected)
    width, order = _ECDSA.get(header[_ALGORITHM], (0, 0))
    if width and (len(raw) != 2 * width or int.from_bytes(raw[width:], "big") > order // 2):
        raise _malformed("an ECDSA signature that is not in its lower form")
    return bytes(protected), stamped


def _check_unsigned(unprotected: Mapping[Any, Any]) -> bool:
    """Check the header that no signature covers: padding, and a time stamp before it; return whether there is one."""
    pads = dict(unprotected)
    stamp = pads.pop("sigTst2", None)
    stamped = next(iter(unprotected), None) == "sigTst2"
    if list(pads) not in (["pad"], ["pad", "pad2"]) or (stamp is not None) != stamped:
        raise _malformed("a signature with an unknown unsigned header")
    if any(not isinstance(pad, bytes) or not pad or pad.strip(b"\x00") for pad in pads.values()):
        raise _malformed("padding that is not zero")
    if not stamped:
        return False
    tokens = stamp.get(TOKENS) if isinstance(stamp, Mapping) and list(stamp) == [TOKENS] else None
    token = tokens[0] if isinstance(tokens, (list, tuple)) and len(tokens) == 1 else None
    value = token.get("val") if isinstance(token, Mapping) and list(token) == ["val"] else None
    if not isinstance(value, bytes) or not 0 < len(value) <= _TOKEN_LIMIT:
        raise _malformed("a time stamp that is none")
    return True
