"""Commands on a finished release, as a user calls them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest


def call(*arguments: object, cwd=None, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "assaymark.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env={**os.environ, **environment}, check=False)


@pytest.fixture
def own(release, people, tmp_path):
    shutil.copytree(release, tmp_path / "out")
    shutil.copy(release.with_name("out.disclosure.json"), tmp_path / "out.disclosure.json")
    shutil.copy(people, tmp_path / "people.csv")
    return tmp_path


def test_disclose_and_check(own):
    told = call("disclose", "out", "--real", "people.csv", "--out", "proof.json", cwd=own)
    assert told.returncode == 0, told.stderr
    assert "OPENED" in told.stdout
    assert "salt and the SHA-256 of the real file, and nothing else" in told.stderr
    proof = json.loads((own / "proof.json").read_bytes())
    assert json.loads(call("disclose", "out", "--real", "people.csv", "--json", cwd=own).stdout) == proof
    checked = call("disclose", "out", "--check", "proof.json", cwd=own)
    assert checked.returncode == 0
    assert proof["opened"]["real"]["sha256"] in checked.stdout
    assert call("disclose", "out", "--check", "proof.json", cwd=own, ASSAYMARK_CONFIG_DIR=str(own / "none")).returncode == 1
    again = call("disclose", "out", "--real", "people.csv", "--out", "proof.json", "--json", cwd=own)
    assert json.loads(again.stdout)["error"]["code"] == "AM102"


@pytest.mark.parametrize(
    ("arguments", "exit_code", "error"),
    [
        (["disclose", "out"], 2, "AM101"),
        (["disclose", "out", "--real", "nowhere.csv"], 2, "AM605"),
        (["disclose", "out", "--real", "out/synthetic.csv"], 1, "AM606"),
        (["disclose", "out", "--check", "out.disclosure.json"], 2, "AM605"),
        (["disclose", "out", "--check", "nowhere.json"], 2, "AM605"),
        (["disclose", "out", "--check", "x.json", "--out", "y.json"], 2, "AM101"),
        (["disclose", "out", "--real", "people.csv", "--signer", "development"], 2, "AM101"),
        (["disclose", "nowhere", "--real", "people.csv"], 2, "AM201"),
        (["verify", "out/audit.json", "--real", "people.csv"], 2, "AM101"),
        (["approve", "out", "--as", "Ada", "--waive", "bias.nowhere", "--reason", "r"], 2, "AM608"),
        (["approve", "nowhere", "--as", "Ada"], 2, "AM201"),
        (["verify", "out", "--accept-waivers"], 2, "AM101"),
        (["verify", "out", "--holdout", "people.csv"], 2, "AM101"),
        (["verify", "out", "--real", "people.csv", "--disclosure", "people.csv"], 2, "AM605"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_errors_have_a_code_and_leave_nothing(own, arguments, exit_code, error):
    before = sorted(path.name for path in own.iterdir())
    done = call(*arguments, "--json", cwd=own)
    assert done.returncode == exit_code, done.stdout
    assert json.loads(done.stdout)["error"]["code"] == error
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in own.iterdir()) == before


def test_approve_and_verify(own):
    told = call("approve", "out", "--as", "Ada", "--json", "--no-log", cwd=own)
    assert (told.returncode, json.loads(told.stdout)["number"]) == (0, 1), told.stderr
    gates = [
        f["id"] for f in json.loads((own / "out/audit.json").read_bytes())["findings"] if f["gate"] in {"fail", "inconclusive"}
    ]
    waived = [part for gate in dict.fromkeys(gates) for part in ("--waive", gate)]
    assert call("approve", "out", "--as", "Grace", *waived, "--reason", "pilot", cwd=own).returncode == 0
    done = call("verify", "out", cwd=own)
    assert "gates waived by Grace" in done.stdout
    assert "no trusted waiver names: 0" in done.stdout
    assert call("verify", "out", "--require-pass", cwd=own).returncode == 1
    assert call("verify", "out", "--require-pass", "--accept-waivers", cwd=own).returncode == 0
    shown = call("report", "out/audit.json", "--format", "markdown", "--out", "-", cwd=own)
    assert "Grace waived" in shown.stdout


def test_verify_with_the_real_data_says_what_it_checked(own):
    done = call("verify", "out", "--real", "people.csv", cwd=own)
    assert done.returncode == 0, done.stdout
    assert "real data: the file is what the release committed to" in done.stdout
    assert "not made again: counts by classifiers' labels" in done.stdout
    told = json.loads(call("verify", "out", "--real", "out/synthetic.csv", "--json", cwd=own).stdout)
    assert (told["ok"], told["problems"][0]["code"]) == (False, "not_the_source")
