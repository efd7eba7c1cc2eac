"""Every command that reads a release heeds the same options on whom to trust: here, that its signer was revoked."""

from __future__ import annotations

import shutil

import pytest
from click.testing import CliRunner
from cryptography import x509

from assaymark.cli.application import cli
from assaymark.pipeline.approving import approve
from assaymark.provenance.certificates import fingerprint
from assaymark.provenance.signing import open_development_signer

ROLES = ["--target", "approved", "--positive", "yes", "--protected", "sex"]
COMMANDS = {
    "verify": ["verify", "out"],
    "approve": ["approve", "out", "--as", "Ada", "--no-log"],
    "redact": ["redact", "out", "--out", "copy", "--file", "croissant.json", "--reason", "r", "--no-log"],
    "report": ["report", "out/audit.json", "--format", "markdown", "--out", "-"],
    "disclose": ["disclose", "out", "--check", "proof.json"],
    "audit": ["audit", "people.csv", "out/synthetic.csv", *ROLES, "--out", "next", "--parent", "out", "--no-log"],
}


@pytest.fixture
def here(release, people, tmp_path, monkeypatch):
    """A folder with an approved release, its proof and its source, and a list that revokes the one who signed it."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(release, "out")
    shutil.copyfile(people, "people.csv")
    shutil.copyfile(release.with_name("out.disclosure.json"), "out.disclosure.json")
    (tmp_path / "out.disclosure.json").chmod(0o600)
    with open_development_signer() as signer:
        approve(tmp_path / "out", "Ada", signer)
        leaf = x509.load_pem_x509_certificates(signer.certificates)[0]
    (tmp_path / "revoked").write_text(f"sha256={fingerprint(leaf)}\n")
    told = CliRunner().invoke(cli, ["disclose", "out", "--real", "people.csv", "--out", "proof.json"], standalone_mode=False)
    assert told.return_value == 0, told.output
    return tmp_path


@pytest.mark.parametrize("name", list(COMMANDS))
def test_a_revoked_signer_is_refused_everywhere(here, name):
    result = CliRunner().invoke(cli, [*COMMANDS[name], "--revoked", "revoked"], standalone_mode=False)
    told = f"{result.output} {result.exception} {getattr(result.exception, 'found', '')}"
    assert result.return_value != 0 or result.exception is not None
    assert "revoked" in told
    assert not (here / "copy").exists()
    assert not (here / "next").exists()


@pytest.mark.parametrize("name", ["verify", "approve", "report", "disclose"])
def test_the_same_is_accepted_without_the_list(here, name):
    result = CliRunner().invoke(cli, COMMANDS[name], standalone_mode=False)
    assert result.exception is None, result.exception
    assert result.return_value == 0
    if name == "report":
        assert "Ada" in result.output
