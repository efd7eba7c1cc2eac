"""Singling out: copiers are found, fresh rows are not, and nothing about anybody is told."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assaymark.checks.privacy import singling_out
from assaymark.checks.privacy.singling_out import MULTIVARIATE, UNIVARIATE, check
from assaymark.policy.gates import judge
from assaymark.results.findings import Gate, Outcome
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table

RECORDED = json.loads((Path(__file__).parents[3] / "fixtures" / "privacy" / "anonymeter.json").read_text())


def found(data):
    return {finding.id: finding for finding in check(data)}


@pytest.mark.parametrize("held", [600, 150])
def test_a_copy_of_real_exceeds(make_people, attack_input, held):
    real = make_people(600, 1)
    for finding in found(attack_input(real, real, make_people(held, 2))).values():
        assert finding.outcome is Outcome.EXCEEDED
        assert finding.synthetic == 1.0
        assert finding.value > 0.95
        assert finding.ci[0] > 0.8


@pytest.mark.parametrize(("share", "held"), [(0.3, 1000), (0.5, 250)])
def test_a_share_of_copies_is_seen(make_people, attack_input, with_copies, share, held):
    real, fresh, holdout = make_people(1000, 1), make_people(1000, 2), make_people(held, 3)
    data = attack_input(real, with_copies(real, fresh, share), holdout, attacks=2000)
    for finding in check(data):
        assert finding.ci[0] > 0.0
        assert finding.value < 1.5 * share
        assert finding.outcome is not Outcome.WITHIN


def test_fresh_rows_are_hardly_ever_taken_for_a_leak(make_people, attack_input):
    outcomes = Counter[Outcome]()
    covered = 0
    for seed in range(100):
        real, synthetic, holdout = (make_people(rows, 3 * seed + place) for place, rows in enumerate((300, 300, 100)))
        for finding in check(attack_input(real, synthetic, holdout, attacks=200)):
            outcomes[finding.outcome] += 1
            covered += finding.ci[0] <= 0.0 <= finding.ci[1]
    assert outcomes[Outcome.EXCEEDED] <= 5
    assert covered >= 180


def test_one_seed_gives_one_answer(make_people, attack_input):
    tables = make_people(300, 1), make_people(300, 2), make_people(200, 3)
    first, again, other = (list(check(attack_input(*tables, seed=seed))) for seed in (4, 4, 5))
    assert first == again
    assert first != other


def test_the_order_of_rows_tells_nothing(make_people, attack_input):
    real, synthetic, holdout = make_people(300, 1), make_people(300, 2), make_people(200, 3)
    order = np.random.default_rng(0).permutation(300)
    first, other = (
        found(attack_input(real, table, holdout, attacks=1000))[UNIVARIATE] for table in (synthetic, synthetic.take(order))
    )
    assert (first.synthetic, first.value) == (other.synthetic, other.value)  # all predicates of one column that there are


def test_without_rare_values_there_is_nothing_to_measure_and_nothing_to_gate(make_people, attack_input):
    rng = np.random.default_rng(1)
    schema = Schema(tuple(Column(name, Kind.CATEGORICAL) for name in "ab"))
    real, synthetic, holdout = (
        Table.from_columns({name: rng.choice(["x", "y"], 300) for name in "ab"}, schema) for _ in range(3)
    )
    data = attack_input(real, synthetic, holdout)
    findings = list(check(data))
    assert {(finding.outcome, finding.reason) for finding in findings} == {(Outcome.NOT_ESTIMABLE, "too_few_predicates")}
    assert {finding.gate for finding in judge(findings, data.policy)} == {Gate.UNGATED}


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"holdout": None}, "no_holdout"), ({"privacy_disabled": "holdout_overlaps_real"}, "holdout_overlaps_real")],
)
def test_what_cannot_be_measured_says_why(make_people, attack_input, change, reason):
    data = replace(attack_input(make_people(300, 1), make_people(300, 2), make_people(300, 3)), **change)
    assert {(finding.value, finding.reason) for finding in check(data)} == {(None, reason)}


def test_a_small_holdout_gives_no_estimate(make_people, attack_input):
    data = attack_input(make_people(300, 1), make_people(300, 2), make_people(99, 3))
    assert {finding.reason for finding in check(data)} == {"too_few_rows"}


def test_small_counts_are_withheld(attack_input):
    """Three of 200 predicates single somebody out; no published number is finer than ten of them."""
    rng = np.random.default_rng(1)
    schema = Schema((Column("x", Kind.FLOAT),))
    real, holdout = rng.normal(size=300), rng.normal(size=300)
    synthetic = np.concatenate([real[:3], np.sort(rng.normal(size=200))[1:-1]])
    tables = [Table.from_columns({"x": values}, schema) for values in (real, synthetic, holdout)]
    finding = found(attack_input(*tables, attacks=500))[UNIVARIATE]
    assert finding.real is None
    assert finding.synthetic is None
    step = 10 / finding.detail["attacks"]
    for number in (finding.value, *finding.ci, finding.null):
        assert abs(number / step - round(number / step)) < 1e-9


def test_no_value_of_anybody_is_told(make_people, attack_input):
    real = make_people(400, 1)
    told = json.dumps([finding.document() for finding in check(attack_input(real, real, make_people(400, 2)))])
    assert not any(job in told for job in ("clerk", "cook", "miner", "nurse"))


def test_an_attack_that_guesses_no_better_is_not_judged(make_people, attack_input, monkeypatch):
    monkeypatch.setattr(singling_out, "at_random", lambda synthetic, count, width, rng: made.take(np.arange(count)))
    real, synthetic, holdout = make_people(400, 1), make_people(400, 2), make_people(400, 3)
    data = attack_input(real, synthetic, holdout, attacks=150)
    population, _, _ = singling_out.populations([real, synthetic, holdout], real.schema.learnable)
    made = singling_out.of_one_column(population, 150, np.random.default_rng(0))  # blind predicates that always succeed
    finding = found(data)[MULTIVARIATE]
    assert finding.detail["attack_beats_guessing"] is False
    assert finding.outcome is Outcome.SHOWN
    assert judge([finding], data.policy)[0].gate is Gate.UNGATED


# --- beside Anonymeter


@pytest.mark.parametrize("identifier", [UNIVARIATE, MULTIVARIATE])
def test_risks_agree_with_anonymeters_on_tables_of_one_size(attack_input, with_copies, recorded_people, identifier):
    """Forty in a hundred synthetic rows are copies; the record is of the same population, other draws."""
    name = identifier.removeprefix("privacy.")
    theirs = np.array([risks[name]["value"] for risks in RECORDED["risks"]])
    ours = []
    for seed in range(len(theirs)):
        real, holdout, fresh = (recorded_people(300, 9000 + 3 * seed + place) for place in range(3))
        data = attack_input(real, with_copies(real, fresh, 0.4), holdout, attacks=300, seed=seed)
        ours.append(found(data)[identifier].value)
    error = np.hypot(np.std(theirs, ddof=1), np.std(ours, ddof=1)) / len(theirs) ** 0.5
    assert abs(np.mean(ours) - theirs.mean()) < 3 * error


def test_a_small_holdout_makes_no_risk_where_anonymeter_sees_one(attack_input, recorded_people):
    """All rows are fresh and the holdout is a quarter as large as real; the true risk is 0."""
    theirs = np.array([risk["value"] for risk in RECORDED["smaller_holdout"]])
    ours, covered = [], 0
    for seed in range(20):
        real, holdout, synthetic = (
            recorded_people(rows, 9500 + 3 * seed + place) for place, rows in enumerate((1000, 250, 1000))
        )
        finding = found(attack_input(real, synthetic, holdout, attacks=500, seed=seed))[MULTIVARIATE]
        ours.append(finding.value)
        covered += finding.ci[0] <= 0.0 <= finding.ci[1]
    assert abs(np.mean(ours)) < 3 * np.std(ours, ddof=1) / 20**0.5
    assert covered >= 16
    assert theirs.mean() > 3 * theirs.std(ddof=1) / len(theirs) ** 0.5
