"""Signers that are not trusted, and releases that are well signed and yet lie or attack."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from datetime import timedelta
from pathlib import Path

import pytest

from assaymark.provenance.definitions import FILE_ASSERTION, RELEASE_ASSERTION, computed_definition
from assaymark.provenance.digests import Fingerprint
from assaymark.provenance.file_checks import check_content, printable, verify_file
from assaymark.provenance.keys import trusted_anchors
from assaymark.provenance.manifests import Stamper
from assaymark.provenance.signing import open_development_signer
from assaymark.provenance.verification import verify_release


def restamp(folder: Path, name: str, content: bytes, change=lambda definition: definition) -> None:
    """Write a file and sign it as its own signer could, whatever it says."""
    with Stamper(open_development_signer()) as stamper:
        mark = Fingerprint.of(content)
        definition = change(computed_definition(name, mark, "0.1.0"))
        (folder / name).write_bytes(content)
        (folder / f"{name}.c2pa").write_bytes(stamper.sign(definition, mark.sha256))


@pytest.fixture
def copy(small, tmp_path):
    shutil.copytree(small, tmp_path / "copy")
    return tmp_path / "copy"


def test_another_authority_is_intact_and_untrusted_until_it_is_named(stamped, authority):
    root, signer = authority()
    folder = stamped(signer)
    stranger = verify_release(folder, trusted_anchors())
    assert (stranger.problems, stranger.trusted, stranger.signer) == ((), False, "Somebody else")
    assert verify_release(folder, [*trusted_anchors(), root]).trusted
    assert not verify_release(folder, []).trusted


def test_another_authority_of_the_same_name_is_untrusted(stamped, authority):
    _, impostor = authority(name="Assaymark development certificate")
    assert not verify_release(stamped(impostor), trusted_anchors()).trusted


def test_an_anchor_that_is_no_certificate_trusts_nobody(small):
    checked = verify_release(small, [b"-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n"])
    assert not checked.trusted


def test_an_expired_certificate_is_told_as_such(stamped, authority):
    end = time.monotonic() + 5
    root, signer = authority(lifetime=timedelta(seconds=4))
    folder = stamped(signer)
    assert time.monotonic() < end - 1, "the machine was too slow to sign while the certificate was valid"
    time.sleep(end - time.monotonic() + 0.5)
    (problem,) = verify_release(folder, [root]).problems
    assert (problem.file, problem.code) == ("release.json.c2pa", "expired")


@pytest.mark.parametrize(
    "change",
    [
        lambda release: release | {"more": 1},
        lambda release: {key: value for key, value in release.items() if key != "verdict"},
        lambda release: release | {"verdict": "perfect"},
        lambda release: release | {"files": []},
        lambda release: release | {"files": release["files"] * 2},
        lambda release: release | {"files": [release["files"][0] | {"name": "../outside"}]},
        lambda release: release | {"files": [release["files"][0] | {"name": "audit.json\n"}]},
        lambda release: release | {"files": [release["files"][0] | {"name": "/etc/hostname"}]},
        lambda release: release | {"files": [release["files"][0] | {"bytes": 1.5}]},
        lambda release: release | {"policy_sha256": "AB" * 32},
        lambda release: [release],
        lambda release: release | {"schema": "assaymark-release/2"},
    ],
)
def test_a_signed_release_document_of_another_form_is_refused(copy, change):
    release = json.loads((copy / "release.json").read_bytes())
    restamp(copy, "release.json", json.dumps(change(release)).encode())
    assert [(problem.file, problem.code) for problem in verify_release(copy, trusted_anchors()).problems] == [
        ("release.json", "malformed")
    ]


def test_a_signed_release_that_nests_no_manifest_is_refused(copy):
    restamp(copy, "release.json", (copy / "release.json").read_bytes())
    found = verify_release(copy, trusted_anchors()).problems
    assert {problem.code for problem in found} == {"not_nested"}
    assert len(found) == 5


@pytest.mark.parametrize("label", [FILE_ASSERTION, RELEASE_ASSERTION])
@pytest.mark.parametrize("data", [[], "text", 5, None, {"name": [1]}])
def test_signed_assertions_of_a_hostile_shape_are_refused_without_a_traceback(copy, label, data):
    def change(definition):
        kept = [each for each in definition["assertions"] if each["label"] != label]
        return definition | {"assertions": [*kept, {"label": label, "data": data, "created": True}]}

    restamp(copy, "release.json", (copy / "release.json").read_bytes(), change)
    assert verify_release(copy, trusted_anchors()).problems


@pytest.mark.parametrize(
    "change",
    [
        {"real": {"rows": 1, "columns": 2, "commitment": "cd" * 32}},
        {"holdout": {"rows": 1, "columns": 2, "commitment": "cd" * 32}},
        {"generator": {"name": "other"}},
        {"generator": None},
        {"policy_sha256": "00" * 32},
        {"verdict": "fail"},
    ],
)
def test_manifests_that_state_other_facts_than_the_audit_are_found(stamped, change):
    found = verify_release(stamped(**change), trusted_anchors()).problems
    assert found
    assert {problem.code for problem in found} == {"disagrees"}


@pytest.mark.parametrize(
    "content", [b"[]", b"{}", b"null", b'{"datasets": 5}', b"[" * 5000, b"\xff", b'{"datasets": {"synthetic": []}}']
)
def test_a_signed_audit_of_a_hostile_shape_is_found_without_a_traceback(tmp_path, content):
    from assaymark.provenance.stamping import ReleaseClaims, stamp_release

    folder = tmp_path / "out"
    folder.mkdir()
    for name, data in {"audit.json": content, "policy.toml": b"x = 1\n", "synthetic.csv": b"a\n1\n"}.items():
        (folder / name).write_bytes(data)
    policy = hashlib.sha256(b"x = 1\n").hexdigest()
    claims = ReleaseClaims("2026-01-01T00:00:00Z", "0.1.0", False, "synthetic.csv", None, {}, None, policy, "pass")
    stamp_release(folder, open_development_signer(), claims=claims)
    assert [(problem.file, problem.code) for problem in verify_release(folder, trusted_anchors()).problems] == [
        ("audit.json", "malformed")
    ]


def test_a_file_without_a_sidecar_or_a_release_is_told(tmp_path):
    (tmp_path / "a.csv").write_text("a\n")
    assert [(p.file, p.code) for p in verify_file(tmp_path / "a.csv", []).problems] == [("a.csv.c2pa", "no_sidecar")]
    assert [p.file for p in verify_release(tmp_path, []).problems] == ["release.json"]
    assert [p.file for p in verify_release(tmp_path / "none", []).problems] == ["release.json"]


def test_a_renamed_file_with_its_sidecar_is_found(small, tmp_path):
    shutil.copy(small / "report.html", tmp_path / "other.html")
    shutil.copy(small / "report.html.c2pa", tmp_path / "other.html.c2pa")
    assert [problem.code for problem in verify_file(tmp_path / "other.html", trusted_anchors()).problems] == ["renamed"]


def test_a_file_larger_than_recorded_is_not_read(copy):
    with (copy / "report.html").open("r+b") as file:
        file.truncate(2**40)  # sparse: reading it would take minutes and all memory
    started = time.monotonic()
    assert [problem.file for problem in verify_release(copy, trusted_anchors()).problems] == ["report.html"]
    assert time.monotonic() - started < 5


def test_a_small_release_is_verified_at_once(small):
    verify_release(small, trusted_anchors())
    best = min(_timed(small) for _ in range(5))
    assert best < 0.3


def _timed(folder: Path) -> float:
    started = time.perf_counter()
    verify_release(folder, trusted_anchors())
    return time.perf_counter() - started


def test_random_junk_as_a_sidecar_never_raises(small):
    import random

    rng = random.Random(0)
    content, sidecar = (small / "audit.json").read_bytes(), (small / "audit.json.c2pa").read_bytes()
    for _ in range(300):
        start, end = sorted(rng.randrange(len(sidecar)) for _ in range(2))
        junk = sidecar[:start] + rng.randbytes(rng.randrange(40)) + sidecar[end:]
        assert check_content("audit.json", Fingerprint.of(content), junk, trusted_anchors()).problems


def test_text_that_steers_a_terminal_is_written_out():
    assert printable("a\x1b[2J\u202e\ud800é") == "a\\x1b[2J\\u202e\\ud800é"
