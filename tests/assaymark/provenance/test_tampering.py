"""Whatever is changed in a release, verification fails and names the file."""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path

import pytest

from assaymark.pipeline.requests import TrustRequest, VerifyRequest
from assaymark.pipeline.verifying import verify
from assaymark.provenance.digests import Fingerprint
from assaymark.provenance.file_checks import check_content
from assaymark.provenance.jumbf import read_store
from assaymark.provenance.keys import trusted_anchors
from assaymark.provenance.verification import check_entry, verify_release

FILES = ("synthetic.csv", "audit.json", "cubes.json", "policy.toml", "report.html")
OVER = ("release.json", "release.json.c2pa")
PARTS = (*FILES, *(f"{name}.c2pa" for name in FILES))
FLIPS = 200
WHOLE = 20  # every so many flips the whole release is verified, not only the file


@pytest.fixture
def copy(small, tmp_path):
    shutil.copytree(small, tmp_path / "copy")
    return tmp_path / "copy"


def problems(folder: Path) -> list[str]:
    return [problem.file for problem in verify_release(folder, trusted_anchors()).problems]


def flips(original: bytes, seed: str, count: int = FLIPS):
    rng = random.Random(seed)
    for _ in range(count):
        place, bit = rng.randrange(len(original)), rng.randrange(8)
        changed = bytearray(original)
        changed[place] ^= 1 << bit
        yield place, bit, bytes(changed)


def test_the_untouched_release_is_intact_and_trusted(small):
    checked = verify_release(small, trusted_anchors())
    assert checked.problems == ()
    assert (checked.trusted, checked.signer) == (True, "development certificate")
    assert checked.files == tuple(sorted([*FILES, "release.json"]))


@pytest.mark.parametrize("name", PARTS)
def test_every_one_of_200_byte_flips_is_found_and_names_the_file(copy, name):
    """By the digest that release.json pins, and by the sidecar alone, as a file without its release is checked."""
    path, file, anchors = copy / name, name.removesuffix(".c2pa"), trusted_anchors()
    entry = next(e for e in json.loads((copy / "release.json").read_bytes())["files"] if e["name"] == file)
    nested = {box.label: box for box in read_store((copy / "release.json.c2pa").read_bytes())[:-1]}
    assert check_entry(copy, entry, anchors, nested)[0] == []
    for number, (place, bit, changed) in enumerate(flips(path.read_bytes(), name)):
        path.write_bytes(changed)
        pinned = [problem.file for problem in check_entry(copy, entry, anchors, nested)[0]]
        assert pinned == [name], (place, bit)
        alone = check_content(file, Fingerprint.of((copy / file).read_bytes()), (copy / f"{file}.c2pa").read_bytes(), anchors)
        assert {problem.file for problem in alone.problems} & {file, name}, (place, bit)
        if number % WHOLE == 0:
            assert problems(copy) == [name], (place, bit)


@pytest.mark.parametrize("name", OVER)
def test_every_one_of_200_byte_flips_over_the_release_is_found(copy, name):
    path = copy / name
    for place, bit, changed in flips(path.read_bytes(), name):
        path.write_bytes(changed)
        assert set(problems(copy)) & set(OVER), (place, bit)


@pytest.mark.nightly
@pytest.mark.parametrize("name", ["synthetic.csv", "audit.json", "release.json"])
def test_no_bit_of_a_sidecar_may_change(small, name):
    """No digest of release.json.c2pa stands anywhere, so its own form and signature must hold every bit."""
    sidecar, content = (small / f"{name}.c2pa").read_bytes(), (small / name).read_bytes()
    anchors = trusted_anchors()
    for place in range(len(sidecar)):
        for mask in (0x01, 0x20, 0x80, 0xFF):
            changed = bytearray(sidecar)
            changed[place] ^= mask
            assert check_content(name, Fingerprint.of(content), bytes(changed), anchors).problems, (place, mask)


@pytest.mark.nightly
def test_flips_in_a_real_release_are_found(release, tmp_path):
    shutil.copytree(release, tmp_path / "copy")
    for path in sorted((tmp_path / "copy").iterdir()):
        original = path.read_bytes()
        for place, bit, changed in flips(original, path.name):
            path.write_bytes(changed)
            assert {path.name, path.name.removesuffix(".c2pa")} & set(problems(tmp_path / "copy")), (path.name, place, bit)
        path.write_bytes(original)


@pytest.mark.parametrize("name", [*PARTS, *OVER])
def test_removing_truncating_and_appending(copy, name):
    path = copy / name
    original = path.read_bytes()
    named = {name, name.removesuffix(".c2pa")}
    for content in (original[:-1], original[: len(original) // 2], original + b"\0", original + original, b""):
        path.write_bytes(content)
        assert named & set(problems(copy)), len(content)
    path.unlink()
    assert named & set(problems(copy))


def test_adding_a_file(copy):
    (copy / "notes.txt").write_text("hello")
    assert problems(copy) == ["notes.txt"]


def test_names_that_steer_a_terminal_or_are_no_text_are_written_out(copy):
    (copy / "\x1b[2Jgone").write_text("x")
    Path(os.fsdecode(os.fsencode(copy) + b"/\xff\xfe.csv")).write_text("x")
    found = problems(copy)
    assert len(found) == 2
    assert all(name.isprintable() and name.encode() for name in found)


def test_renaming_a_file(copy):
    (copy / "report.html").rename(copy / "Report.html")
    assert {"report.html", "Report.html"} <= set(problems(copy))


def test_swapping_two_sidecars(copy):
    first, second = copy / "audit.json.c2pa", copy / "cubes.json.c2pa"
    contents = first.read_bytes(), second.read_bytes()
    first.write_bytes(contents[1])
    second.write_bytes(contents[0])
    assert {"audit.json.c2pa", "cubes.json.c2pa"} <= set(problems(copy))


def test_swapping_two_files_together_with_their_sidecars(copy):
    """Each keeps a good signature; only their names are wrong."""
    for suffix in ("", ".c2pa"):
        first, second = copy / f"audit.json{suffix}", copy / f"cubes.json{suffix}"
        contents = first.read_bytes(), second.read_bytes()
        first.write_bytes(contents[1])
        second.write_bytes(contents[0])
    assert {"audit.json", "cubes.json"} <= set(problems(copy))
    alone = check_content(
        "audit.json", Fingerprint.of((copy / "audit.json").read_bytes()), (copy / "audit.json.c2pa").read_bytes(), []
    )
    assert [problem.code for problem in alone.problems] == ["renamed"]


def test_a_file_with_a_good_stamp_from_another_release_of_the_same_signer(copy, stamped):
    other = stamped(generated=False)
    for name in ("synthetic.csv", "synthetic.csv.c2pa"):
        shutil.copy(other / name, copy / name)
    assert problems(copy) == ["synthetic.csv.c2pa"]


def test_links_pipes_and_folders_in_a_release(copy, small):
    (copy / "audit.json").unlink()
    (copy / "audit.json").symlink_to(small / "audit.json")
    assert problems(copy) == ["audit.json"]
    (copy / "audit.json").unlink()
    os.mkfifo(copy / "audit.json")
    assert problems(copy) == ["audit.json"]
    (copy / "more").mkdir()
    assert "more" in problems(copy)
    for name in OVER:
        (copy / name).unlink()
        os.mkfifo(copy / name)
    assert problems(copy) == ["release.json"]


@pytest.mark.parametrize(
    "content", [b"", b"[" * 100_000, b'{"schema": NaN}', b'{"a": 1, "a": 2}', b"\xff\xfe", b"null", b"{}", b"1" * 100_000]
)
def test_a_hostile_release_document_is_refused_without_a_traceback(copy, content):
    (copy / "release.json").write_bytes(content)
    result = verify(VerifyRequest(copy))
    assert not result.ok
    assert result.problems[0]["file"] == "release.json"


def test_a_stranger_s_certificate_is_untrusted_unless_waived_or_named(release, tmp_path, monkeypatch):
    from assaymark.provenance.keys import keys_folder

    root = tmp_path / "root.pem"
    root.write_bytes((keys_folder() / "root.pem").read_bytes())
    monkeypatch.setenv("ASSAYMARK_CONFIG_DIR", str(tmp_path / "elsewhere"))
    result = verify(VerifyRequest(release))
    assert (result.ok, result.trusted) == (False, False)
    assert result.problems[0]["code"] == "untrusted"
    assert verify(VerifyRequest(release, allow_untrusted=True)).ok
    assert verify(VerifyRequest(release, trust=TrustRequest((root,)))).ok
