"""Whatever is changed in a release, verification fails and names the file."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from assaymark.pipeline.requests import VerifyRequest
from assaymark.pipeline.verifying import verify
from assaymark.provenance.keys import trusted_anchors
from assaymark.provenance.verification import check_content, verify_release

FILES = ("synthetic.csv", "audit.json", "cubes.json", "policy.toml", "report.html", "croissant.json", "release.json")
FLIPS = 200


@pytest.fixture
def copy(release, tmp_path):
    shutil.copytree(release, tmp_path / "copy")
    return tmp_path / "copy"


def problems(folder: Path) -> list[str]:
    return [problem.file for problem in verify_release(folder, trusted_anchors()).problems]


@pytest.mark.parametrize("name", [*FILES, *(f"{name}.c2pa" for name in FILES)])
def test_every_one_of_200_byte_flips_is_found_and_names_the_file(copy, name):
    rng = random.Random(name)
    path = copy / name
    original = path.read_bytes()
    for _ in range(FLIPS):
        place, bit = rng.randrange(len(original)), rng.randrange(8)
        changed = bytearray(original)
        changed[place] ^= 1 << bit
        path.write_bytes(changed)
        found = problems(copy)
        assert name in found or name.removesuffix(".c2pa") in found, (place, bit, found)
    path.write_bytes(original)
    assert problems(copy) == []


@pytest.mark.parametrize("name", ["synthetic.csv.c2pa", "release.json.c2pa"])
def test_no_byte_of_a_sidecar_alone_may_change(release, name):
    """No digest of release.json.c2pa stands anywhere, so its own form and signature must hold every byte."""
    sidecar, content = (release / name).read_bytes(), (release / name.removesuffix(".c2pa")).read_bytes()
    anchors = trusted_anchors()
    assert check_content(name.removesuffix(".c2pa"), content, sidecar, anchors).problems == ()
    rng = random.Random(0)
    for place in sorted({*range(0, len(sidecar), 61), *(rng.randrange(len(sidecar)) for _ in range(300)), *range(600)}):
        changed = bytearray(sidecar)
        changed[place] ^= 1 << rng.randrange(8)
        assert check_content(name.removesuffix(".c2pa"), content, bytes(changed), anchors).problems, place


@pytest.mark.nightly
@pytest.mark.parametrize("name", ["synthetic.csv.c2pa", "audit.json.c2pa", "release.json.c2pa"])
def test_no_bit_of_a_sidecar_may_change(release, name):
    sidecar, content = (release / name).read_bytes(), (release / name.removesuffix(".c2pa")).read_bytes()
    anchors = trusted_anchors()
    for place in range(len(sidecar)):
        for bit in (0, 2, 5, 7):
            changed = bytearray(sidecar)
            changed[place] ^= 1 << bit
            assert check_content(name.removesuffix(".c2pa"), content, bytes(changed), anchors).problems, (place, bit)


@pytest.mark.parametrize("name", [*FILES, *(f"{name}.c2pa" for name in FILES)])
def test_removing_truncating_and_appending(copy, name):
    path = copy / name
    original = path.read_bytes()
    stem = name.removesuffix(".c2pa")
    for content in (original[:-1], original[: len(original) // 2], original + b"\0", b""):
        path.write_bytes(content)
        assert {name, stem} & set(problems(copy)), len(content)
    path.unlink()
    assert {name, stem} & set(problems(copy))


def test_adding_a_file(copy):
    (copy / "notes.txt").write_text("hello")
    assert problems(copy) == ["notes.txt"]


def test_renaming_a_file(copy):
    (copy / "report.html").rename(copy / "Report.html")
    assert {"report.html", "Report.html"} <= set(problems(copy))


def test_swapping_two_sidecars(copy):
    first, second = copy / "audit.json.c2pa", copy / "cubes.json.c2pa"
    contents = first.read_bytes(), second.read_bytes()
    first.write_bytes(contents[1])
    second.write_bytes(contents[0])
    assert {"audit.json.c2pa", "cubes.json.c2pa"} <= set(problems(copy))


def test_swapping_a_file_and_its_sidecar_with_those_of_another_release(copy, release):
    (copy / "synthetic.csv").write_bytes((release / "report.html").read_bytes())
    assert "synthetic.csv" in problems(copy)


def test_links_pipes_and_folders_in_a_release(copy, release):
    (copy / "audit.json").unlink()
    (copy / "audit.json").symlink_to(release / "audit.json")
    assert "audit.json" in problems(copy)
    (copy / "audit.json").unlink()
    os.mkfifo(copy / "audit.json")
    assert "audit.json" in problems(copy)
    (copy / "more").mkdir()
    assert "more" in problems(copy)


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"schema": NaN}', b'{"a": 1, "a": 2}', b"\xff\xfe", b"null", b"{}"])
def test_a_hostile_release_document_is_refused_without_a_traceback(copy, content):
    (copy / "release.json").write_bytes(content)
    result = verify(VerifyRequest(copy))
    assert not result.ok
    assert result.problems[0]["file"] == "release.json"


def test_a_stranger_s_certificate_is_untrusted_unless_waived_or_named(copy, tmp_path, monkeypatch):
    from assaymark.provenance.keys import keys_folder

    root = tmp_path / "root.pem"
    root.write_bytes((keys_folder() / "root.pem").read_bytes())
    monkeypatch.setenv("ASSAYMARK_CONFIG_DIR", str(tmp_path / "elsewhere"))
    result = verify(VerifyRequest(copy))
    assert (result.ok, result.trusted) == (False, False)
    assert result.problems[0]["code"] == "untrusted"
    assert verify(VerifyRequest(copy, allow_untrusted=True)).ok
    assert verify(VerifyRequest(copy, trust_anchors=(root,))).ok
