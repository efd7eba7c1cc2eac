"""Attacks by name, each told by its reason, and by both readers alike.

The attacker of each test is named by what they hold: nothing (they change files), a certificate of their own (they sign what
they changed), or the signer's key (they sign lies).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import stat
import sys
import time
import tracemalloc
from pathlib import Path

import cbor2
import pytest

from assaymark.pipeline.requests import TrustRequest, VerifyRequest
from assaymark.pipeline.verifying import verify
from assaymark.provenance import independent, manifests
from assaymark.provenance.definitions import computed_definition
from assaymark.provenance.digests import Fingerprint
from assaymark.provenance.file_checks import check_content
from assaymark.provenance.jumbf import read_store
from assaymark.provenance.keys import trusted_anchors
from assaymark.provenance.manifests import Stamper
from assaymark.provenance.signing import open_development_signer
from assaymark.provenance.stamping import ReleaseClaims, stamp_release
from assaymark.provenance.verification import verify_release

READERS = (manifests.read_manifest, independent.read_manifest)
FILES = ("synthetic.csv", "audit.json", "cubes.json", "policy.toml", "report.html")


@pytest.fixture
def copy(small, tmp_path) -> Path:
    shutil.copytree(small, tmp_path / "copy")
    return tmp_path / "copy"


@pytest.fixture
def real(release, tmp_path) -> Path:
    shutil.copytree(release, tmp_path / "real")
    return tmp_path / "real"


def judged(folder: Path, **options) -> set[tuple[str, str]]:
    """Return (file, code) of every problem, which both readers must find alike; ``verify`` refuses exactly what has one."""
    results = [verify(VerifyRequest(folder, independent=one, **options)) for one in (False, True)]
    found = [{(problem["file"], problem["code"]) for problem in result.problems} for result in results]
    assert found[0] == found[1]
    assert [result.ok for result in results] == [not found[0]] * 2
    return found[0]


def checked(folder: Path) -> set[tuple[str, str]]:
    """Return the same for a small release, whose numbers are not looked at."""
    results = [verify_release(folder, trusted_anchors(), read) for read in READERS]
    assert results[0].problems == results[1].problems
    return {(problem.file, problem.code) for problem in results[0].problems}


def alone(name: str, content: bytes, sidecar: bytes) -> set[tuple[str, str]]:
    results = [check_content(name, Fingerprint.of(content), sidecar, trusted_anchors(), read).problems for read in READERS]
    found = [{(problem.file, problem.code) for problem in result} for result in results]
    assert found[0] == found[1]
    return found[0]


def sign_over(folder: Path, name: str, content: bytes, signer=None, change=lambda definition: definition) -> None:
    """Write one file and a good sidecar of it, whatever it says."""
    mark = Fingerprint.of(content)
    with Stamper(signer or open_development_signer()) as stamper:
        (folder / name).write_bytes(content)
        (folder / f"{name}.c2pa").write_bytes(stamper.sign(change(computed_definition(name, mark, "0.1.0")), mark.sha256))


def sign_all(folder: Path, signer=None, audit=None) -> None:
    """Stamp a whole release again, as whoever made it does."""
    for path in [*folder.glob("*.c2pa"), folder / "release.json"]:
        path.unlink()
    audit = audit or json.loads((folder / "audit.json").read_bytes())
    claims = ReleaseClaims.of(audit, audit["assaymark"])
    with signer or open_development_signer() as opened:
        stamp_release(folder, opened, claims=claims)


def rehash(folder: Path) -> None:
    """Write the digests of the files as they are into release.json, as anybody can."""
    release = json.loads((folder / "release.json").read_bytes())
    for entry in release["files"]:
        for record in (entry, entry["sidecar"]):
            content = (folder / record["name"]).read_bytes()
            record.update(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    (folder / "release.json").write_text(json.dumps(release, indent=2) + "\n")


# --- files are moved, replayed and taken ---------------------------------------------------------------------------------


def exchange(first: Path, second: Path) -> None:
    contents = first.read_bytes(), second.read_bytes()
    first.write_bytes(contents[1])
    second.write_bytes(contents[0])


def test_swap_of_two_files(copy):
    exchange(copy / "audit.json", copy / "cubes.json")
    assert checked(copy) == {("audit.json", "altered"), ("cubes.json", "altered")}


def test_swap_of_two_sidecars(copy):
    exchange(copy / "audit.json.c2pa", copy / "cubes.json.c2pa")
    assert checked(copy) == {("audit.json.c2pa", "altered"), ("cubes.json.c2pa", "altered")}
    content, sidecar = (copy / "audit.json").read_bytes(), (copy / "audit.json.c2pa").read_bytes()
    assert alone("audit.json", content, sidecar) == {("audit.json", "altered")}


def test_swap_of_two_files_and_their_sidecars_with_the_digests_set_right(copy):
    """Alone, each is well signed under the other's name; the signature over release.json does not hold."""
    for suffix in ("", ".c2pa"):
        exchange(copy / f"audit.json{suffix}", copy / f"cubes.json{suffix}")
    content, sidecar = (copy / "audit.json").read_bytes(), (copy / "audit.json.c2pa").read_bytes()
    assert alone("audit.json", content, sidecar) == {("audit.json", "renamed")}
    rehash(copy)
    assert checked(copy) == {("release.json", "altered")}


def test_replay_of_an_older_sidecar_of_the_same_file(copy, stamped):
    """The same signer stamped the same bytes before; alone nothing is wrong with that, in this release it is."""
    older = stamped()
    for name in FILES:
        shutil.copy(older / f"{name}.c2pa", copy / f"{name}.c2pa")
        assert alone(name, (copy / name).read_bytes(), (copy / f"{name}.c2pa").read_bytes()) == set()
    assert checked(copy) == {(f"{name}.c2pa", "altered") for name in FILES}
    rehash(copy)
    assert checked(copy) == {("release.json", "altered")}


def test_replay_of_an_older_release_over_newer_files(copy, stamped):
    older = stamped(verdict="fail")
    for name in ("release.json", "release.json.c2pa"):
        shutil.copy(older / name, copy / name)
    assert {code for _, code in checked(copy)} == {"altered"}
    assert ("audit.json.c2pa", "altered") in checked(copy)


def test_replay_of_the_sidecar_over_the_release(copy, stamped):
    shutil.copy(stamped() / "release.json.c2pa", copy / "release.json.c2pa")
    assert checked(copy) == {("release.json", "altered")}


def test_removal_of_a_file_from_the_folder_and_the_list(copy):
    release = json.loads((copy / "release.json").read_bytes())
    release["files"] = [entry for entry in release["files"] if entry["name"] != "cubes.json"]
    for name in ("cubes.json", "cubes.json.c2pa"):
        (copy / name).unlink()
    assert checked(copy) == {("cubes.json", "missing"), ("cubes.json", "unreadable")} | {
        ("cubes.json.c2pa", "missing"), ("cubes.json.c2pa", "unreadable")
    }  # fmt: skip
    (copy / "release.json").write_text(json.dumps(release))
    assert checked(copy) == {("release.json", "altered")}


# --- signatures and certificates -----------------------------------------------------------------------------------------


def test_certificate_substitution_by_another_authority_of_the_same_subject(real, authority):
    """Signed anew by somebody whose certificate reads as the signer's does: intact, and not trusted."""
    from cryptography import x509

    with open_development_signer() as own:
        subject = x509.load_pem_x509_certificate(own.certificates).subject
    _, impostor = authority(name=subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value)
    sign_all(real, impostor)
    assert judged(real) == {("release.json.c2pa", "untrusted")}


def header(sidecar: bytes, change) -> bytes:
    """Change the signed header of the one manifest of a sidecar, of which all lengths stay as they are."""
    raw = read_store(sidecar)[-1].child("c2pa.signature").contents[0][1]
    tag = cbor2.loads(raw)
    protected, unprotected, payload, signature = tag.value
    changed = cbor2.dumps(change(dict(cbor2.loads(protected))))
    pad = dict(unprotected)
    first = next(iter(pad))
    pad[first] = pad[first][: len(pad[first]) - (len(changed) - len(protected))] if len(changed) >= len(protected) else (
        pad[first] + bytes(len(protected) - len(changed))
    )  # fmt: skip
    again = cbor2.dumps(cbor2.CBORTag(18, [changed, pad, payload, signature]))
    assert len(again) == len(raw)
    return sidecar.replace(raw, again)


def test_certificate_substitution_in_the_header_alone(copy, authority):
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    _, impostor = authority(name="Assaymark development certificate")
    leaf = x509.load_pem_x509_certificate(impostor.certificates).public_bytes(Encoding.DER)
    content, sidecar = (copy / "audit.json").read_bytes(), (copy / "audit.json.c2pa").read_bytes()
    for chain in (leaf, [leaf]):
        changed = header(sidecar, lambda old: {**old, 33: chain})  # noqa: B023
        assert alone("audit.json", content, changed) == {("audit.json.c2pa", "invalid")}


@pytest.mark.parametrize("old", [b"Assaymark development certificate", b"Assaymark development root", b"\x06\x03\x55\x04\x03"])
def test_a_certificate_of_which_a_part_cannot_be_read(copy, old):
    """Parts of a certificate are decoded only when they are asked for; found by the coverage-guided search."""
    content, sidecar = (copy / "audit.json").read_bytes(), (copy / "audit.json.c2pa").read_bytes()
    for place in range(len(old)):
        for byte in (b"\x00", b"\xff"):
            changed = sidecar.replace(old, old[:place] + byte + old[place + 1 :])
            assert changed != sidecar
            assert alone("audit.json", content, changed) == {("audit.json.c2pa", "invalid")}


def test_a_chain_without_its_intermediate(real, chain_signer):
    root, whole, truncated = chain_signer
    (real.parent / "root.pem").write_bytes(root)
    anchor = {"trust": TrustRequest((real.parent / "root.pem",))}
    sign_all(real, whole)
    assert judged(real, **anchor) == set()
    sign_all(real, truncated)
    assert judged(real, **anchor) == {("release.json.c2pa", "untrusted")}


def test_a_chain_truncated_in_the_header_alone(small, chain_signer, tmp_path):
    _, whole, _ = chain_signer
    sign_over(tmp_path, "a.csv", b"a\n1\n", whole)
    content, sidecar = (tmp_path / "a.csv").read_bytes(), (tmp_path / "a.csv.c2pa").read_bytes()
    changed = header(sidecar, lambda old: {**old, 33: old[33][:1]})
    assert alone("a.csv", content, changed) == {("a.csv.c2pa", "invalid")}


@pytest.mark.parametrize("algorithm", [-257, -258, -259, -65535, -8, -35, -36, -37, -38, -39, 0, 5, None, "ES256", "none"])
def test_algorithm_downgrade_in_the_header(copy, algorithm):
    """RS256, RS1, another curve, a MAC, none at all."""
    content, sidecar = (copy / "audit.json").read_bytes(), (copy / "audit.json.c2pa").read_bytes()
    changed = header(sidecar, lambda old: {**old, 1: algorithm})
    ((file, code),) = alone("audit.json", content, changed)
    assert (file, code) in {("audit.json.c2pa", "invalid"), ("audit.json.c2pa", "not_canonical")}


@pytest.mark.parametrize("algorithm", ["sha1", "md5", "sha512", "SHA256", "", None])
def test_hash_downgrade_in_a_manifest_that_is_signed(copy, algorithm):
    """By a signer of the attacker's own, so that the signature holds; the library refuses to make most of these."""
    from assaymark.errors import StampError

    def change(definition):
        for each in definition["assertions"]:
            if each["label"] == "c2pa.hash.data":
                each["data"]["alg"] = algorithm
        return definition

    try:
        sign_over(copy, "audit.json", (copy / "audit.json").read_bytes(), change=change)
    except StampError:
        return
    sidecar = (copy / "audit.json.c2pa").read_bytes()
    assert alone("audit.json", (copy / "audit.json").read_bytes(), sidecar) == {("audit.json.c2pa", "invalid")}


@pytest.mark.parametrize("ahead", [b"\0", b"\xef\xbb\xbf", b"PK\x03\x04", b"\x89PNG\r\n\x1a\n", b"<!--", bytes(4096)])
@pytest.mark.parametrize("name", ["report.html", "audit.json.c2pa", "release.json", "release.json.c2pa"])
def test_prepended_bytes(copy, name, ahead):
    path = copy / name
    path.write_bytes(ahead + path.read_bytes())
    expected = "not_canonical" if name == "release.json.c2pa" else "altered"
    assert checked(copy) == {(name, expected)}


# --- documents that say two things ---------------------------------------------------------------------------------------


def doubled(content: bytes, key: bytes) -> bytes:
    """Repeat a key, the second with the same value, ahead of the first: parsers that differ read different documents."""
    start = content.index(b'"' + key + b'"')
    return content[:start] + b'"' + key + b'": "other", ' + content[start:]


def test_duplicate_keys_in_a_signed_release_document(copy):
    sign_over(copy, "release.json", doubled((copy / "release.json").read_bytes(), b"verdict"))
    assert checked(copy) == {("release.json", "malformed")}


@pytest.mark.parametrize(("name", "key"), [("audit.json", b"verdict"), ("cubes.json", b"target")])
def test_duplicate_keys_in_signed_documents(real, name, key):
    (real / name).write_bytes(doubled((real / name).read_bytes(), key))
    if name == "audit.json":
        audit = json.loads((real / name).read_bytes())
        assert audit["verdict"] != "other"  # a parser that keeps the last sees nothing of it
    sign_all(real)
    assert judged(real) == {(name, "malformed" if name == "audit.json" else "AM604")}


def lie_in_step(folder: Path) -> None:
    """Move real people between the cells of a cube, and let the audit say what follows from that: no number disagrees."""
    from dataclasses import replace

    from assaymark.cubes.document import read_cubes
    from assaymark.pipeline import recomputing as again
    from assaymark.pipeline.document import published_tables
    from assaymark.policy.gates import gate_counts, judge, verdict
    from assaymark.policy.loading import parse_policy

    audit, document = (json.loads((folder / name).read_bytes()) for name in ("audit.json", "cubes.json"))
    for scope in document["scopes"]:
        for group in scope["real"]["groups"]:
            group["counts"] = [sum(group["counts"]) - sum(group["counts"]) // 2, sum(group["counts"]) // 2]
    policy, cubes = parse_policy((folder / "policy.toml").read_bytes(), "policy", None), read_cubes(document)
    fresh: dict[str, list] = {}
    for finding in again._fairness(cubes, policy, int(audit["method"]["seed"]), {}):
        fresh.setdefault(finding.id, []).append(finding)
    recorded = [again._finding(entry) for entry in audit["findings"]]
    findings = judge([fresh[f.id].pop(0) if f.id in fresh else f for f in recorded], policy)
    for entry, finding in zip(audit["findings"], findings, strict=True):
        for name in ("real", "synthetic", "value", "null", "margin", "reason", "p", "p_adjusted"):
            entry[name] = getattr(finding, name)
        entry.update(ci=None if finding.ci is None else list(finding.ci), outcome=finding.outcome.value, n=dict(finding.n))
        entry.update(gate=finding.gate.value, scope=dict(finding.scope), detail=json.loads(json.dumps(dict(finding.detail))))
    audit.update(tables=published_tables(replace(cubes)), verdict=verdict(findings).value)
    audit["summary"]["gates"] = gate_counts(findings)
    (folder / "cubes.json").write_text(json.dumps(document, indent=2) + "\n")
    (folder / "audit.json").write_text(json.dumps(audit, indent=2) + "\n")


def test_a_cube_edited_in_step_with_the_audit(real, authority):
    """Whoever has no key is told by the signature, whoever has another by its certificate."""
    lie_in_step(real)
    assert judged(real) == {("audit.json", "altered"), ("cubes.json", "altered")}
    rehash(real)
    assert judged(real) == {("release.json", "altered")}
    _, stranger = authority()
    sign_all(real, stranger)
    assert judged(real) == {("release.json.c2pa", "untrusted")}


def test_what_the_signer_claims_of_real_people_is_not_proven(real):
    """The limit that docs/provenance.md states: of real counts a signer can claim what they like, if all of it agrees."""
    lie_in_step(real)
    sign_all(real)
    assert judged(real) == set()


def test_a_cube_edited_without_the_audit_by_the_signer(real):
    document = json.loads((real / "cubes.json").read_bytes())
    first = document["scopes"][0]["real"]["groups"][0]["counts"]
    first[0], first[1] = first[1], first[0]
    (real / "cubes.json").write_text(json.dumps(document))
    sign_all(real)
    found = judged(real)
    assert {code for _, code in found} == {"recomputed_differently"}


# --- names and paths -----------------------------------------------------------------------------------------------------

HOSTILE_NAMES = [
    "../audit.json", "..", ".", "/etc/hostname", "a/b.csv", "a\\b.csv", "C:audit.json", "~root", ".hidden", "a\u0000.csv",
    "audit.json\u0000", "audit.json\n", "\u001b[2J.csv", "a\u202egpj.csv", "\uff41udit.json", "aud\u0456t.json", " audit.json",
    "audit.json ", "audit.json.", "audit.json.c2pa", "", "a" * 300, "con:", "*", "$(id)", "-", "CON", "nul.csv", "COM1.json",
]  # fmt: skip


@pytest.mark.parametrize("name", [name for name in HOSTILE_NAMES if name != "-"])
def test_paths_and_names_that_a_release_may_not_list(copy, name):
    """Signed by the signer themselves: the document is refused before any such file is opened."""
    release = json.loads((copy / "release.json").read_bytes())
    entry = release["files"][0]
    release["files"][0] = {**entry, "name": name, "sidecar": {**entry["sidecar"], "name": f"{name}.c2pa"}}
    sign_over(copy, "release.json", json.dumps(release).encode())
    assert checked(copy) == {("release.json", "malformed")}


@pytest.mark.parametrize("name", ["../audit.json.c2pa", "/etc/hostname", "other.c2pa", "audit.json"])
def test_a_sidecar_under_another_name(copy, name):
    release = json.loads((copy / "release.json").read_bytes())
    release["files"][0]["sidecar"]["name"] = name
    sign_over(copy, "release.json", json.dumps(release).encode())
    assert ("release.json", "malformed") in checked(copy)


@pytest.mark.parametrize("other", ["Audit.json", "AUDIT.JSON", "audit.Json", "RELEASE.json", "Release.Json.c2pa"])
def test_names_that_differ_in_case_only(copy, other):
    """On a disk that ignores case the two are one file, and which one is a matter of luck."""
    release = json.loads((copy / "release.json").read_bytes())
    entry = release["files"][0]
    release["files"].append({**entry, "name": other, "sidecar": {**entry["sidecar"], "name": f"{other}.c2pa"}})
    sign_over(copy, "release.json", json.dumps(release).encode())
    assert checked(copy) == {("release.json", "malformed")}


def test_a_stray_file_whose_name_differs_in_case_only(copy):
    shutil.copy(copy / "audit.json", copy / "Audit.json")
    assert checked(copy) == {("Audit.json", "extra")}


def test_a_release_whose_names_collide_is_not_stamped(tmp_path):
    from assaymark.errors import StampError

    for name in ("synthetic.csv", "Notes.md", "notes.md"):
        (tmp_path / name).write_text("x")
    claims = ReleaseClaims("2026-01-01T00:00:00Z", "0.1.0", False, "synthetic.csv", None, {}, None, "0" * 64, "pass")
    with open_development_signer() as signer, pytest.raises(StampError):
        stamp_release(tmp_path, signer, claims=claims)
    assert not list(tmp_path.glob("*.c2pa"))


# --- what is no plain file -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["audit.json", "audit.json.c2pa", "release.json", "release.json.c2pa"])
@pytest.mark.parametrize("kind", ["link", "dangling", "loop", "fifo", "folder", "socket", "device", "zero"])
def test_what_is_no_plain_file_is_not_read(copy, small, name, kind):
    """Not even a link to the very bytes that were signed: what it points to can change at any time."""
    path = copy / name
    path.unlink()
    with socket.socket(socket.AF_UNIX) as listening:
        {
            "link": lambda: path.symlink_to(small / name),
            "dangling": lambda: path.symlink_to("/nowhere"),
            "loop": lambda: path.symlink_to(path.name),
            "fifo": lambda: os.mkfifo(path),
            "folder": path.mkdir,
            "socket": lambda: bind_beside(listening, path),
            "device": lambda: make_device(path),
            "zero": lambda: path.symlink_to("/dev/zero"),
        }[kind]()
        assert checked(copy) == {(name, "unreadable")}


def make_device(path: Path) -> None:
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root can make a device, and not in every container")


def bind_beside(listening: socket.socket, path: Path) -> None:
    """Bind by a relative path: the names of sockets are short."""
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        listening.bind(path.name)
    finally:
        os.chdir(here)


def test_a_stray_link_pipe_and_folder(copy):
    (copy / "link").symlink_to("/etc/hostname")
    os.mkfifo(copy / "pipe")
    (copy / "folder").mkdir()
    assert checked(copy) == {("link", "extra"), ("pipe", "extra"), ("folder", "extra")}


@pytest.mark.parametrize("name", ["synthetic.csv", "audit.json", "audit.json.c2pa", "release.json", "release.json.c2pa"])
def test_a_sparse_file_of_ten_gigabytes_is_not_read(copy, name):
    with (copy / name).open("r+b") as file:
        file.truncate(10 * 10**9)
    began = time.process_time()
    assert checked(copy) == {(name, "altered")}
    assert time.process_time() - began < 1


# --- documents that are too much -----------------------------------------------------------------------------------------

TOO_MUCH = {
    "deep lists": b"[" * 200_000 + b"]" * 200_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "unclosed": b"[" * 1_000_000,
    "many lists": b"[" + b"[]," * 3_000_000 + b"[]]",
    "many numbers": b"[" + b"1," * 6_000_000 + b"1]",
    "many keys": b"{" + b",".join(b'"%d":0' % number for number in range(1_200_000)) + b"}",
    "a long number": b"[" + b"9" * 4_000_000 + b"]",
    "a number of 4,300 digits": b"[" + b"9" * 4_300 + b"]",
    "a huge fraction": b"[1e400]",
    "a huge exponent": b"[1e" + b"9" * 1_000_000 + b"]",
    "not a number": b"[NaN]",
    "bytes that are no UTF-8": b'{"a": "\xff\xfe"}',
    "half of a surrogate pair": b'{"a": "\xed\xa0\x80"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "NUL after the end": b"{}\0",
}


@pytest.mark.parametrize("what", TOO_MUCH)
def test_documents_that_are_too_much(copy, what):
    """Well signed, by whomever: refused within a second and in little memory, before and behind the signature."""
    sign_over(copy, "release.json", TOO_MUCH[what])
    tracemalloc.start()
    began = time.process_time()
    found = checked(copy)
    took, (_, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == {("release.json", "malformed")}
    assert took < 2  # by both readers
    assert peak < 100 * 2**20


@pytest.mark.parametrize("name", ["audit.json", "cubes.json", "policy.toml"])
@pytest.mark.parametrize("what", ["deep lists", "many lists", "a number of 4,300 digits", "bytes that are no UTF-8"])
def test_documents_beside_the_release_document_that_are_too_much(real, name, what):
    audit = json.loads((real / "audit.json").read_bytes())
    content = TOO_MUCH[what]
    (real / name).write_bytes(b"a = " + content[:100_000] if name == "policy.toml" else content)
    audit["policy"]["sha256"] = hashlib.sha256((real / "policy.toml").read_bytes()).hexdigest()
    if name == "policy.toml":
        (real / "audit.json").write_text(json.dumps(audit))
    sign_all(real, audit=audit)
    expected = {"audit.json": "malformed", "cubes.json": "AM604", "policy.toml": "AM301"}
    assert judged(real) == {(name, expected[name])}


# --- a file is replaced while it is verified -----------------------------------------------------------------------------


class Racer:
    """Acts at the moment at which a file is opened for the ``turn``-th time; Python tells of every opening, whoever does it."""

    def __init__(self, path: Path, turn: int, act) -> None:
        self.path, self.turn, self.act, self.seen = str(path), turn, act, 0

    def __call__(self, event: str, arguments: tuple) -> None:
        if event == "open" and str(arguments[0]) == self.path:
            self.seen += 1
            if self.seen == self.turn:
                self.act()


@pytest.mark.parametrize("name", ["cubes.json", "audit.json", "policy.toml", "synthetic.csv"])
@pytest.mark.parametrize("own", [False, True])
def test_a_file_replaced_between_its_two_readings(real, release, name, own):
    """It is read once for its digest and once for its numbers; what comes between is told, even when put back at once.

    What no verifier can close: whoever may write to the folder can replace a file after ``verify`` has ended. So verify a copy
    that nobody else can write to, and use that copy.
    """
    other = real.parent / "other"
    shutil.copy(release / name, other)
    other.write_bytes(other.read_bytes() + b"\n")
    racer = Racer(real / name, 2, lambda: other.replace(real / name))
    sys.addaudithook(racer)
    result = verify(VerifyRequest(real, independent=own))
    racer.turn = 0
    assert racer.seen >= 2
    assert (name, "changed_meanwhile") in {(problem["file"], problem["code"]) for problem in result.problems}


def test_a_file_replaced_before_its_first_reading(real):
    other = real.parent / "other"
    racer = Racer(real / "cubes.json", 1, lambda: other.replace(real / "cubes.json"))
    other.write_text("{}")
    sys.addaudithook(racer)
    result = verify(VerifyRequest(real))
    assert {(problem["file"], problem["code"]) for problem in result.problems} == {("cubes.json", "altered")}
