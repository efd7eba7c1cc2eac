"""A release names its parent by digest; another parent, another account of what changed, or an altered parent is found."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from assaymark.errors import OptionError, ParentError
from assaymark.execution import Run
from assaymark.pipeline.auditing import audit
from assaymark.pipeline.releasing import write_lineage
from assaymark.pipeline.requests import AuditRequest, TrustRequest, VerifyRequest
from assaymark.pipeline.verifying import open_parent, verify
from assaymark.provenance.definitions import training_mining
from assaymark.provenance.digests import Fingerprint
from assaymark.provenance.file_checks import verify_file
from assaymark.provenance.keys import trusted_anchors
from assaymark.provenance.manifests import read_manifest
from assaymark.provenance.signing import open_development_signer
from assaymark.provenance.stamping import ReleaseClaims, stamp_file, stamp_release
from assaymark.tables.loading import TableOptions
from assaymark.tables.roles import RoleOptions


def claims_of(document: dict, **more) -> ReleaseClaims:
    return ReleaseClaims.of(document, document["assaymark"], **more)


@pytest.fixture
def child(release, tmp_path):
    """Make a release of the same files, without the Croissant description, that follows ``release``; change its statement."""

    def make(change=lambda statement: None, *, named=True, signer=None, write=True) -> Path:
        folder = tmp_path / "child"
        shutil.copytree(release, folder)
        for path in [*folder.glob("*.c2pa"), folder / "release.json", folder / "croissant.json"]:
            path.unlink()
        parent, document = open_parent(release), json.loads((folder / "audit.json").read_bytes())
        if write:
            write_lineage(folder, document, parent)
            statement = json.loads((folder / "parent.json").read_bytes())
            change(statement)
            (folder / "parent.json").write_text(json.dumps(statement))
        claims = claims_of(document, parent=parent.digests if named else None)
        stamp_release(folder, signer or open_development_signer(), claims=claims)
        return folder

    return make


def codes(request: VerifyRequest) -> set[tuple[str, str]]:
    return {(Path(problem["file"]).name, problem["code"]) for problem in verify(request).problems}


@pytest.mark.parametrize("independent", [False, True])
def test_a_parent_is_named_and_what_changed_is_told(release, child, independent):
    folder = child()
    alone = verify(VerifyRequest(folder, independent=independent))
    assert (alone.ok, alone.parent_checked) == (True, False)
    files = alone.parent["changes"]["files"]
    assert (files["added"], files["removed"], files["changed"]) == ([], ["croissant.json"], [])
    assert "audit.json" in files["same"]
    for named in (release, release / "release.json"):
        both = verify(VerifyRequest(folder, parent=named, independent=independent))
        assert (both.ok, both.parent_checked) == (True, True)


def test_the_manifest_opens_its_parent_as_c2pa_says(release, child):
    folder = child()
    content = Fingerprint.of((folder / "release.json").read_bytes()).sha256
    manifest = read_manifest((folder / "release.json.c2pa").read_bytes(), content, trusted_anchors()).active
    (actions,) = [each["data"]["actions"] for each in manifest["assertions"] if each["label"] == "c2pa.actions.v2"]
    (parent,) = [each for each in manifest["ingredients"] if each["relationship"] == "parentOf"]
    assert [action["action"] for action in actions] == ["c2pa.opened"]
    assert actions[0]["parameters"]["ingredients"][0]["url"].endswith("c2pa.assertions/" + parent["label"])
    digest = Fingerprint.of((release / "release.json").read_bytes()).sha256.hex()
    assert digest.encode() in (folder / "release.json.c2pa").read_bytes()


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s["changes"]["files"]["removed"].clear(),
        lambda s: s["changes"]["files"]["same"].append("croissant.json"),
        lambda s: s["changes"]["verdict"].update({"from": "fail"}),
        lambda s: s["changes"]["seed"].update({"from": 5}),
        lambda s: s["changes"]["generator"]["from"].update({"config": {"parents": 2}}),
        lambda s: s["parent"].update({"created": "2020-01-01T00:00:00Z"}),
    ],
)
def test_a_false_account_of_what_changed_is_found_with_the_parent_at_hand(release, child, change):
    folder = child(change)
    assert verify(VerifyRequest(folder)).ok
    assert codes(VerifyRequest(folder, parent=release)) == {("parent.json", "disagrees")}


def test_another_parent_than_the_one_named_is_found(release, child, tmp_path):
    folder, other = child(), tmp_path / "other"
    shutil.copytree(release, other)
    (other / "release.json.c2pa").unlink()
    for path in other.glob("*.c2pa"):
        path.unlink()
    (other / "release.json").unlink()
    stamp_release(other, open_development_signer(), claims=claims_of(json.loads((other / "audit.json").read_bytes())))
    assert codes(VerifyRequest(folder, parent=other)) == {("other", "other_parent")}
    assert codes(VerifyRequest(other, parent=release)) == {("parent.json", "no_parent")}


def test_a_statement_that_the_manifest_does_not_bear_out_is_found(child):
    swapped = child(lambda s: s["parent"].update({"sha256": "ab" * 32}))
    assert codes(VerifyRequest(swapped)) == {("parent.json", "disagrees")}


@pytest.mark.parametrize(("options", "code"), [({"named": False}, "disagrees"), ({"write": False}, "missing")])
def test_manifest_and_statement_go_together(child, options, code):
    assert codes(VerifyRequest(child(**options))) == {("parent.json", code)}


@pytest.mark.parametrize(
    "change", [lambda s: s.update(more=1), lambda s: s.pop("changes"), lambda s: s["parent"].update(sha256=5)]
)
def test_a_statement_of_another_form_is_refused(child, change):
    assert codes(VerifyRequest(child(change))) == {("parent.json", "malformed")}


def test_a_parent_that_does_not_verify_is_refused_before_anything_is_written(release, people, tmp_path):
    shutil.copytree(release, tmp_path / "bad")
    (tmp_path / "bad" / "report.html").write_text("<p>all is well</p>")
    roles = RoleOptions(target="approved", positive="yes", protected=("sex",))
    request = AuditRequest(people, people, roles, TableOptions(), out=tmp_path / "out", parent=tmp_path / "bad")
    for named in (request, replace(request, parent=tmp_path / "nowhere"), replace(request, parent=people)):
        with pytest.raises(ParentError) as caught:
            audit(named, Run(0))
        assert caught.value.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_a_parent_by_a_stranger_is_refused_unless_its_root_is_named(child, release, authority, tmp_path):
    root, signer = authority()
    folder = child(signer=signer)
    with pytest.raises(ParentError):
        open_parent(folder)
    (tmp_path / "root.pem").write_bytes(root)
    assert open_parent(folder, TrustRequest((tmp_path / "root.pem",))).release["files"]


def test_a_single_file_has_no_parent(release):
    with pytest.raises(OptionError):
        verify(VerifyRequest(release / "audit.json", parent=release))


def test_an_audit_follows_a_release_and_says_what_may_be_done_with_its_table(release, people, tmp_path):
    roles = RoleOptions(target="approved", positive="yes", protected=("sex",))
    mining, folder = training_mining("constrained", "research only"), tmp_path / "out"
    audit(AuditRequest(people, people, roles, TableOptions(), out=folder, parent=release, mining=mining), Run(3))
    found = verify(VerifyRequest(folder, parent=release))
    assert (found.ok, found.parent_checked) == (True, True)
    changes = found.parent["changes"]
    assert changes["seed"] == {"from": 0, "to": 3}
    assert (changes["generator"]["from"]["name"], changes["generator"]["to"]) == ("copula", None)
    assert found.mining == mining
    entries = verify_file(folder / "synthetic.csv", trusted_anchors()).assertions["cawg.training-mining"]["entries"]
    assert set(entries) == {"cawg.ai_generative_training", "cawg.ai_inference", "cawg.ai_training", "cawg.data_mining"}
    assert set(map(tuple, (sorted(entry.items()) for entry in entries.values()))) == {
        (("constraint_info", "research only"), ("use", "constrained"))
    }


def test_table_and_release_say_the_same_of_training_and_mining(release, tmp_path):
    folder = tmp_path / "out"
    shutil.copytree(release, folder)
    claims = claims_of(json.loads((folder / "audit.json").read_bytes()), mining=training_mining("notAllowed"))
    for path in [*folder.glob("*.c2pa"), folder / "release.json"]:
        path.unlink()
    stamp_release(folder, open_development_signer(), claims=claims)
    assert verify(VerifyRequest(folder)).mining == training_mining("notAllowed")


def test_a_single_file_says_what_may_be_done_with_it(tmp_path):
    (tmp_path / "a.csv").write_text("a\n1\n")
    stamp_file(tmp_path / "a.csv", open_development_signer(), mining=training_mining("notAllowed"))
    checked = verify_file(tmp_path / "a.csv", trusted_anchors())
    assert checked.assertions["cawg.training-mining"] == training_mining("notAllowed")
    assert verify(VerifyRequest(tmp_path / "a.csv")).mining == training_mining("notAllowed")


def test_a_generated_table_says_which_code_and_which_model_made_it(release):
    """Also whether its installed files may change under it, as those of an editable install do."""
    from assaymark.host.installed import is_editable, plugin_digest

    stated = verify_file(release / "synthetic.csv", trusted_anchors()).assertions["org.assaymark.release"]["generator"]
    assert {"name", "distribution", "version", "digest", "editable", "config", "seed", "model"} <= set(stated)
    assert stated["digest"] == plugin_digest("assaymark")
    assert stated["editable"] is is_editable("assaymark")
    assert stated["model"].startswith("sha256:")
