"""Scaffolds as their author gets them: written, installed, tested, listed."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from assaymark.cli.application import cli
from assaymark.errors import InputError, OptionError, OutputError, OutputExistsError
from assaymark.provenance.keys import ensure_keys
from assaymark.scaffold.writing import KINDS, NewPlugin, write_project
from assaymark.testing.projects import read_project


def call(*arguments, site=None, cwd=None, **environment):
    path = os.pathsep.join(part for part in (str(site) if site else "", os.environ.get("PYTHONPATH", "")) if part)
    variables = {**os.environ, "PYTHONPATH": path, **environment}
    return subprocess.run([sys.executable, *arguments], env=variables, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module", params=KINDS)
def project(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param) / "acme"
    write_project(NewPlugin(f"acme-{request.param}", request.param), folder)
    site = folder.parent / "site"
    done = call("-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), str(folder))
    if done.returncode and "No matching distribution" in done.stderr:
        pytest.skip("the build backend cannot be installed here")
    assert done.returncode == 0, done.stderr
    return request.param, folder, site


def test_its_own_tests_pass(project):
    _, folder, site = project
    done = call("-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder / "tests"), site=site, cwd=folder.parent)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_it_is_listed_and_healthy(project):
    kind, folder, site = project
    listed = json.loads(call("-m", "assaymark.cli", "plugins", "list", "--json", site=site, cwd=folder.parent).stdout)
    assert not [each for each in listed["not_loaded"] if each["plugin"].startswith("acme")]
    (found,) = [each for each in listed["offers"] if each["name"] == f"acme-{kind}"]
    assert (found["kind"], found["distribution"], found["version"]) == (kind, f"acme-{kind}", "0.1.0")
    assert call("-m", "assaymark.cli", "plugins", "doctor", site=site, cwd=folder.parent).returncode == 0


def test_what_it_offers_works(project, people, tmp_path):
    kind, _, site = project
    roles = ["--target", "approved", "--positive", "yes", "--protected", "sex", "--out", "out", "--quiet"]
    use = {"generator": ["--generator", "acme-generator"], "check": [], "renderer": [], "signer": ["--signer", "acme-signer"]}
    signing = _key(tmp_path) if kind == "signer" else {}
    done = call("-m", "assaymark.cli", "run", str(people), *roles, *use[kind], site=site, cwd=tmp_path, **signing)
    assert done.returncode in {0, 1, 3}, done.stderr
    audit = json.loads((tmp_path / "out" / "audit.json").read_text())
    if kind == "check":
        assert "fidelity.acme_check" in {finding["id"] for finding in audit["findings"]}
    if kind == "generator":
        assert audit["generator"]["distribution"] == "acme-generator"
    if kind == "renderer":
        shown = call(
            "-m",
            "assaymark.cli",
            "report",
            "out/audit.json",
            "--format",
            "acme-renderer",
            "--out",
            "x.txt",
            site=site,
            cwd=tmp_path,
        )
        assert shown.returncode == 0, shown.stderr
        assert (tmp_path / "x.txt").read_text().startswith(f"verdict: {audit['verdict']}")
    if kind == "signer":
        done = call("-m", "assaymark.cli", "verify", "out", "--trust-anchor", "root.pem", site=site, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "VERIFIED" in done.stdout


def _key(folder):
    """Return a key and a chain of the kind that an owner would have: here those of a development authority."""
    made, _ = ensure_keys()
    (folder / "root.pem").write_bytes(made.anchor)
    (folder / "chain.pem").write_bytes(made.chain)
    return {"ACME_SIGNER_KEY": str(made.key_path), "ACME_SIGNER_CHAIN": str(folder / "chain.pem")}


def test_a_project_is_checked_from_its_folder(tmp_path):
    write_project(NewPlugin("acme-noise", "generator"), tmp_path / "acme-noise")
    done = call("-m", "assaymark.cli", "plugins", "check", "acme-noise", "--json", "--quiet", cwd=tmp_path)
    (report,) = json.loads(done.stdout)
    assert (done.returncode, report["conforms"], report["generator"]) == (0, True, "acme-noise")
    assert report["ran"] == report["implied"] > 26
    model = tmp_path / "acme-noise" / "src" / "acme_noise" / "model.py"
    model.write_text(model.read_text().replace("run.check()", "pass"))
    spoiled = call("-m", "assaymark.cli", "plugins", "check", "acme-noise", "--only", "resources.cancel", cwd=tmp_path)
    assert spoiled.returncode == 1
    assert "a cancelled fit goes on to its end" in spoiled.stdout
    known = ["--expect", "resources.cancel=it is quick"]
    assert (
        call(
            "-m", "assaymark.cli", "plugins", "check", "acme-noise", "--only", "resources.cancel", *known, cwd=tmp_path
        ).returncode
        == 0
    )


@pytest.mark.parametrize("name", ["Acme", "acme_noise", "-acme", "acme--x", "../acme", "a" * 61, "1st", ""])
def test_a_name_that_cannot_be_used_is_refused(name, tmp_path):
    with pytest.raises(OptionError):
        write_project(NewPlugin(name, "generator"), tmp_path / "x")
    assert not list(tmp_path.iterdir())


def test_a_project_file_that_is_too_large_is_refused(tmp_path):
    write_project(NewPlugin("acme", "generator"), tmp_path / "acme")
    with (tmp_path / "acme" / "pyproject.toml").open("a") as file:
        file.write("#" * 2**20)
    with pytest.raises(InputError, match="no plugin project"):
        read_project(tmp_path / "acme")


def test_a_place_that_cannot_be_written_is_a_clear_error(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OutputError, match="could not be written"):
        write_project(NewPlugin("acme", "check"), tmp_path / "file" / "acme")


def test_a_folder_that_exists_is_left_alone(tmp_path):
    (tmp_path / "acme").mkdir()
    with pytest.raises(OutputExistsError):
        write_project(NewPlugin("acme", "check"), tmp_path / "acme")
    assert not list((tmp_path / "acme").iterdir())


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["plugins", "check", "nosuch"], "AM401"),
        (["plugins", "check", "."], "AM200"),
        (["plugins", "check", "copula", "--only", "data.nosuch"], "AM101"),
        (["plugins", "check", "copula", "--expect", "data.batches"], "AM101"),
        (["plugins", "new", "Acme"], "AM101"),
    ],
)
def test_bad_input_is_an_error_with_a_code(arguments, code, tmp_path):
    done = call("-m", "assaymark.cli", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert code in done.stderr
    assert "Traceback" not in done.stderr


def test_the_commands_are_found():
    assert {"check", "doctor", "list", "new", "show"} <= set(cli.get_command(None, "plugins").commands)
