"""Digests of plugins: the same for the same files, another one for any change."""

from __future__ import annotations

import json
import re

import pytest

from assaymark.errors import PluginNotFoundError
from assaymark.host.provenance import plugin_digest

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
