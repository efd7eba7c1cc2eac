"""No room in a sidecar that nothing signs, and no sidecar that breaks the reader."""

from __future__ import annotations

import struct

import cbor2
import pytest

from assaymark.errors import ManifestError
from assaymark.provenance.digests import Fingerprint
from assaymark.provenance.file_checks import check_content
from assaymark.provenance.jumbf import canonical_cbor, read_store
from assaymark.provenance.keys import trusted_anchors

TAIL = bytes.fromhex("00110010800000aa00389b71")
CLAIM, SIGNATURE, ASSERTIONS = ["*", "c2pa.claim.v2"], ["*", "c2pa.signature"], ["*", "c2pa.assertions"]


def pack(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


def split(content: bytes) -> list[tuple[bytes, bytes]]:
    parts, place = [], 0
    while place < len(content):
        size, kind = struct.unpack_from(">I4s", content, place)
        parts.append((kind, content[place + 8 : place + size]))
        place += size
    return parts


def edit(store: bytes, path: list[str], change) -> bytes:
    """Change the parts of the box at a path of labels, and set all lengths above it right."""

    def rebuild(content: bytes, left: list[str]) -> bytes:
        parts = split(content)
        if not left:
            return b"".join(pack(*part) for part in change(parts))
        labels = [split(inner)[0][1][17:].split(b"\0")[0].decode() if kind == b"jumb" else None for kind, inner in parts]
        return b"".join(
            pack(kind, rebuild(inner, left[1:]) if label is not None and left[0] in {label, "*"} else inner)
            for (kind, inner), label in zip(parts, labels, strict=True)
        )

    ((kind, content),) = split(store)
    return pack(kind, rebuild(content, path))


def edit_cbor(store: bytes, path: list[str], change) -> bytes:
    return edit(store, path, lambda parts: [parts[0], (b"cbor", cbor2.dumps(change(cbor2.loads(parts[1][1]))))])


def salted(parts):
    description = bytearray(parts[0][1])
    description[16] = 0x13
    return [(b"jumd", bytes(description) + pack(b"c2sh", b"sixteen unsigned")), *parts[1:]]


def header(unprotected):
    return lambda tag: cbor2.CBORTag(18, [tag.value[0], unprotected(tag.value[1]), *tag.value[2:]])


def databox(parts):
    inner = pack(b"jumd", b"cbor" + TAIL + b"\x03c2pa.data\0") + pack(b"cbor", cbor2.dumps({"x": "unsigned"}))
    outer = pack(b"jumd", b"c2db" + TAIL + b"\x03c2pa.databoxes\0") + pack(b"jumb", inner)
    return [*parts, (b"jumb", outer)]


@pytest.fixture(scope="module")
def content(small):
    return (small / "synthetic.csv").read_bytes()


@pytest.fixture(scope="module")
def sidecar(small):
    return (small / "synthetic.csv.c2pa").read_bytes()


def test_what_is_rebuilt_without_a_change_stays_intact(sidecar, content):
    again = edit_cbor(sidecar, SIGNATURE, lambda tag: tag)
    assert again == sidecar
    assert check_content("synthetic.csv", Fingerprint.of(content), again, trusted_anchors()).problems == ()


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ([], salted),
        (["*"], salted),
        (CLAIM, salted),
        (SIGNATURE, salted),
        (ASSERTIONS, salted),
        (["*"], databox),
        (["*"], lambda parts: [parts[0], parts[1], parts[3], parts[2]]),
        (ASSERTIONS, lambda parts: [parts[0], *reversed(parts[1:])]),
        (ASSERTIONS, lambda parts: [*parts, parts[-1]]),
        (ASSERTIONS, lambda parts: parts[:-1]),
        ([], lambda parts: [*parts, parts[1]]),
        ([], lambda parts: parts[:1]),
        ([], lambda parts: parts[1:]),
    ],
)
def test_boxes_that_are_added_moved_or_taken_are_refused(sidecar, path, change):
    with pytest.raises(ManifestError):
        read_store(edit(sidecar, path, change))


@pytest.mark.parametrize("last", [True, False])
def test_a_manifest_that_nothing_names_is_refused(sidecar, small, last):
    stray = split(split((small / "audit.json.c2pa").read_bytes())[0][1])[1]
    changed = edit(sidecar, [], lambda parts: [*parts, stray] if last else [parts[0], stray, *parts[1:]])
    with pytest.raises(ManifestError, match="canonical"):
        read_store(changed)


@pytest.mark.parametrize(
    "change", [lambda parts: [parts[0], *reversed(parts[1:-1]), parts[-1]], lambda parts: [parts[0], *parts[2:]]]
)
def test_nested_manifests_in_another_order_or_too_few_are_refused(small, change):
    with pytest.raises(ManifestError):
        read_store(edit((small / "release.json.c2pa").read_bytes(), [], change))


@pytest.mark.parametrize(
    "unprotected",
    [
        lambda pads: {},
        lambda pads: {**pads, "pad2": b""},
        lambda pads: {**pads, "x": b"unsigned"},
        lambda pads: {"pad": pads["pad"][:-1] + b"\1"},
        lambda pads: {"pad": [0]},
        lambda pads: [],
    ],
)
def test_unsigned_headers_hold_padding_of_zeros_only(sidecar, unprotected):
    with pytest.raises(ManifestError):
        read_store(edit_cbor(sidecar, SIGNATURE, header(unprotected)))


def test_padding_over_a_release_has_the_length_of_that_below(small):
    """The signature covers no padding, so only its length could still be changed."""
    store = (small / "release.json.c2pa").read_bytes()
    active = read_store(store)[-1].label
    with pytest.raises(ManifestError) as caught:
        read_store(edit_cbor(store, [active, "c2pa.signature"], header(lambda pads: {"pad": pads["pad"] + b"\0"})))
    assert "padding of another length" in caught.value.found


def test_the_other_of_two_equivalent_signatures_is_refused(sidecar):
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

    def other(tag):
        raw = tag.value[3]
        s = order - int.from_bytes(raw[32:], "big")
        return cbor2.CBORTag(18, [*tag.value[:3], raw[:32] + s.to_bytes(32, "big")])

    with pytest.raises(ManifestError) as caught:
        read_store(edit_cbor(sidecar, SIGNATURE, other))
    assert "lower form" in caught.value.found


@pytest.mark.parametrize("value", [5, None, "text", [], [1, 2, 3, 4], cbor2.CBORTag(18, 5), cbor2.CBORTag(18, "four"), {1: 1}])
def test_signatures_of_a_hostile_shape_are_refused(sidecar, value):
    with pytest.raises(ManifestError):
        read_store(edit_cbor(sidecar, SIGNATURE, lambda _: value))


@pytest.mark.parametrize("entries", [5, None, "text", {"a": 1}, [5], [{"url": [1]}], [{}]])
@pytest.mark.parametrize("key", ["created_assertions", "gathered_assertions"])
def test_claims_of_a_hostile_shape_are_refused(sidecar, key, entries):
    with pytest.raises(ManifestError):
        read_store(edit_cbor(sidecar, CLAIM, lambda claim: {**claim, key: entries}))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"\x81" * 100_000 + b"\0",
        b"\xa1\0" * 50_000 + b"\0",
        b"\x81" * 100 + b"\0",
        bytes.fromhex("9b0000007fffffffff"),
        bytes.fromhex("5b7fffffffffffffff"),
        bytes.fromhex("9fff"),
        bytes.fromhex("f97e00"),
        bytes.fromhex("f7"),
        bytes.fromhex("f820"),
        bytes.fromhex("d81c81d81d00"),
        bytes.fromhex("a200000000"),
        bytes.fromhex("a1810000"),
        bytes.fromhex("1800"),
        cbor2.dumps(cbor2.CBORTag(4, [10**15, 1])),
        cbor2.dumps(cbor2.CBORTag(5, [10**9, 1])),
        cbor2.dumps(cbor2.CBORTag(30, [1, 0])),
        cbor2.dumps(cbor2.CBORTag(35, "(((a+)+)+)+$")),
        cbor2.dumps(cbor2.CBORTag(258, [1])),
        cbor2.dumps(cbor2.CBORTag(0, "2020-01-01T00:00:00Z")),
        cbor2.dumps(float("inf")),
    ],
)
def test_cbor_that_is_no_plain_canonical_value_is_refused(content):
    with pytest.raises(ManifestError):
        canonical_cbor(content)


@pytest.mark.parametrize("store", [b"", b"\0", b"\0" * 64, b"\xff" * 64, pack(b"jumb", b""), pack(b"jumb", pack(b"jumd", b""))])
def test_what_is_no_store_is_refused(store):
    with pytest.raises(ManifestError):
        read_store(store)


def test_boxes_within_boxes_without_end_are_refused():
    store = b""
    for _ in range(2000):
        store = pack(b"jumb", store)
    with pytest.raises(ManifestError):
        read_store(store)
