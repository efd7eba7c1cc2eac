"""Images and documents that carry their manifest: they stay what they were, both readers agree, and no change goes unnamed."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import random
import re
import shutil
import struct
import xml.etree.ElementTree as ET
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assaymark.errors import ManifestError, OutputExistsError, StampError
from assaymark.pipeline.requests import VerifyRequest
from assaymark.pipeline.verifying import verify
from assaymark.provenance import independent
from assaymark.provenance.embedding import PDF, PNG, SVG, find_embedded, media_type
from assaymark.provenance.file_checks import verify_file
from assaymark.provenance.jumbf import claimed_place, read_store
from assaymark.provenance.keys import trusted_anchors
from assaymark.provenance.manifests import read_manifest
from assaymark.provenance.signing import open_development_signer
from assaymark.provenance.stamping import embed_file, stamp_file


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks of a PNG, checksums verified."""
    found, place = [], 8
    while place < len(content):
        (size,) = struct.unpack_from(">I", content, place)
        kind, data = content[place + 4 : place + 8], content[place + 8 : place + 8 + size]
        assert content[place : place + 12 + size] == chunk(kind, data)
        found.append((kind, data))
        place += 12 + size
    return found


def png(width=16, height=16) -> bytes:
    rows = b"".join(b"\x00" + bytes((x * y) % 256 for x in range(width)) for y in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(*each)
        for each in ((b"IHDR", head), (b"tEXt", b"Title\x00A chart"), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    )


SVG_TEXT = b"""<?xml version="1.0" encoding="UTF-8"?>
<!-- a chart -->
<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><title>Rates &amp; gaps</title><rect width="9" height="9"/></svg>
"""


def pdf() -> bytes:
    pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed; it makes and reads documents")
    writer, out = pypdf.PdfWriter(), io.BytesIO()
    for size in (100, 200):
        writer.add_blank_page(size, size)
    writer.add_metadata({"/Title": "A paper"})
    writer.write(out)
    return out.getvalue()


MAKERS = {"chart.png": png, "logo.svg": lambda: SVG_TEXT, "paper.pdf": pdf}
KINDS = {"chart.png": PNG, "logo.svg": SVG, "paper.pdf": PDF}


@pytest.fixture(params=MAKERS)
def plain(request, tmp_path):
    path = tmp_path / request.param
    path.write_bytes(MAKERS[request.param]())
    return path


@pytest.fixture(scope="module")
def carriers(tmp_path_factory):
    """Each kind of file, stamped."""
    folder, found = tmp_path_factory.mktemp("carriers"), {}
    for name, make in MAKERS.items():
        (folder / name).write_bytes(make())
        found[name] = embed_file(folder / name, open_development_signer()).read_bytes()
    return found


def problems(path) -> list[str]:
    """Codes of what is wrong, on which both readers must agree."""
    found = [[each.code for each in verify_file(path, trusted_anchors(), read).problems]
             for read in (read_manifest, independent.read_manifest)]  # fmt: skip
    assert bool(found[0]) == bool(found[1])
    return found[0]


def native(content: bytes, kind: str) -> str:
    """What the C2PA library says of the whole file, without any of our code."""
    from c2pa import C2paError, Context, Reader, Settings

    root = trusted_anchors()[0].decode()
    try:
        with Reader(
            kind, io.BytesIO(content), context=Context(Settings.from_dict({"trust": {"trust_anchors": root}}))
        ) as reader:
            return str(reader.get_validation_state())
    except C2paError as error:
        return type(error).__name__


def test_a_file_carries_its_stamp_and_every_reader_agrees(plain):
    plain.chmod(0o640)
    assert embed_file(plain, open_development_signer()) == plain.resolve()
    assert plain.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in plain.parent.iterdir()] == [plain.name]
    assert problems(plain) == []
    assert verify_file(plain, trusted_anchors()).trusted
    assert not verify_file(plain, ()).trusted
    assert native(plain.read_bytes(), KINDS[plain.name]) == "Trusted"
    assert verify(VerifyRequest(plain)).ok
    assert verify(VerifyRequest(plain, independent=True)).ok


def test_what_the_file_shows_is_not_changed(carriers):
    before, after = chunks(png()), chunks(carriers["chart.png"])
    assert [each for each in after if each[0] != b"caBX"] == before
    old, new = ET.fromstring(SVG_TEXT), ET.fromstring(carriers["logo.svg"])
    new.remove(next(child for child in new if child.tag.endswith("metadata")))
    assert ET.tostring(old) == ET.tostring(new)
    pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed; it reads documents")
    reader = pypdf.PdfReader(io.BytesIO(carriers["paper.pdf"]), strict=True)
    assert [float(page.mediabox.width) for page in reader.pages] == [100, 200]
    assert reader.metadata.title == "A paper"


def test_the_claim_leaves_out_exactly_where_the_manifest_lies(carriers):
    """Checked here by hand: the hash that is signed is that of all other bytes."""
    import cbor2

    for name, content in carriers.items():
        found = find_embedded(content, KINDS[name])
        last = read_store(found.manifest)[-1]
        assert claimed_place(last) == (found.start, found.length)
        data = cbor2.loads(last.child("c2pa.assertions").child("c2pa.hash.data").contents[0][1])
        rest = content[: found.start] + content[found.start + found.length :]
        assert data["hash"] == hashlib.sha256(rest).digest()
        assert b"caBX" not in rest


def test_a_file_may_be_renamed_for_it_carries_its_stamp(carriers, tmp_path):
    for name, content in carriers.items():
        path = tmp_path / f"another-{name}"
        path.write_bytes(content)
        assert problems(path) == []


@pytest.mark.parametrize("name", MAKERS)
def test_no_changed_byte_goes_unnoticed(carriers, tmp_path, name):
    content, path, chance = carriers[name], tmp_path / name, random.Random(11)
    found = find_embedded(content, KINDS[name])
    outside = [place for place in range(len(content)) if not found.start <= place < found.start + found.length]
    places = [*chance.sample(range(len(content)), 120), *chance.sample(outside, min(60, len(outside)))]
    for place in places:
        changed = bytearray(content)
        changed[place] ^= 1 << chance.randrange(8)
        path.write_bytes(changed)
        assert problems(path), f"{name}: byte {place}"


def changes(content: bytes, other: bytes, kind: str) -> dict[str, bytes]:
    """What somebody without the key can do to a file, beside changing bytes; ``other`` is another stamped file of its kind."""
    found, foreign = find_embedded(content, kind), find_embedded(other, kind)
    bare = content[: found.start] + content[found.start + found.length :]
    inner = content[found.start : found.start + found.length]
    return {
        "prepended": b" " + content,
        "appended": content + b"\n",
        "cut": content[:-1],
        "half": content[: len(content) // 2],
        "taken out": bare,
        "of another file": content[: found.start] + other[foreign.start : foreign.start + foreign.length]
        + content[found.start + found.length :],
        "twice": content[: found.start] + inner + inner + content[found.start + found.length :],
        "at the end": bare + inner,
        "shifted": content[: found.start] + b" " + content[found.start :],
    }  # fmt: skip


OTHERS = {
    "chart.png": lambda: png(17, 17),
    "logo.svg": lambda: SVG_TEXT.replace(b"40", b"41"),
    "paper.pdf": lambda: pdf().replace(b"A paper", b"A piper"),
}


@pytest.mark.parametrize("name", MAKERS)
def test_attacks_on_the_whole_file_fail(carriers, tmp_path, name):
    (tmp_path / name).write_bytes(OTHERS[name]())
    other = embed_file(tmp_path / name, open_development_signer()).read_bytes()
    path = tmp_path / f"x{name}"
    for attack, changed in changes(carriers[name], other, KINDS[name]).items():
        path.write_bytes(changed)
        assert problems(path), attack
        assert not verify(VerifyRequest(path, allow_untrusted=True)).ok


def test_changes_that_leave_a_picture_showing_something_else_are_called_altered(carriers, tmp_path):
    kinds = chunks(carriers["chart.png"])
    title = b"\x89PNG\r\n\x1a\n" + b"".join(chunk(k, d.replace(b"A chart", b"A chasm")) for k, d in kinds)
    added = b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in [*kinds[:-1], (b"tEXt", b"a\x00b"), kinds[-1]])
    cases = {
        "a.png": title,
        "b.png": added,
        "c.svg": carriers["logo.svg"].replace(b"gaps", b"gains"),
        "d.svg": carriers["logo.svg"].replace(b"</svg>", b"<script>alert(1)</script></svg>"),
        "e.pdf": carriers["paper.pdf"].replace(b"/Title", b"/Tidle"),
        # an incremental update: what a signature over the first part alone would let pass
        "f.pdf": carriers["paper.pdf"] + b"1 0 obj\n<< >>\nendobj\ntrailer\n<< >>\nstartxref\n0\n%%EOF\n",
        "g.pdf": b"%PDF-1.7\n" + carriers["paper.pdf"],
    }
    for name, content in cases.items():
        path = tmp_path / name
        path.write_bytes(content)
        assert problems(path) == ["altered"], name


def test_two_manifests_in_one_file_are_refused(carriers, tmp_path):
    kinds = chunks(carriers["chart.png"])
    double = b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in [kinds[0], kinds[1], kinds[1], *kinds[2:]])
    (tmp_path / "a.png").write_bytes(double)
    decoy = re.search(rb"<c2pa:manifest.*?</c2pa:manifest>", carriers["logo.svg"])[0]
    (tmp_path / "b.svg").write_bytes(carriers["logo.svg"].replace(b"<rect", b"<!--" + decoy + b"--><rect"))
    for name in ("a.png", "b.svg"):
        assert problems(tmp_path / name) == ["not_canonical"]


def test_base64_of_another_form_is_refused(carriers, tmp_path):
    found = find_embedded(carriers["logo.svg"], SVG)
    text = base64.b64encode(found.manifest)
    for other in (text[:100] + b"\n" + text[100:], text + b"=", b" " + text, text[:-4]):
        (tmp_path / "logo.svg").write_bytes(carriers["logo.svg"].replace(text, other))
        assert problems(tmp_path / "logo.svg") == ["not_canonical"]


def test_stamping_again_needs_force_and_leaves_one_manifest(plain):
    first = embed_file(plain, open_development_signer()).read_bytes()
    with pytest.raises(OutputExistsError, match="carries"):
        embed_file(plain, open_development_signer())
    assert plain.read_bytes() == first
    second = embed_file(plain, open_development_signer(), force=True).read_bytes()
    assert second != first
    assert abs(len(second) - len(first)) < 200
    assert problems(plain) == []


def test_a_copy_leaves_the_file_as_it_was(plain):
    before, out = plain.read_bytes(), plain.with_name(f"stamped-{plain.name}")
    assert embed_file(plain, open_development_signer(), out=out) == out
    assert plain.read_bytes() == before
    assert problems(out) == []
    assert problems(plain) == ["no_sidecar"]
    with pytest.raises(OutputExistsError):
        embed_file(plain, open_development_signer(), out=out)
    embed_file(plain, open_development_signer(), out=out, force=True)


def test_a_sidecar_leaves_the_file_as_it_was_and_goes_before(plain):
    before = plain.read_bytes()
    sidecar = stamp_file(plain, open_development_signer())
    assert plain.read_bytes() == before
    assert problems(plain) == []
    with pytest.raises(OutputExistsError, match="sidecar"):
        embed_file(plain, open_development_signer())
    assert plain.read_bytes() == before
    embed_file(plain, open_development_signer(), force=True)
    assert not sidecar.exists()
    assert problems(plain) == []


def test_a_link_is_followed_and_stays_a_link(plain):
    link = plain.with_name("link" + plain.suffix)
    link.symlink_to(plain)
    embed_file(link, open_development_signer())
    assert link.is_symlink()
    assert problems(plain) == []


def test_a_signer_that_breaks_leaves_the_file_as_it_was(plain, authority, monkeypatch):
    _, signer = authority()
    before = plain.read_bytes()
    monkeypatch.setattr(type(signer), "sign", lambda self, data: b"\x01" * 64)
    with pytest.raises(StampError):
        embed_file(plain, signer)
    assert plain.read_bytes() == before
    assert [path.name for path in plain.parent.iterdir()] == [plain.name]


def test_documents_that_a_manifest_would_break_are_refused(tmp_path):
    path = tmp_path / "signed.pdf"
    path.write_bytes(pdf() + b"<< /ByteRange [0 10 20 30] >>")
    with pytest.raises(StampError, match="signed or encrypted"):
        embed_file(path, open_development_signer())
    assert stamp_file(path, open_development_signer()).is_file()


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.png", png(), PNG),
        ("a.PNG", png(), PNG),
        ("a.txt", png(), None),
        ("a.png", b"GIF89a", None),
        ("a.png", b"", None),
        ("a.svg", SVG_TEXT, SVG),
        ("a.svg", b"<svg width='1'/>", SVG),
        ("a.svg", b"<html><svg/></html>", None),
        ("a.svg", b"no XML at all", None),
        ("a.svg", b"<!---->" * 5000 + b"<html>", None),
        ("a.svg", b"<!---->" * 5000 + b"<svg>", SVG),
        ("a.pdf", b"%PDF-1.7\n", PDF),
        ("a.pdf", b"not a document", None),
        ("a.zip", b"PK\x03\x04", None),
    ],
)
def test_what_can_carry_a_manifest(tmp_path, name, content, kind):
    (tmp_path / name).write_bytes(content)
    assert media_type(tmp_path / name) == kind


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_bytes_make_the_search_raise_anything_else(carriers, data):
    name = data.draw(st.sampled_from(sorted(carriers)))
    content = bytearray(carriers[name])
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        piece = data.draw(st.binary(max_size=12))
        content[place : place + data.draw(st.integers(0, 12))] = piece
    try:
        find_embedded(bytes(content), KINDS[name])
    except ManifestError:
        return


def test_a_manifest_is_no_sidecar_of_another_file(carriers, tmp_path):
    """A claim that leaves bytes out must not pass beside a file."""
    found = find_embedded(carriers["chart.png"], PNG)
    content = carriers["chart.png"]
    for body in (content, content[: found.start] + content[found.start + found.length :], png()):
        (tmp_path / "chart.png").write_bytes(body)
        (tmp_path / "chart.png.c2pa").write_bytes(found.manifest)
        assert problems(tmp_path / "chart.png") == ["altered"]


def test_by_the_command_line(carriers, tmp_path, monkeypatch, capsys):
    from assaymark.cli.application import run

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASSAYMARK_LOG", str(tmp_path / "log.sqlite"))
    for name, make in MAKERS.items():
        (tmp_path / name).write_bytes(make())
    (tmp_path / "table.csv").write_text("a\n1\n")

    def call(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            run(list(arguments))
        return ended.value.code, capsys.readouterr().out

    code, out = call("stamp", *MAKERS, "table.csv", "--json")
    told = json.loads(out)
    assert (code, told["embedded"], told["sidecars"]) == (0, list(MAKERS), ["table.csv.c2pa"])
    for name in (*MAKERS, "table.csv"):
        assert call("verify", name)[0] == 0
        assert call("log", "check", name)[0] == 0
    shutil.copy("chart.png", "copy.png")
    assert call("log", "check", "copy.png")[0] == 0
    assert call("stamp", "copy.png")[0] == 2
    assert call("stamp", "copy.png", "--sidecar")[0] == 0
    assert (tmp_path / "copy.png.c2pa").is_file()
    assert call("stamp", "chart.png", "--force", "--out", "out.png")[0] == 0
    assert call("stamp", "chart.png", "logo.svg", "--force", "--out", "out2.png")[0] == 2
    assert call("stamp", "table.csv", "--out", "t.csv")[0] == 2
    (tmp_path / "logo.svg").write_bytes((tmp_path / "logo.svg").read_bytes().replace(b"gaps", b"gaqs"))
    code, out = call("verify", "logo.svg")
    assert code == 1
    assert "logo.svg: its bytes are not those that were signed [altered]" in out
