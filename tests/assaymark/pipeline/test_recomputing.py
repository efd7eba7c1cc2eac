"""A release that was signed with a wrong number: the signature holds, the recomputation does not."""

from __future__ import annotations

import json
import shutil

import pytest

from assaymark.pipeline.requests import VerifyRequest
from assaymark.pipeline.verifying import verify
from assaymark.provenance.signing import open_development_signer
from assaymark.provenance.stamping import ReleaseClaims, stamp_release


@pytest.fixture
def forged(release, tmp_path):
    """Change documents of a release by a function each, and sign the whole again."""

    def forge(**changes):
        folder = tmp_path / "forged"
        shutil.copytree(release, folder)
        for sidecar in [*folder.glob("*.c2pa"), folder / "release.json"]:
            sidecar.unlink()
        for name, change in changes.items():
            path = folder / f"{name}.json"
            document = json.loads(path.read_bytes())
            change(document)
            path.write_text(json.dumps(document))
        audit = json.loads((folder / "audit.json").read_bytes())
        claims = ReleaseClaims.of(audit, audit["assaymark"])
        stamp_release(folder, open_development_signer(), claims=claims)
        return verify(VerifyRequest(folder))

    return forge


def finding(document, identifier):
    return next(f for f in document["findings"] if f["id"] == identifier)


DPD = "bias.demographic_parity_difference"


def test_signing_again_without_a_change_verifies(forged):
    assert forged().ok


@pytest.mark.parametrize("field", ["real", "synthetic", "value", "null", "margin"])
def test_a_changed_number_is_found(forged, field):
    result = forged(audit=lambda d: finding(d, DPD).update({field: finding(d, DPD)[field] + 0.001}))
    assert not result.ok
    assert any(DPD in p["message"] and p["file"] == "audit.json" for p in result.problems)


def test_a_changed_interval_or_outcome_is_found(forged):
    def narrow(document):
        one = finding(document, DPD)
        one["ci"] = [0.5 * end for end in one["ci"]]

    assert not forged(audit=narrow).ok


@pytest.mark.parametrize(
    "change",
    [
        lambda d: finding(d, "representation.lost_group").update(outcome="lost"),
        lambda d: finding(d, DPD).update(gate="ungated"),
        lambda d: finding(d, DPD)["detail"].update(rows_to_decide=1.5),
        lambda d: d.update(verdict="pass" if d["verdict"] != "pass" else "inconclusive"),
        lambda d: d["findings"].remove(finding(d, DPD)),
        lambda d: d["policy"]["margins"].update({DPD: 0.5}),
        lambda d: d["tables"][0]["real"][0].update(positive=d["tables"][0]["real"][0]["positive"] + 1),
        lambda d: d["method"].update(seed=99),
    ],
)
def test_other_lies_of_an_audit_are_found(forged, change):
    assert not forged(audit=change).ok


def test_counts_that_are_not_those_of_the_table_are_found(forged):
    def change(document):
        document["scopes"][0]["synthetic"]["groups"][0]["counts"][1] += 1

    result = forged(cubes=change)
    assert {p["file"] for p in result.problems} >= {"cubes.json"}


def test_small_cells_in_a_release_are_found(forged):
    def change(document):
        document["scopes"][0]["real"]["groups"][0]["counts"][1] = 3

    result = forged(cubes=change)
    assert any("under 10 rows" in p["message"] for p in result.problems)


def test_a_foreign_document_is_refused(forged):
    result = forged(audit=lambda d: d.update(extra=1))
    assert not result.ok
    assert "schema" in result.problems[0]["message"]
