"""The kits of renderers and signers, tested by mutants: one for each check, which fails exactly that check."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from assaymark.host.registry import Registered, load_registry
from assaymark.host.specs import RendererSpec, SignerSpec
from assaymark.host.states import PluginInfo, PluginState
from assaymark.provenance.keys import ensure_keys
from assaymark.testing.conformance.catalogue import checks_of
from assaymark.testing.conformance.running import Status, check_offer

RENDERERS = {
    "renderer.bytes": "text",
    "renderer.media_type": "latin",
    "renderer.same_bytes": "moody",
    "renderer.input_left_alone": "meddles",
    "renderer.no_findings": "needs_findings",
    "renderer.no_numbers": "needs_numbers",
    "renderer.unknown_finding": "knows_all",
    "renderer.no_markup": "trusting",
    "renderer.network": "phones",
    "renderer.files": "litters",
    "renderer.standard_output": "talks",
}
SIGNERS = {
    "signer.algorithm": "Misnamed",
    "signer.chain": "WithRoot",
    "signer.leaf_may_sign": "Unfit",
    "signer.signature": "Stale",
    "signer.any_length": "Picky",
    "signer.plain_form": "Der",
    "signer.label": "Wordy",
    "signer.opened_again": "Once",
    "signer.context": "Swallows",
    "signer.key_not_told": "Talkative",
    "signer.standard_output": "Prints",
}
RENDERER = RendererSpec("mutant", "a mutant", "mutant_renderers:fine", "mutant.html", "text/html")
SIGNER = SignerSpec("mutant", "a mutant", "mutant_signers:Fine")


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "mutants"))


def registered(spec, target="mutant_light"):
    return Registered(spec, PluginInfo("mutant", PluginState.LOADED, "mutants", "1", target, "assaymark.plugins.v1"))


def failed(report):
    return {result.id: result.message for result in report.results if result.status is Status.FAILED}


@pytest.mark.parametrize(("kind", "mutants"), [("renderer", RENDERERS), ("signer", SIGNERS)])
def test_every_check_has_a_mutant(kind, mutants):
    assert {check.id for check in checks_of(kind)} == {*mutants, f"{kind}.declaration_light"}
    assert all(check.title.endswith(".") or ":" in check.title for check in checks_of(kind))


def test_a_fine_renderer_conforms_and_each_mutant_fails_exactly_its_check():
    report = check_offer("renderer", registered(RENDERER))
    assert report.conforms, failed(report)
    assert report.ran == len(checks_of("renderer"))
    for identifier, name in RENDERERS.items():
        assert set(failed(check_offer("renderer", registered(replace(RENDERER, factory=f"mutant_renderers:{name}"))))) == {
            identifier
        }, name


def test_what_is_declared_as_json_must_be_json_and_runs_no_scripts():
    spec = replace(RENDERER, media_type="application/json", filename="mutant.json")
    assert set(failed(check_offer("renderer", registered(spec), only=("renderer.media_type",)))) == {"renderer.media_type"}
    report = check_offer("renderer", registered(replace(spec, factory="mutant_renderers:as_json")))
    assert report.conforms, failed(report)
    assert [one.id for one in report.results if one.status is Status.NOT_APPLICABLE] == ["renderer.no_markup"]


def test_a_fine_signer_conforms_and_so_does_that_of_the_development_key(keys):
    for one in (registered(SIGNER), load_registry().signer("development")):
        report = check_offer("signer", one)
        assert report.conforms, failed(report)
        assert report.ran == len(checks_of("signer"))


@pytest.mark.parametrize("identifier", sorted(SIGNERS))
def test_a_mutant_signer_fails_exactly_its_check(keys, identifier):
    report = check_offer("signer", registered(replace(SIGNER, factory=f"mutant_signers:{SIGNERS[identifier]}")))
    assert set(failed(report)) == {identifier}


@pytest.mark.parametrize(("kind", "spec"), [("renderer", RENDERER), ("signer", SIGNER)])
def test_a_heavy_declaration_fails_exactly_its_check(kind, spec, keys):
    report = check_offer(kind, registered(spec, "mutant_heavy"))
    assert set(failed(report)) == {f"{kind}.declaration_light"}


@pytest.fixture
def keys(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSAYMARK_CONFIG_DIR", str(tmp_path))
    folder = ensure_keys()[0].folder
    monkeypatch.setenv("MUTANT_KEYS", str(folder))
    return folder
