"""Digests of plugins: the same for the same files, another one for any change."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest

from assaymark.errors import PluginNotFoundError
from assaymark.host.installed import plugin_digest
from assaymark.host.kept import keep

SOURCE = """
from assaymark.host.hooks import hookimpl
from assaymark.host.specs import Capabilities, GeneratorSpec
from assaymark.tables.schema import Kind

@hookimpl
def assaymark_generators():
    yield GeneratorSpec("noise", "noise", "acme_noise:N", "acme_noise:C", Capabilities(frozenset({Kind.FLOAT})))
"""
DESCRIBE = """
import json
from assaymark.host.provenance import describe
from assaymark.host.registry import load_registry
print(json.dumps(describe(load_registry().generator("noise"))))
"""


@pytest.fixture
def description(ask):
    def read():
        answer = ask(DESCRIBE)
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout)

    return read


def test_a_plugin_is_described(install, description):
    install("acme-noise", "acme_noise", SOURCE)
    first = description()
    assert (first["name"], first["distribution"], first["version"]) == ("noise", "acme-noise", "1.2.3")
    assert re.fullmatch("sha256:[0-9a-f]{64}", first["digest"])
    assert description() == first


def test_a_changed_file_changes_the_digest_and_bytecode_does_not(install, description):
    site = install("acme-noise", "acme_noise", SOURCE)
    first = description()["digest"]
    (site / "__pycache__").mkdir(exist_ok=True)
    (site / "__pycache__" / "acme_noise.cpython-311.pyc").write_bytes(b"x")
    assert description()["digest"] == first
    (site / "acme_noise.py").write_text(SOURCE + "# a remark\n", encoding="utf-8")
    assert description()["digest"] != first


def test_an_editable_install_has_the_digest_of_an_installed_one(install, description, tmp_path):
    site = install("acme-noise", "acme_noise", SOURCE)
    installed = description()["digest"]
    source = tmp_path / "project"
    source.mkdir()
    (site / "acme_noise.py").rename(source / "acme_noise.py")
    record = site / "acme_noise-1.2.3.dist-info" / "RECORD"
    record.write_text("acme_noise.pth,,\nacme_noise-1.2.3.dist-info/METADATA,,\n", encoding="utf-8")
    # what is on PYTHONPATH is not read for .pth files; a link to the project has the same effect
    (site / "acme_noise.py").symlink_to(source / "acme_noise.py")
    assert description()["digest"] == installed


def test_this_distribution_has_a_digest_over_all_its_packages():
    assert re.fullmatch("sha256:[0-9a-f]{64}", plugin_digest("assaymark"))
    assert plugin_digest("assaymark") == plugin_digest("assaymark")
    assert plugin_digest("assaymark") != plugin_digest("pluggy")


def test_what_is_not_installed_has_none():
    with pytest.raises(PluginNotFoundError):
        plugin_digest("no-such-distribution-here")


def sealed(site):
    """Give RECORD the digests that an installer writes."""
    information = site / "acme_noise-1.2.3.dist-info"
    lines = []
    for path in [site / "acme_noise.py", information / "METADATA", information / "entry_points.txt"]:
        digest = base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).rstrip(b"=").decode()
        lines.append(f"{path.relative_to(site).as_posix()},sha256={digest},{path.stat().st_size}\n")
    lines.append(f"{information.name}/RECORD,,\n")
    (information / "RECORD").write_text("".join(lines), encoding="utf-8")
    return hashlib.sha256((information / "RECORD").read_bytes()).hexdigest()


def test_files_are_compared_with_the_record(install, description):
    site = install("acme-noise", "acme_noise", SOURCE)
    record = sealed(site)
    assert description()["record"] == {"digest": f"sha256:{record}", "files": 3, "matching": 3}
    (site / "acme_noise.py").write_text(SOURCE + "# a remark\n", encoding="utf-8")
    assert description()["record"] == {"digest": f"sha256:{record}", "files": 3, "matching": 2}
    (site / "acme_noise-1.2.3.dist-info" / "RECORD").unlink()
    assert description()["record"] is None


@pytest.mark.parametrize(
    ("told", "commit", "editable"),
    [
        ({"url": "x", "vcs_info": {"vcs": "git", "commit_id": "0a1b2c"}}, "0a1b2c", False),
        ({"url": "x", "dir_info": {"editable": True}}, None, True),
        ({"vcs_info": {"commit_id": "../etc"}}, None, False),
        ({"vcs_info": {"commit_id": 5}, "dir_info": []}, None, False),
        ([], None, False),
    ],
)
def test_the_commit_and_the_editable_flag_are_those_of_direct_url(install, description, told, commit, editable):
    site = install("acme-noise", "acme_noise", SOURCE)
    (site / "acme_noise-1.2.3.dist-info" / "direct_url.json").write_text(json.dumps(told), encoding="utf-8")
    found = description()
    assert (found["commit"], found["editable"]) == (commit, editable)


def test_the_result_of_the_kit_is_stated_for_the_code_that_it_was_run_on(install, description, tmp_path, monkeypatch):
    site = install("acme-noise", "acme_noise", SOURCE)
    assert description()["conformance"] is None
    monkeypatch.setenv("ASSAYMARK_CONFIG_DIR", str(tmp_path / "config"))
    told = {"kit": "1", "conforms": True, "ran": 44, "implied": 44, "expected_failures": ["data.wide"]}
    keep({**told, "generator": "noise"}, "conformance", "noise", description()["digest"])
    assert description()["conformance"] == told
    (site / "acme_noise.py").write_text(SOURCE + "# a remark\n", encoding="utf-8")
    assert description()["conformance"] is None
