"""Commitments are opened by the file they were made of, and published counts of real rows follow from it or are found out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from assaymark.errors import ColumnNotFoundError, CommitmentError, DisclosureError, OptionError, ReleaseError
from assaymark.execution import Run
from assaymark.pipeline.auditing import audit
from assaymark.pipeline.disclosing import check_proof, disclose
from assaymark.pipeline.requests import AuditRequest, VerifyRequest
from assaymark.pipeline.verifying import verify
from assaymark.provenance.commitment import commit, commitment_of
from assaymark.provenance.disclosure import source_digest
from assaymark.provenance.keys import trusted_anchors
from assaymark.provenance.signing import open_development_signer
from assaymark.provenance.stamping import ReleaseClaims, stamp_file, stamp_release
from assaymark.tables.loading import TableOptions
from assaymark.tables.roles import RoleOptions

ROLES = RoleOptions(target="approved", positive="yes", protected=("sex",), strata=("country",))


@pytest.fixture
def own(release, tmp_path):
    """A copy of the release, with its salts beside it."""
    shutil.copytree(release, tmp_path / "out")
    shutil.copy(release.with_name("out.disclosure.json"), tmp_path / "out.disclosure.json")
    return tmp_path / "out"


@pytest.fixture
def salts(own):
    return own.with_name("out.disclosure.json")


def change(path: Path, function) -> None:
    document = json.loads(path.read_bytes())
    function(document)
    path.write_text(json.dumps(document))


def test_the_source_opens_its_commitment_and_no_other_file_does(own, people, tmp_path):
    found = disclose(own, {"real": people})
    entry = found.proof["opened"]["real"]
    assert commitment_of(source_digest(people), entry["salt"]) == entry["commitment"]
    assert entry["commitment"] == json.loads((own / "audit.json").read_bytes())["datasets"]["real"]["commitment"]
    other = tmp_path / "other.csv"
    other.write_bytes(people.read_bytes() + b"\n")
    with pytest.raises(CommitmentError) as caught:
        disclose(own, {"real": other})
    assert caught.value.exit_code == 1
    assert source_digest(other)[:8] not in str(caught.value)


def test_a_proof_holds_one_salt_only(own, people, salts):
    text = json.dumps(disclose(own, {"real": people}).proof)
    kept = json.loads(salts.read_bytes())
    assert kept["real"]["salt"] in text
    assert kept["holdout"]["salt"] not in text
    assert kept["holdout"]["commitment"] not in text


@pytest.mark.parametrize(
    ("function", "error"),
    [
        (lambda d: d["real"].update(salt="00" * 32), CommitmentError),
        (lambda d: d["real"].update(commitment="00" * 32), DisclosureError),
        (lambda d: d["real"].update(salt="xyz"), DisclosureError),
        (lambda d: d.pop("real"), DisclosureError),
        (lambda d: d.update(schema="assaymark-disclosure/2"), DisclosureError),
        (lambda d: d.update(more=1), DisclosureError),
        (lambda d: d["real"].update(salt="ab" * 32 + "\n"), DisclosureError),
    ],
)
def test_salts_that_were_changed_are_refused_and_never_shown(own, people, salts, function, error):
    salt = json.loads(salts.read_bytes())["real"]["salt"]
    change(salts, function)
    with pytest.raises(error) as caught:
        disclose(own, {"real": people})
    assert salt not in str(caught.value)


def test_salts_that_are_missing_or_open_to_others_are_refused(own, people, salts):
    salts.chmod(0o640)
    with pytest.raises(DisclosureError, match="read by others"):
        disclose(own, {"real": people})
    salts.unlink()
    with pytest.raises(DisclosureError, match="cannot be read"):
        disclose(own, {"real": people})
    salts.mkdir()
    with pytest.raises(DisclosureError):
        disclose(own, {"real": people})


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"schema": []}', b'{"schema": 1, "schema": 2}', b"[" * 10**5])
def test_salts_of_a_hostile_shape_are_refused(own, people, salts, content):
    salts.write_bytes(content)
    with pytest.raises(DisclosureError):
        disclose(own, {"real": people})


def test_nothing_is_proved_of_a_release_that_does_not_verify(own, people):
    (own / "report.html").write_text("<p>all is well</p>")
    with pytest.raises(ReleaseError, match="does not verify"):
        disclose(own, {"real": people})


def test_a_third_party_checks_a_proof_and_its_signature(own, people, tmp_path):
    proof = tmp_path / "proof.json"
    proof.write_text(json.dumps(disclose(own, {"real": people}).proof))
    anchors = trusted_anchors()
    assert check_proof(own, proof, {}, anchors).proof_signer is None
    assert check_proof(own, proof, {"real": people}, anchors).release_trusted
    assert not check_proof(own, proof, {}, []).release_trusted
    with pytest.raises(CommitmentError):
        check_proof(own, proof, {"real": own / "synthetic.csv"}, anchors)
    with pytest.raises(DisclosureError, match="no salt for the holdout"):
        check_proof(own, proof, {"holdout": people}, anchors)
    stamp_file(proof, open_development_signer())
    assert check_proof(own, proof, {}, anchors).proof_trusted
    change(proof, lambda d: None)
    proof.write_text(proof.read_text() + " ")
    with pytest.raises(ReleaseError, match="signature"):
        check_proof(own, proof, {}, anchors)


@pytest.mark.parametrize(
    ("function", "error"),
    [
        (lambda d: d["opened"]["real"].update(sha256="00" * 32), CommitmentError),
        (lambda d: d["opened"]["real"].update(salt="00" * 32), CommitmentError),
        (lambda d: d["release"].update(sha256="00" * 32), DisclosureError),
        (lambda d: d.update(opened={}), DisclosureError),
    ],
)
def test_a_false_proof_is_found(own, people, tmp_path, function, error):
    proof = tmp_path / "proof.json"
    proof.write_text(json.dumps(disclose(own, {"real": people}).proof))
    change(proof, function)
    with pytest.raises(error):
        check_proof(own, proof, {}, trusted_anchors())


def test_the_owners_salts_are_no_proof(own, salts):
    with pytest.raises(DisclosureError, match="all salts"):
        check_proof(own, salts, {}, trusted_anchors())


def test_verify_counts_the_split_source_again(own, people):
    found = verify(VerifyRequest(own, sources={"real": people}))
    assert (found.ok, found.problems) == (True, ())
    assert found.sources == {name: {"committed": True, "counted": True} for name in ("real", "holdout")}


def test_a_changed_source_fails_by_name(own, people, tmp_path):
    other = tmp_path / "mine.csv"
    other.write_bytes(people.read_bytes().replace(b"Male", b"Mole", 1))
    found = verify(VerifyRequest(own, sources={"real": other}))
    assert not found.ok
    assert {problem["file"] for problem in found.problems} == {str(other)}
    assert {problem["code"] for problem in found.problems} == {"not_the_source"}
    assert found.sources["real"] == {"committed": False, "counted": False}


def test_sources_that_cannot_be_held_against_anything_are_refused(own, people):
    with pytest.raises(OptionError):
        verify(VerifyRequest(own, sources={"holdout": people}))
    with pytest.raises(OptionError):
        verify(VerifyRequest(own / "audit.json", sources={"real": people}))


def commit_to_another(folder: Path, source: Path, datasets: tuple[str, ...] = ("real",)) -> None:
    """Sign a release again as if it had been made of another file: everything else in it stays and agrees."""
    salts = folder.with_name(folder.name + ".disclosure.json")
    document = json.loads((folder / "audit.json").read_bytes())
    for name in datasets:
        commitment, salt = commit(source_digest(source))
        document["datasets"][name]["commitment"] = commitment
        change(salts, lambda d, n=name, c=commitment, s=salt: d.update({n: {"commitment": c, "salt": s}}))
    for made in [*folder.glob("*.c2pa"), folder / "release.json"]:
        made.unlink()
    (folder / "audit.json").write_text(json.dumps(document))
    claims = ReleaseClaims.of(document, document["assaymark"])
    stamp_release(folder, open_development_signer(), claims=claims)


def flattered(people: Path, out: Path) -> Path:
    """Write the same people with a hundred more approvals of women."""
    lines, changed = people.read_text().splitlines(keepends=True), 0
    for place, line in enumerate(lines):
        if changed < 100 and line.startswith("Female") and line.endswith("no\n"):
            lines[place], changed = line.removesuffix("no\n") + "yes\n", changed + 1
    assert changed == 100
    out.write_text("".join(lines))
    return out


def test_counts_that_do_not_follow_from_the_committed_source_are_found(people, tmp_path):
    """Its signatures hold and its numbers follow from its cubes; only the source itself gives the lie away."""
    nicer, folder = flattered(people, tmp_path / "nicer.csv"), tmp_path / "out"
    audit(AuditRequest(nicer, people, ROLES, TableOptions(), out=folder), Run(0))
    assert verify(VerifyRequest(folder, sources={"real": nicer})).ok
    commit_to_another(folder, people)
    assert verify(VerifyRequest(folder)).ok
    found = verify(VerifyRequest(folder, sources={"real": people}))
    assert {(problem["file"], problem["code"]) for problem in found.problems} == {("cubes.json", "not_from_source")}
    assert found.sources["real"] == {"committed": True, "counted": False}
    assert "real counts of sex do not follow" in found.problems[0]["message"]
    assert any("sex, country" in problem["message"] for problem in found.problems)


def test_a_holdout_of_its_own_is_checked_under_its_own_headers(people, tmp_path):
    held, folder = tmp_path / "held.csv", tmp_path / "out"
    lines = people.read_text().splitlines(keepends=True)
    (tmp_path / "real.csv").write_text("".join(lines[:2001]))
    held.write_text("".join([lines[0].replace("sex", "gender"), *lines[2001:]]))
    real = tmp_path / "real.csv"
    request = AuditRequest(real, people, ROLES, TableOptions(), folder, holdout=held, rename={"gender": "sex"})
    audit(request, Run(0))
    found = verify(VerifyRequest(folder, sources={"real": real, "holdout": held}))
    assert (found.ok, found.problems) == (True, ())
    assert verify(VerifyRequest(folder, sources={"real": real})).sources["holdout"] == {}
    swapped = verify(VerifyRequest(folder, sources={"real": held, "holdout": real}))
    assert [problem["code"] for problem in swapped.problems] == ["not_the_source"] * 2
    with pytest.raises(ColumnNotFoundError):
        verify(VerifyRequest(folder, sources={"real": real, "holdout": held}, rename={"unused": "sex"}))


LEVELS = ("low", "middle", "high", "top")


@pytest.mark.parametrize("order", [{}, {"risk": LEVELS}], ids=["nominal", "ordinal"])
def test_counts_by_class_are_made_again(tmp_path, order):
    rng = np.random.default_rng(5)
    sex, risk = rng.integers(2, size=1200), rng.integers(4, size=1200)
    text = "".join(f"{'MF'[s]},{LEVELS[r]}\n" for s, r in zip(sex, risk, strict=True))
    real, changed, folder = tmp_path / "real.csv", tmp_path / "changed.csv", tmp_path / "out"
    real.write_text("sex,risk\n" + text)
    moved = text.replace("F,middle\n", "F,low\n", 30)  # the outcome, "top" or not, stays as it was
    assert moved != text
    changed.write_text("sex,risk\n" + moved)
    roles = RoleOptions(target="risk", positive="top", protected=("sex",), order=order)
    audit(AuditRequest(changed, real, roles, TableOptions(), out=folder), Run(0))
    assert json.loads((folder / "cubes.json").read_bytes())["scopes"][0]["classes"]["ordered"] is bool(order)
    assert verify(VerifyRequest(folder, sources={"real": changed})).ok
    commit_to_another(folder, real)
    (problem,) = verify(VerifyRequest(folder, sources={"real": real})).problems
    assert problem["message"] == "its real counts of sex by class do not follow from the file"
