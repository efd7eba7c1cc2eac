"""The kit, tested by mutants: one for each check, which fails exactly that check."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from assaymark.errors import OptionError
from assaymark.host.registry import Registered, load_registry
from assaymark.host.specs import PrivacyClaim
from assaymark.host.states import PluginInfo, PluginState
from assaymark.testing.conformance.catalogue import Category, generator_checks
from assaymark.testing.conformance.running import Status, check_generator

MUTANTS = {
    "contract.two_objects": "OtherSchema",
    "contract.one_row": "OneRow",
    "data.columns_kept": "Types",
    "data.rows_exact": "Rows",
    "data.batches": "Batches",
    "data.input_left_alone": "Input",
    "data.categories_known": "Categories",
    "data.bounds_kept": "Bounds",
    "data.nulls_kept": "Nulls",
    "data.constant_column": "Constant",
    "data.empty_column": "Empty",
    "data.one_column": "OneColumn",
    "data.wide": "Wide",
    "data.many_categories": "Many",
    "data.hostile_names": "Names",
    "seeds.same_seed_same_rows": "Again",
    "seeds.other_seed_other_rows": "Seedless",
    "seeds.another_process": "Process",
    "seeds.batches_apart": "Apart",
    "seeds.global_state": "GlobalState",
    "persistence.same_rows": "Loaded",
    "persistence.plain_files": "Pickled",
    "persistence.damage_refused": "Damaged",
    "persistence.no_lone_value": "Examples",
    "resources.cancel": "Deaf",
    "resources.progress": "Silent",
    "resources.files": "Debris",
    "resources.network": "Phones",
    "resources.standard_output": "Chatty",
    "resources.memory": "Greedy",
    "conditions.respected": "Forgets",
    "conditions.rare": "ForgetsRare",
    "conditions.unknown_refused": "Obliging",
    "privacy.rare_category": "RareWord",
    "privacy.extreme_value": "Extreme",
    "privacy.identifier": "Identifier",
    "privacy.copied_rows": "Copier",
    "fairness.minority_survives": "LosesFew",
    "fairness.outcomes_survive": "LosesOutcome",
}
DECLARED = {
    "contract.declaration_light": {},
    "contract.declaration_complete": {"licence": " "},
    "contract.settings_default": {"config": "mutant_generators:NeedySettings"},
    "contract.unknown_setting_refused": {"config": "mutant_generators:LenientSettings"},
    "contract.determinism_declared": {},
    "privacy.claim": {"privacy": PrivacyClaim("DP-SGD")},
}


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "mutants"))


def mutant(name="Mutant", target="mutant_light", **changes):
    spec = replace(
        load_registry().generator("copula").spec,
        name="mutant",
        factory=f"mutant_generators:{name}",
        config="mutant_generators:Settings",
    )
    plugin = PluginInfo("mutant", PluginState.LOADED, "mutants", "1", target, "assaymark.plugins.v1")
    return Registered(replace(spec, **changes), plugin)


def failed(report):
    return {result.id: result.message for result in report.results if result.status is Status.FAILED}


def test_every_check_has_a_mutant():
    assert {check.id for check in generator_checks()} == {*MUTANTS, *DECLARED}
    assert len(generator_checks()) >= 26
    assert {check.category for check in generator_checks()} == set(Category) - {Category.RENDERER, Category.SIGNER}
    assert all(check.title.endswith(".") for check in generator_checks())


def test_what_does_nothing_wrong_conforms():
    report = check_generator(mutant())
    assert not failed(report)
    assert report.conforms
    assert report.ran == report.implied == len(generator_checks()) - 1  # no differential privacy is claimed


@pytest.mark.parametrize("identifier", sorted(MUTANTS))
def test_a_mutant_fails_exactly_its_check(identifier):
    report = check_generator(mutant(MUTANTS[identifier]))
    assert set(failed(report)) == {identifier}
    assert not report.conforms


@pytest.mark.parametrize("identifier", sorted(DECLARED))
def test_a_wrong_declaration_fails_exactly_its_check(identifier):
    changes, target, config = dict(DECLARED[identifier]), "mutant_light", {}
    if identifier == "contract.declaration_light":
        target = "mutant_heavy"
    if identifier == "contract.settings_default":
        config = {"needed": 1}
    if identifier == "contract.determinism_declared":
        changes["capabilities"] = replace(mutant().spec.capabilities, determinism="bitwise")
    report = check_generator(mutant(target=target, **changes), config=config)
    assert set(failed(report)) == {identifier}


def test_an_expected_failure_is_no_failure_and_its_passing_is_one():
    known = {"data.bounds_kept": "clips nothing yet"}
    report = check_generator(mutant("Bounds"), expected_failures=known, only=("data.bounds_kept", "data.nulls_kept"))
    assert report.conforms
    assert [result.status for result in report.results] == [Status.EXPECTED, Status.PASSED]
    surprise = check_generator(mutant(), expected_failures=known, only=("data.bounds_kept",))
    assert not surprise.conforms
    assert surprise.results[0].status is Status.SURPRISE


def test_a_generator_of_which_fewer_checks_ran_than_it_implies_does_not_conform():
    report = check_generator(mutant("Keepless"))
    assert not failed(report)
    not_run = {result.id for result in report.results if "NotImplementedError" in result.message}
    assert not_run == {check.id for check in generator_checks() if check.category is Category.PERSISTENCE}
    assert report.ran == report.implied - len(not_run)
    assert not report.conforms
    known = dict.fromkeys(not_run, "it is fitted anew each time")
    assert check_generator(mutant("Keepless"), expected_failures=known, only=tuple(sorted(not_run))).conforms


def test_a_generator_that_never_fits_is_a_report_and_no_crash():
    report = check_generator(mutant("Unfit"))
    assert len(failed(report)) > 26
    assert sum("ArithmeticError" in message or "fresh process" in message for message in failed(report).values()) > 26
    assert report.ran == report.implied


def test_an_unknown_check_is_refused():
    with pytest.raises(OptionError, match="no such check"):
        check_generator(mutant(), only=("data.no_such_check",))


def test_nothing_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_generator(mutant("Debris"), only=("resources.files",))
    assert not list(tmp_path.iterdir())
