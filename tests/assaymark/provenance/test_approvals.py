"""Approvals hold as they were signed, for the release that they name, in their order; nothing else may lie beside them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from assaymark.errors import ApprovalError, ReleaseError
from assaymark.pipeline.approving import approvals_beside, approve
from assaymark.pipeline.requests import TrustRequest, VerifyRequest
from assaymark.pipeline.verifying import verify
from assaymark.provenance import approvals as module
from assaymark.provenance.approvals import Approval, add_approval, chosen_findings, not_waived
from assaymark.provenance.independent import read_manifest as read_independently
from assaymark.provenance.keys import trusted_anchors
from assaymark.provenance.lineage import digests_of
from assaymark.provenance.manifests import read_manifest
from assaymark.provenance.signing import open_development_signer
from assaymark.provenance.verification import verify_release

OPEN = ("fail", "inconclusive")


@pytest.fixture
def own(release, tmp_path):
    shutil.copytree(release, tmp_path / "out")
    return tmp_path / "out"


def open_gates(folder: Path) -> list[dict]:
    findings = json.loads((folder / "audit.json").read_bytes())["findings"]
    return [{key: f[key] for key in ("id", "scope", "gate")} for f in findings if f["gate"] in OPEN]


def add(folder: Path, signer=None, **change):
    """Sign an approval of whatever content, as its signer could."""
    document = {
        "created": "2026-01-02T03:04:05Z",
        "release": digests_of(folder),
        "verdict": json.loads((folder / "audit.json").read_bytes())["verdict"],
        "by": "Ada",
        "decision": "approve",
        "waives": [],
        "reason": "",
        **change,
    }
    there = verify_release(folder, trusted_anchors()).approvals
    return add_approval(folder, document, there, signer or open_development_signer(), "0.1.0")


def problems(folder: Path) -> list[tuple[str, str]]:
    told = [[(p.file, p.code) for p in verify_release(folder, trusted_anchors(), read).problems] for read in READERS]
    assert told[0] == told[1]
    return told[0]


READERS = (read_manifest, read_independently)


def test_no_signed_file_is_touched_and_the_verdict_stays(own):
    before = {path.name: path.read_bytes() for path in own.iterdir()}
    first = open_gates(own)[0]
    approval, path = approve(own, "Ada Lovelace", open_development_signer(), waive=[first["id"]], reason="pilot only")
    assert path == own / "approvals" / "0001" / "approval.json"
    assert {path.name: path.read_bytes() for path in own.iterdir() if path.is_file()} == before
    assert all(each["id"] == first["id"] for each in approval.waives)
    found = verify(VerifyRequest(own))
    assert (found.ok, found.verdict.value) == (True, "inconclusive")
    (told,) = found.approvals
    assert (told["by"], told["decision"], told["reason"], told["trusted"]) == ("Ada Lovelace", "waive", "pilot only", True)
    assert told["same_signer"]


def test_each_approval_names_the_one_before(own):
    add(own)
    add(own, by="Grace")
    checked = verify_release(own, trusted_anchors())
    assert [(one.number, one.by) for one in checked.approvals] == [(1, "Ada"), (2, "Grace")]
    second = json.loads((own / "approvals/0002/approval.json").read_bytes())
    assert second["previous"] == checked.approvals[0].digests
    assert problems(own) == []


def test_another_signer_is_told_from_that_of_the_release_and_from_a_trusted_one(own, authority, tmp_path):
    root, signer = authority(name="Data protection officer")
    add(own, signer)
    unknown = verify(VerifyRequest(own))
    assert [(p["file"], p["code"]) for p in unknown.problems] == [("approvals/0001", "untrusted")]
    assert verify(VerifyRequest(own, allow_untrusted=True)).approvals[0]["trusted"] is False
    (tmp_path / "root.pem").write_bytes(root)
    (told,) = verify(VerifyRequest(own, TrustRequest((tmp_path / "root.pem",)))).approvals
    assert (told["signer"], told["trusted"], told["same_signer"]) == ("Data protection officer", True, False)


def edit(path: Path, old: bytes, new: bytes) -> None:
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))


@pytest.mark.parametrize(
    ("attack", "code"),
    [
        (lambda d: edit(d / "0001/approval.json", b"Ada", b"Eve"), "altered"),
        (lambda d: (d / "0001/approval.json.c2pa").unlink(), "extra"),
        (lambda d: (d / "0001/note.txt").write_text("x"), "extra"),
        (lambda d: (d / "note.txt").write_text("x"), "extra"),
        (lambda d: (d / "0003").mkdir(), "extra"),
        (lambda d: (d / "0001").rename(d / "0003"), "extra"),
        (lambda d: shutil.rmtree(d / "0001"), "extra"),
        (lambda d: [shutil.rmtree(d / "0001"), (d / "0002").rename(d / "0001")], "moved"),
        (lambda d: shutil.copytree(d / "0001", d / "0003"), "moved"),
        (lambda d: shutil.copytree(d / "0002", d / "0001", dirs_exist_ok=True), "moved"),
        (lambda d: shutil.copy(d / "0002/approval.json.c2pa", d / "0001/approval.json.c2pa"), "altered"),
        (lambda d: edit(d / "0002/approval.json.c2pa", b"\x00" * 40, b"\x00" * 39 + b"\x01"), "not_canonical"),
        (lambda d: (d / "0001/approval.json").write_bytes(b""), "altered"),
    ],
)
def test_an_approval_that_was_changed_taken_out_or_put_elsewhere_is_found(own, attack, code):
    add(own)
    add(own, by="Grace")
    attack(own / "approvals")
    ((file, found),) = problems(own)
    assert file.startswith("approvals")
    assert found == code


def test_a_link_instead_of_an_approval_is_refused(own, tmp_path):
    add(own)
    (own / "approvals/0001").rename(tmp_path / "elsewhere")
    (own / "approvals/0001").symlink_to(tmp_path / "elsewhere")
    assert problems(own) == [("approvals/0001", "extra")]
    shutil.rmtree(own / "approvals")
    (own / "approvals").write_text("x")
    assert problems(own) == [("approvals", "unreadable")]


def test_an_approval_of_another_release_is_found(own, small):
    add(own)
    other = own.with_name("other")
    shutil.copytree(small, other)
    shutil.copytree(own / "approvals", other / "approvals")
    assert problems(other) == [("approvals/0001/approval.json", "other_release")]


def test_the_same_files_signed_again_are_another_release(own):
    from assaymark.provenance.stamping import ReleaseClaims, stamp_release

    add(own)
    document = json.loads((own / "audit.json").read_bytes())
    kept = own.with_name("kept")
    (own / "approvals").rename(kept)
    for path in [*own.glob("*.c2pa"), own / "release.json"]:
        path.unlink()
    claims = ReleaseClaims.of(document, "0.1.0")
    stamp_release(own, open_development_signer(), claims=claims)
    kept.rename(own / "approvals")
    assert problems(own) == [("approvals/0001/approval.json", "other_release")]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"verdict": "pass"}, "disagrees"),
        ({"decision": "waive", "waives": [], "reason": "r"}, "malformed"),
        ({"decision": "waive", "waives": [{"id": "bias.none", "scope": {}, "gate": "fail"}], "reason": "r"}, "unknown_finding"),
        ({"release": {"sha256": "ab" * 32, "manifest_sha256": "cd" * 32}}, "other_release"),
    ],
)
def test_a_well_signed_approval_that_does_not_fit_is_found(own, change, code):
    add(own, **change)
    assert problems(own) == [("approvals/0001/approval.json", code)]


def test_a_waiver_of_a_gate_that_holds_or_of_another_scope_is_found(own):
    findings = json.loads((own / "audit.json").read_bytes())["findings"]
    passed = next(f for f in findings if f["gate"] == "pass")
    wrong = [{"id": passed["id"], "scope": passed["scope"], "gate": "fail"}, {**open_gates(own)[0], "scope": {"x": "y"}}]
    for waived in wrong:
        add(own, decision="waive", waives=[waived], reason="r")
        assert problems(own) == [("approvals/0001/approval.json", "unknown_finding")]
        shutil.rmtree(own / "approvals")


def test_waivers_let_a_demanded_pass_through_only_where_they_are_accepted_trusted_and_complete(own, authority):
    gates = open_gates(own)
    assert len(gates) > 1, "the release must leave some gates undecided"
    signer = open_development_signer()
    demanded = VerifyRequest(own, require_pass=True)
    waived = VerifyRequest(own, require_pass=True, accept_waivers=True)
    approve(own, "Ada", signer, reason="looked at it")
    assert not verify(waived).ok
    _, stranger = authority()
    add(own, stranger, decision="waive", waives=gates, reason="r")
    lenient = VerifyRequest(own, require_pass=True, accept_waivers=True, allow_untrusted=True)
    assert [p["code"] for p in verify(lenient).problems] == ["verdict_not_pass"]
    shutil.rmtree(own / "approvals")
    add(own, decision="waive", waives=gates[:1], reason="r")
    partly = verify(waived)
    assert (partly.ok, partly.gates_left) == (False, len(gates) - 1)
    add(own, decision="waive", waives=gates[1:], reason="r")
    assert (verify(waived).ok, verify(waived).gates_left) == (True, 0)
    assert [p["code"] for p in verify(demanded).problems] == ["verdict_not_pass"]


FINDINGS = [
    {"id": "bias.a", "scope": {"protected": ["sex"], "group": "F"}, "gate": "fail"},
    {"id": "bias.a", "scope": {"protected": ["sex", "race"], "group": "F & X"}, "gate": "inconclusive"},
    {"id": "bias.a", "scope": {"protected": ["age"], "group": "old"}, "gate": "pass"},
    {"id": "bias.b", "scope": {}, "gate": "ungated"},
]


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        ("bias.a", [0, 1]),
        ("bias.a:race", [1]),
        ("bias.a:sex,group=F", [0]),
        ("bias.a:protected=sex", [0, 1]),
        ("bias.a:F", [0]),
    ],
)
def test_a_waiver_names_findings_by_id_and_scope(wanted, places):
    assert chosen_findings(FINDINGS, wanted) == [FINDINGS[place] for place in places]


@pytest.mark.parametrize(
    ("wanted", "what"),
    [("bias.c", "has that id"), ("bias.a:planet", "has that scope"), ("bias.a:age", "nothing to waive"), ("bias.b", "nothing")],
)
def test_there_must_be_something_to_waive(wanted, what):
    with pytest.raises(ApprovalError, match=what):
        chosen_findings(FINDINGS, wanted)


def test_only_trusted_waivers_count():
    def waiver(trusted: bool) -> Approval:
        return Approval(1, "A", "", "waive", (FINDINGS[0],), "r", "S", trusted, same_signer=False, digests={})

    assert not_waived(FINDINGS, [waiver(trusted=False)]) == FINDINGS[:2]
    assert not_waived(FINDINGS, [waiver(trusted=True)]) == FINDINGS[1:2]


@pytest.mark.parametrize(
    "options",
    [
        {"by": ""},
        {"by": "x" * 201},
        {"by": "Ada\x1b[2J"},
        {"by": "Ada", "waive": ["privacy.membership_inference"]},
        {"by": "Ada", "waive": ["privacy.membership_inference"], "reason": "x" * 2001},
        {"by": "Ada", "waive": ["bias.nowhere"], "reason": "r"},
    ],
)
def test_what_cannot_be_approved_leaves_nothing(own, options):
    with pytest.raises(ApprovalError):
        approve(own, signer=open_development_signer(), **options)
    assert not (own / "approvals").exists()
    assert [path.name for path in own.parent.iterdir()] == ["out"]


def test_an_altered_release_is_not_approved(own):
    (own / "report.html").write_text("<p>all is well</p>")
    with pytest.raises(ApprovalError, match="verifies"):
        approve(own, "Ada", open_development_signer())
    with pytest.raises(ApprovalError):
        approve(own / "audit.json", "Ada", open_development_signer())


def test_an_approval_that_came_in_meanwhile_is_not_replaced(own):
    add(own)
    before = (own / "approvals/0001/approval.json").read_bytes()
    for target in (own / "approvals" / "0001",):
        with pytest.raises(ApprovalError, match="meanwhile"):
            module._place(target, {"approval.json": b"x"})
    assert (own / "approvals/0001/approval.json").read_bytes() == before
    assert [path.name for path in own.parent.iterdir()] == ["out"]


def test_reports_show_approvals_beside_the_audit_that_hold_and_no_others(own):
    from assaymark_reports import html, markdown, plain

    document = json.loads((own / "audit.json").read_bytes())
    assert approvals_beside(own / "audit.json") == []
    assert b"Approvals and waivers" not in html.render(document)
    approve(own, "Ada <b>", open_development_signer(), waive=[open_gates(own)[0]["id"]], reason="pilot & only")
    told = {**document, "approvals": approvals_beside(own / "audit.json")}
    page, summary = html.render(told).decode(), markdown.render(told).decode()
    assert "Ada &lt;b&gt; waived" in page
    assert "pilot &amp; only" in page
    assert "which is undecided" in page
    assert "Ada \\<b\\> waived" in summary
    assert plain.render(told) == plain.render(document)
    edit(own / "approvals/0001/approval.json", b"pilot", b"never")
    with pytest.raises(ReleaseError):
        approvals_beside(own / "audit.json")
