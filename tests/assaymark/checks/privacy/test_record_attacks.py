"""Linkability and inference: copiers are found, fresh rows are not, and what everybody can know is no leak."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assaymark.checks.privacy.neighbours import Wanted, nearest_by
from assaymark.checks.privacy.record_attacks import INFERENCE, LINKABILITY, by_chance, check, halves, linked_by
from assaymark.checks.privacy.rows import on_one_scale
from assaymark.checks.privacy.secret_values import secret_values
from assaymark.execution import Run
from assaymark.policy.gates import judge
from assaymark.results.findings import Gate, Outcome
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table

RECORDED = json.loads((Path(__file__).parents[3] / "fixtures" / "privacy" / "anonymeter.json").read_text())
KINDS = [Kind.INTEGER, Kind.FLOAT, Kind.FLOAT, Kind.CATEGORICAL, Kind.CATEGORICAL, Kind.CATEGORICAL]
SCHEMA = Schema(tuple(Column(name, kind) for name, kind in zip(RECORDED["tables"]["R"], KINDS, strict=True)))


def found(data):
    return {(finding.id, finding.scope.get("column")): finding for finding in check(data)}


def test_a_copy_of_real_exceeds(make_people, attack_input):
    real, holdout = make_people(1000, 1), make_people(1000, 2)
    findings = found(attack_input(real, real, holdout, secret=("wage", "job", "hired", "sex"), attacks=1000))
    assert len(findings) == 5
    for finding in findings.values():
        assert finding.outcome is Outcome.EXCEEDED
        assert finding.synthetic > 0.95
        assert finding.value > 0.9


def test_fresh_rows_are_hardly_ever_taken_for_a_leak(make_people, attack_input):
    outcomes, covered = Counter[Outcome](), 0
    for seed in range(100):
        real, synthetic, holdout = (make_people(rows, 3 * seed + place) for place, rows in enumerate((300, 300, 150)))
        for finding in check(attack_input(real, synthetic, holdout, secret=("job", "wage"), attacks=200)):
            outcomes[finding.outcome] += 1
            covered += finding.ci[0] <= 0.0 <= finding.ci[1]
    assert outcomes.total() == 300
    assert outcomes[Outcome.EXCEEDED] <= 5
    assert covered >= 275


def test_a_tenth_of_copies_is_seen(make_people, attack_input, with_copies):
    real, fresh, holdout = make_people(3000, 1), make_people(3000, 2), make_people(3000, 3)
    findings = found(attack_input(real, with_copies(real, fresh, 0.1), holdout, secret=("wage",), attacks=3000))
    for finding in findings.values():
        assert finding.ci[0] > 0.0
        assert finding.ci[0] < 0.1 < finding.ci[1] + 0.03  # a fresh row may be nearer than the copy
        assert finding.outcome is not Outcome.WITHIN


def test_independent_columns_give_nothing_away(make_people, attack_input, of_independent_columns):
    real, holdout = make_people(2000, 1), make_people(2000, 2)
    data = attack_input(real, of_independent_columns(real, 3), holdout, secret=("wage", "job"), attacks=2000)
    for finding in found(data).values():
        assert abs(finding.value) < 0.05
        assert finding.ci[0] <= 0.0 <= finding.ci[1]


def test_what_the_population_teaches_is_no_leak(attack_input):
    """The secret follows from another column for everybody, so it is inferred, and the risk is 0 all the same."""

    def people(seed):
        place = np.random.default_rng(seed).integers(0, 20, 1500)
        return Table.from_columns({"town": place.astype(str), "county": (place // 4).astype(str)}, schema)

    schema = Schema((Column("town", Kind.CATEGORICAL), Column("county", Kind.CATEGORICAL)))
    finding = found(attack_input(people(1), people(2), people(3), secret=("county",), attacks=1500))[INFERENCE, "county"]
    assert (finding.synthetic, finding.real, finding.value) == (1.0, 1.0, 0.0)
    assert finding.outcome is Outcome.INCONCLUSIVE  # where everybody is guessed right, nothing is left to tell a leak by
    assert finding.detail["guessing"] == pytest.approx(0.2, abs=0.01)


def test_without_a_secret_the_target_is_shown_and_not_gated(make_people, attack_input):
    data = attack_input(make_people(300, 1), make_people(300, 1), make_people(300, 2))
    finding = found(data)[INFERENCE, "paid"]
    assert (finding.outcome, finding.detail["declared"]) == (Outcome.SHOWN, False)
    declared = found(replace(data, schema=attack_input(data.real, data.real, data.real, secret=("paid",)).schema))
    assert declared[INFERENCE, "paid"].outcome is not Outcome.SHOWN
    gates = {f.id: f.gate for f in judge([finding, declared[LINKABILITY, None]], data.policy)}
    assert gates == {INFERENCE: Gate.UNGATED, LINKABILITY: Gate.FAIL}


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"holdout": None}, "no_holdout"), ({"privacy_disabled": "holdout_overlaps_real"}, "holdout_overlaps_real")],
)
def test_what_cannot_be_measured_says_why(make_people, attack_input, change, reason):
    data = attack_input(make_people(300, 1), make_people(300, 2), make_people(300, 3), secret=("job", "wage"))
    findings = list(check(replace(data, **change)))
    assert [(finding.value, finding.reason) for finding in findings] == [(None, reason)] * 3


def test_free_text_is_not_compared(attack_input):
    rng = np.random.default_rng(0)
    schema = Schema((Column("a", Kind.INTEGER), Column("b", Kind.INTEGER), Column("note", Kind.TEXT)))
    table = Table.from_columns(
        {"a": rng.integers(0, 9, 200), "b": rng.integers(0, 9, 200), "note": [str(place) for place in range(200)]}, schema
    )
    assert found(attack_input(table, table, table, secret=("note",)))[INFERENCE, "note"].reason == "free_text"


def test_one_column_cannot_be_attacked(make_table, attack_input):
    table = make_table(only=["x", "y"] * 100)
    assert {finding.reason for finding in check(attack_input(table, table, table))} == {"too_few_columns"}


def test_one_seed_gives_one_answer(make_people, attack_input):
    tables = make_people(300, 1), make_people(300, 2), make_people(200, 3)
    first, again = (list(check(attack_input(*tables, seed=4, secret=("job",)))) for _ in range(2))
    assert first == again


def test_ties_do_not_link_by_the_order_of_rows(attack_input):
    """Every value is common, so ten of many equally near rows are taken in either half, as if at random."""

    def people(seed):
        return Table.from_columns({"a": np.random.default_rng(seed).choice(["p", "q"], 2000), "b": ["z"] * 2000}, schema)

    schema = Schema((Column("a", Kind.CATEGORICAL), Column("b", Kind.CATEGORICAL)))
    finding = found(attack_input(people(1), people(2), people(3), attacks=2000))[LINKABILITY, None]
    assert finding.synthetic < 0.2
    assert finding.detail["guessing"] == pytest.approx(by_chance(2000, 10), abs=0.0025)  # fewer than ten are blurred


def test_small_counts_are_blurred_before_anything_is_computed(make_people, attack_input, monkeypatch):
    from assaymark.checks.privacy import record_attacks

    told = set()
    for successes in (1, 4, 9):
        monkeypatch.setattr(record_attacks, "linked_by", lambda first, second, few=successes: np.arange(len(first)) < few)
        finding = found(attack_input(make_people(300, 1), make_people(300, 2), make_people(300, 3)))[LINKABILITY, None]
        told.add(json.dumps(finding.document()))
    assert len(told) == 1
    assert finding.synthetic == 5 / 300


def test_two_random_sets_meet_as_often_as_they_do():
    rng = np.random.default_rng(1)
    sets = [np.array([rng.permutation(60)[:10] for _ in range(20_000)]) for _ in range(2)]
    assert by_chance(60, 10) == pytest.approx(linked_by(*sets).mean(), abs=0.01)
    assert by_chance(10, 10) == 1.0


def test_halves_share_ordered_columns_and_labels():
    first, second = halves(SCHEMA.columns)
    assert (first, second) == (("age", "height", "sex"), ("wage", "job", "town"))


# --- guesses


def secret(kind, *columns):
    schema = Schema((Column("x", kind),))
    return secret_values([Table.from_columns({"x": list(column)}, schema) for column in columns], schema["x"])


def test_numbers_are_right_within_a_twentieth_of_the_guess():
    values = secret(Kind.FLOAT, [100.0, -100.0, 0.0, None], [95.0, 105.0, 105.1, -95.0, 0.0, None])
    guesses, truth = values.values
    right = values.guessed(guesses[:, None], truth[None])
    assert right.tolist() == [
        [True, True, False, False, False, False],
        [False, False, False, True, False, False],
        [False, False, False, False, True, False],
        [False, False, False, False, False, True],
    ]


@pytest.mark.parametrize("kind", [Kind.FLOAT, Kind.INTEGER, Kind.CATEGORICAL, Kind.DATETIME])
def test_a_blind_guess_is_right_as_often_as_all_guesses_on_average(kind):
    rng = np.random.default_rng(1)
    pools = [np.where(rng.random(150) < 0.1, np.nan, rng.integers(-20, 40, 150)) for _ in range(2)]
    make = {
        Kind.FLOAT: float,
        Kind.INTEGER: int,
        Kind.CATEGORICAL: lambda number: f"label {number:.0f}",
        Kind.DATETIME: lambda number: np.datetime64(int(number) * 10**9, "us").item(),
    }[kind]
    values = secret(kind, *([None if np.isnan(number) else make(number) for number in pool] for pool in pools))
    guesses, truth = values.values
    expected = values.guessed(guesses[:, None], truth[None]).mean(axis=0)
    assert values.guessed_blindly(guesses, truth) == pytest.approx(expected, abs=1e-12)


# --- beside Anonymeter


def recorded_rows():
    tables = [Table.from_columns(RECORDED["tables"][name], SCHEMA) for name in "RHS"]
    return tables, on_one_scale(tables, SCHEMA.columns)


def test_neighbours_and_links_are_anonymeters():
    _, (real, _, synthetic) = recorded_rows()
    wanted = [Wanted(tuple(half["columns"]), 10) for half in RECORDED["halves"]]
    ours = nearest_by(real, synthetic, wanted, Run(0))
    for mine, theirs in zip(ours, RECORDED["halves"], strict=True):
        assert mine.distances == pytest.approx(np.array(theirs["distances"]), abs=1e-9)
        assert [set(row) for row in mine.places.tolist()] == [set(row) for row in theirs["places"]]
    linked = [bool(set(one) & set(two)) for one, two in zip(*(half["places"] for half in RECORDED["halves"]), strict=True)]
    assert linked_by(ours[0].places, ours[1].places).tolist() == linked


@pytest.mark.parametrize("name", ["wage", "job"])
def test_guesses_are_anonymeters(name):
    tables, (real, _, synthetic) = recorded_rows()
    known = tuple(column for column in SCHEMA.names if column != name)
    places = nearest_by(real, synthetic, [Wanted(known, 1)], Run(0))[0].places[:, 0]
    values = secret_values(tables, SCHEMA[name])
    assert values.guessed(values.values[2][places], values.values[0]).sum() == RECORDED["guessed"][name]


@pytest.mark.parametrize("name", ["linkability", "inference_wage", "inference_job"])
def test_risks_agree_with_anonymeters(attack_input, with_copies, recorded_people, name):
    """Forty in a hundred synthetic rows are copies; the record is of the same population, other draws."""
    theirs = np.array([risks[name]["value"] for risks in RECORDED["risks"]])
    key = (LINKABILITY, None) if name == "linkability" else (INFERENCE, name.removeprefix("inference_"))
    ours = []
    for seed in range(len(theirs)):
        real, holdout, fresh = (recorded_people(300, 9000 + 3 * seed + place) for place in range(3))
        data = attack_input(real, with_copies(real, fresh, 0.4), holdout, secret=("wage", "job"), seed=seed)
        ours.append(found(data)[key].value)
    error = np.hypot(np.std(theirs, ddof=1), np.std(ours, ddof=1)) / len(theirs) ** 0.5
    assert abs(np.mean(ours) - theirs.mean()) < 3 * error
