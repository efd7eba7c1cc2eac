"""A classifier two-sample test: what it finds, what it does not, and what it says of columns."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from assaymark.checks.fidelity import detection
from assaymark.results.findings import Outcome
from assaymark.statistics.roc import delong
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table


def only(findings):
    (finding,) = findings
    return finding


def shifted(table, name, by):
    place = table.names.index(name)
    return Table(table.arrow.set_column(place, name, [table.numbers(name) + by]), table.schema)


def test_fresh_rows_cannot_be_told_apart(make_people, row_input):
    finding = only(detection.check(row_input(*(make_people(2000, seed) for seed in (1, 2, 3)))))
    assert finding.outcome is Outcome.SHOWN
    assert finding.ci[0] < 0.0 < finding.ci[1]
    assert finding.null == pytest.approx(abs(finding.real - 0.5))
    low, high = finding.detail["real_interval"]
    assert low < 0.5 < high


def test_a_copy_cannot_be_told_apart(make_people, row_input):
    real = make_people(2000, 1)
    assert only(detection.check(row_input(real, real))).synthetic < 0.53


def test_the_column_that_gives_rows_away_is_named(make_people, row_input):
    real, synthetic, holdout = (make_people(1500, seed) for seed in (1, 2, 3))
    finding = only(detection.check(row_input(real, shifted(synthetic, "wage", 9.0), holdout)))
    assert finding.ci[0] > 0.4
    assert finding.detail["columns"][0]["column"] == "wage"
    assert finding.detail["columns"][0]["auc_lost"] > 0.3
    others = [entry["auc_lost"] for entry in finding.detail["columns"][1:]]
    assert max(others, default=0.0) < 0.05


def test_a_straight_line_sees_a_shift_and_no_broken_dependence(row_input):
    schema = Schema((Column("x", Kind.FLOAT), Column("y", Kind.FLOAT)))
    rng = np.random.default_rng(0)

    def draw(r, shift=0.0):
        x, z = rng.normal(size=(2, 1500))
        return Table.from_columns({"x": x + shift, "y": r * x + np.sqrt(1 - r**2) * z}, schema)

    apart = only(detection.check(row_input(draw(0.95), draw(0.0))))
    assert apart.synthetic > 0.75
    assert abs(apart.detail["logistic_regression"]["synthetic"] - 0.5) < 0.05
    moved = only(detection.check(row_input(draw(0.5), draw(0.5, 1.0))))
    assert moved.detail["logistic_regression"]["synthetic"] > 0.7


def test_the_interval_covers_the_area_of_the_scores():
    """Against simulation: binormal scores whose area is known."""
    rng = np.random.default_rng(1)
    truth, inside = 0.7602499, []  # Φ(1 / √2)
    for _ in range(400):
        scores = np.concatenate([rng.normal(0, 1, 60), rng.normal(1, 1, 60)])
        other = np.repeat([False, True], 60)
        areas = delong(other, scores[None, :])
        assert areas.auc[0] == pytest.approx(roc_auc_score(other, scores), abs=1e-12)
        low, high = detection._interval(float(areas.auc[0]), float(np.sqrt(areas.covariance[0, 0])), 60, 0.95)
        inside.append(low <= truth <= high)
    assert 0.925 <= np.mean(inside) <= 0.975


def test_a_perfect_detector_keeps_some_doubt(row_input):
    schema = Schema((Column("x", Kind.FLOAT),))
    real, synthetic = (Table.from_columns({"x": np.arange(400) % 5 + by}, schema) for by in (0.0, 9.0))
    finding = only(detection.check(row_input(real, synthetic)))
    assert (finding.synthetic, finding.ci) == (1.0, (pytest.approx(0.5 - 3 / 200), 0.5))


def test_nothing_to_learn_from_and_too_few_rows(row_input, make_people):
    schema = Schema((Column("x", Kind.FLOAT), Column("w", Kind.CATEGORICAL)))
    empty = Table.from_columns({"x": np.full(300, np.nan), "w": [None] * 300}, schema)
    finding = only(detection.check(row_input(empty, empty)))
    assert (finding.synthetic, finding.detail["columns"]) == (0.5, [])
    assert only(detection.check(row_input(make_people(50, 1), make_people(50, 2)))).reason == "too_few_rows"


def test_ten_thousand_categories_and_a_constant_can_be_learned(row_input):
    schema = Schema((Column("w", Kind.CATEGORICAL), Column("c", Kind.INTEGER)))
    rng = np.random.default_rng(0)
    tables = [
        Table.from_columns({"w": [f"v{code}" for code in rng.integers(0, 10_000, 3000)], "c": np.ones(3000, int)}, schema)
        for _ in range(2)
    ]
    assert abs(only(detection.check(row_input(*tables))).synthetic - 0.5) < 0.06


def test_the_same_seed_gives_the_same_finding(make_people, row_input):
    data = row_input(make_people(400, 1), make_people(400, 2), make_people(400, 3), seed=9)
    assert only(detection.check(data)).document() == only(detection.check(data)).document()
