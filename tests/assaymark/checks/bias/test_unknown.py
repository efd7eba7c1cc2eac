"""Rows whose protected value is missing are kept, counted and bounded."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from assaymark.checks.bias import comparisons, panel, rates, representation, unknown
from assaymark.cubes.fine import count_cube
from assaymark.results.findings import Outcome
from assaymark.tables.schema import Column, Kind, Positive, Role, Schema
from assaymark.tables.table import Table

MISSING = "(missing)"
REAL = {"A": (500, 500), "B": (700, 300), MISSING: (150, 50)}


def test_missing_values_are_a_group_that_is_counted_everywhere(check_input, pick):
    data = check_input(REAL, {"A": (500, 500), "B": (700, 300), MISSING: (100, 100)})
    found = [*panel.check(data), *representation.check(data)]
    assert pick(found, representation.DISPARITY, group=MISSING).real == pytest.approx(200 / 2200)
    assert pick(found, rates.CELL, group=MISSING, direction="A->T").real == 0.25
    assert pick(found, comparisons.DIFFERENCE, group=MISSING, against="overall").real == pytest.approx(0.25 - 850 / 2200)
    assert MISSING in pick(found, rates.SPREAD).scope["groups"]


def test_a_table_counts_its_missing_rows():
    schema = Schema(
        (Column("sex", Kind.CATEGORICAL, frozenset({Role.PROTECTED})), Column("y", Kind.CATEGORICAL, frozenset({Role.TARGET}))),
        Positive(literal="1"),
    )
    table = Table.from_columns({"sex": ["a", None, "a", None, "b"], "y": ["1", "1", "0", "0", "1"]}, schema)
    cube = count_cube(table, ["sex"])
    assert {group[0]: counts.tolist() for group, counts in cube.table(("sex",)).items()} == {
        "a": [1, 1], "b": [0, 1], MISSING: [1, 1],
    }  # fmt: skip


def test_bounds_are_the_extremes_of_all_assignments():
    a, b, missing = np.array([6, 4]), np.array([9, 3]), np.array([3, 2])
    found = []
    for rest, positive in itertools.product(range(4), range(3)):
        x = (a[1] + positive) / (a.sum() + rest + positive)
        y = (b[1] + 2 - positive) / (b.sum() + 5 - rest - positive)
        found.append(x - y)
    assert unknown.bounds(a, b, missing) == pytest.approx((min(found), max(found)), abs=1e-15)


def test_bounds_of_a_finding(check_input, pick):
    finding = pick(list(panel.check(check_input(REAL, {"A": (500, 500), "B": (700, 300), MISSING: (10, 90)}))), unknown.BOUNDS)
    assert finding.scope["groups"] == ["A", "B"]
    assert finding.outcome is Outcome.SHOWN
    assert (finding.real, finding.synthetic) == (pytest.approx(0.2), pytest.approx(0.2))
    low, high = 500 / 1150 - 350 / 1050, 550 / 1050 - 300 / 1150
    assert finding.detail["bounds_real"] == pytest.approx([low, high])
    first, second = finding.detail["bounds_synthetic"]
    assert (first, second) == (pytest.approx(500 / 1010 - 390 / 1090), pytest.approx(590 / 1090 - 300 / 1010))
    assert finding.detail["bounds_change"] == pytest.approx([first - high, second - low])
    assert finding.detail["unknown_share_real"] == pytest.approx(200 / 2200)


def test_a_pooled_unknown_group_has_no_count_to_bound_with(check_input, pick):
    real = {"A": (500, 500), "B": (700, 300), "C": (40, 30), MISSING: (15, 4)}
    finding = pick(list(panel.check(check_input(real, {"A": (500, 500), "B": (700, 300), MISSING: (10, 9)}))), unknown.BOUNDS)
    assert finding.detail["bounds_real"] is None
    assert finding.detail["bounds_change"] is None
    assert finding.detail["unknown_share_real"] is None
    assert finding.detail["bounds_synthetic"] is not None
    assert MISSING not in finding.n["real"]


def test_without_unknown_rows_there_is_nothing_to_bound(check_input):
    real = {"A": (500, 500), "B": (700, 300)}
    assert unknown.BOUNDS not in {f.id for f in panel.check(check_input(real, real))}
