"""A policy that was fixed first: claimed by whoever signed, or proven by somebody else's clock."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assaymark.checks.plugin import assaymark_checks
from assaymark.errors import PolicyProofError
from assaymark.pipeline.policy_order import policy_order, with_proof
from assaymark.pipeline.requests import TrustRequest, VerifyRequest
from assaymark.pipeline.verifying import verify
from assaymark.policy.loading import default_policy_source, load_policy
from assaymark.provenance.authorities import TimeStampAuthority
from assaymark.provenance.policy_proof import commit
from assaymark.provenance.timestamps import as_response
from assaymark.provenance.trust import Anchor, Trust

KNOWN = frozenset(identifier for spec in assaymark_checks() for identifier in spec.ids)
ROLES = ["--target", "approved", "--positive", "yes", "--protected", "sex"]


def call(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "assaymark.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "policy.toml").write_bytes(default_policy_source())
    return tmp_path


def test_a_policy_is_committed_to_and_its_proof_ships_with_the_release(folder, clock, people):
    here = clock("Clock of the court")
    done = call("policy", "commit", "policy.toml", "--timestamp", here.url, "--out", "policy.tsr", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert hashlib.sha256(default_policy_source()).hexdigest() in done.stdout
    root = here.folder / "root.pem"
    again = ["openssl", "ts", "-verify", "-data", "policy.toml", "-in", "policy.tsr", "-CAfile", str(root)]
    assert subprocess.run(again, cwd=folder, capture_output=True, check=False).returncode == 0
    options = ["--policy", "policy.toml", "--policy-proof", "policy.tsr", "--out", "out"]
    done = call("audit", people, people, *ROLES, *options, cwd=folder)
    assert done.returncode in {0, 3}, done.stderr
    proven = verify(VerifyRequest(folder / "out", trust=TrustRequest(clocks=(root,))))
    assert proven.ok, proven.problems
    assert (proven.policy_order["order"], proven.policy_order["authority"]) == ("proven", "Clock of the court")
    assert verify(VerifyRequest(folder / "out")).policy_order["order"] == "claimed"  # of a clock that is not known
    assert "policy first:   proven" in call("verify", "out", "--timestamp-anchor", root, cwd=folder).stdout


def test_without_a_proof_the_order_is_claimed(release):
    told = verify(VerifyRequest(release)).policy_order
    assert (told["order"], told["time"]) == ("claimed", None)


def test_a_proof_of_another_policy_is_refused_before_any_data_are_read(folder, clock):
    here = clock()
    (folder / "policy.tsr").write_bytes(commit(b"another\n", TimeStampAuthority(here.url)))
    done = call("audit", "no.csv", "no.csv", *ROLES, "--policy-proof", "policy.tsr", "--out", "out", cwd=folder)
    assert (done.returncode, "error[AM613]" in done.stderr) == (2, True)
    assert not (folder / "out").exists()


@pytest.mark.parametrize(
    "change", [lambda p: p[:-1], lambda p: p + b"\0", lambda p: b"", lambda p: b"-----BEGIN", lambda p: p * 90]
)
def test_what_is_no_proof_is_refused(folder, clock, change):
    here = clock()
    proof = commit(default_policy_source(), TimeStampAuthority(here.url))
    (folder / "policy.tsr").write_bytes(change(proof))
    with pytest.raises(PolicyProofError):
        with_proof(load_policy(None, KNOWN), folder / "policy.tsr")


def test_a_proof_of_the_future_is_refused(folder, clock):
    token = clock().token(default_policy_source(), time=datetime.now(UTC) + timedelta(days=1))
    (folder / "policy.tsr").write_bytes(as_response(token))
    with pytest.raises(PolicyProofError) as caught:
        with_proof(load_policy(None, KNOWN), folder / "policy.tsr")
    assert "future" in caught.value.found


def order(folder, proof: bytes, root: bytes, created: datetime):
    (folder / "policy.tsr").write_bytes(proof)
    release = {"files": [{"name": "policy.tsr"}], "created": created.strftime("%Y-%m-%dT%H:%M:%SZ")}
    told, problem = policy_order(folder, release, Trust(clocks=(Anchor(root),)))
    return told["order"], None if problem is None else problem.code


def test_a_policy_that_was_stamped_after_the_audit_is_found(folder, clock):
    here, now = clock(), datetime.now(UTC)
    proof = as_response(here.token(default_policy_source(), time=now - timedelta(days=2)))
    assert order(folder, proof, here.root, now - timedelta(days=1)) == ("proven", None)
    assert order(folder, proof, here.root, now - timedelta(days=3)) == ("contradicted", "policy_order")
    assert order(folder, proof, clock("Another").root, now - timedelta(days=3)) == ("claimed", None)
    other = as_response(here.token(b"another policy"))
    assert order(folder, other, here.root, now) == ("contradicted", "policy_proof")


def test_a_proof_that_was_put_there_later_is_found(release, tmp_path, clock):
    here, copy = clock(), tmp_path / "copy"
    shutil.copytree(release, copy)
    (copy / "policy.tsr").write_bytes(as_response(here.token(b"another policy")))
    listed = json.loads((copy / "release.json").read_bytes())
    listed["files"].append({"name": "policy.tsr"})
    told, problem = policy_order(copy, listed, Trust())
    assert (told["order"], problem.code) == ("contradicted", "policy_proof")
    found = verify(VerifyRequest(copy))
    assert [(each["file"], each["code"]) for each in found.problems] == [("policy.tsr", "extra")]
