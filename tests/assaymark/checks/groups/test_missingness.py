"""Missing values by group: known tables, intervals, and what must not be told."""

from __future__ import annotations

import math

import numpy as np
import pytest

from assaymark.checks.groups import missingness
from assaymark.results.findings import Outcome
from assaymark.tables.schema import Column, Kind, Positive, Role, Schema
from assaymark.tables.table import Table

SCHEMA = Schema(
    (
        Column("town", Kind.CATEGORICAL),
        Column("sex", Kind.CATEGORICAL, frozenset({Role.PROTECTED})),
        Column("paid", Kind.CATEGORICAL, frozenset({Role.TARGET})),
    ),
    Positive(literal="yes"),
)


def towns(**groups):
    """Make rows from (known, missing) counts of a group; half of them are paid."""
    rows = [(None if gap else "here", group) for group, sizes in groups.items() for gap in (0, 1) for _ in range(sizes[gap])]
    columns = {
        "town": [town for town, _ in rows],
        "sex": [sex for _, sex in rows],
        "paid": ["yes" if place % 2 else "no" for place in range(len(rows))],
    }
    return Table.from_columns(columns, SCHEMA)


REAL = {"f": (1840, 160), "m": (2850, 150)}


def test_numbers_of_a_known_table(group_input, pick):
    finding = pick(list(missingness.check(group_input(towns(**REAL), towns(f=(900, 300), m=(950, 50))))), missingness.GAP)
    assert finding.scope["groups"] == ["f", "m"]
    assert finding.real == pytest.approx(0.08 - 0.05, abs=1e-12)
    assert finding.synthetic == pytest.approx(0.25 - 0.05, abs=1e-12)
    assert finding.value == pytest.approx(0.17, abs=1e-12)
    spread = math.sqrt(sum(p * (1 - p) / n for p, n in ((0.08, 2000), (0.05, 3000), (0.25, 1200), (0.05, 1000))))
    assert finding.ci == pytest.approx((0.17 - 1.96 * spread, 0.17 + 1.96 * spread), abs=0.003)
    pooled = math.sqrt(sum(p * (1 - p) * (1 / n + 1 / m) for p, n, m in ((0.08, 2000, 1200), (0.05, 3000, 1000))))
    assert finding.null == pytest.approx(1.96 * pooled, rel=0.04)
    assert finding.outcome is Outcome.EXCEEDED
    assert finding.detail["missing"]["real"] == [0.08, 0.05]


def test_copies_and_filled_gaps(group_input, pick):
    real = towns(**REAL)
    assert pick(list(missingness.check(group_input(real, real))), missingness.GAP).value == 0
    filled = pick(list(missingness.check(group_input(real, towns(f=(2000, 0), m=(3000, 0))))), missingness.GAP)
    assert filled.value == pytest.approx(-0.03)
    assert filled.ci[0] < -0.03 < filled.ci[1] < 0


def test_intervals_cover_and_fresh_rows_are_within(group_input):
    """Of 2,000 pairs of samples, 93 to 97% of the intervals hold the true change 0, and 95% are within the margin of 0.02."""
    data = group_input(towns(**REAL), towns(**REAL), draws=1000)
    sizes, rates = np.array([20_000, 32_000]), [0.08, 0.05]
    covered = within = 0
    for seed in range(2000):
        rng = np.random.default_rng(seed)
        counts = {}
        for name in ("real", "synthetic"):
            gaps = rng.binomial(sizes, rates)
            counts[name] = np.column_stack([sizes - gaps, gaps])
        scope = {"protected": ["sex"], "column": "town"}
        finding = missingness._judged(scope, missingness._Gap(counts), (0, 1), {}, data)
        covered += finding.ci[0] <= 0 <= finding.ci[1]
        within += finding.outcome is Outcome.WITHIN
    assert 1860 <= covered <= 1940, covered
    assert within >= 1900


def test_a_change_of_twice_the_margin_is_found_in_80_percent(group_input):
    data = group_input(towns(**REAL), towns(**REAL), draws=1000)
    sizes = np.array([5000, 8000])
    found = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        counts = {}
        for name, rates in (("real", [0.08, 0.05]), ("synthetic", [0.12, 0.05])):
            gaps = rng.binomial(sizes, rates)
            counts[name] = np.column_stack([sizes - gaps, gaps])
        finding = missingness._judged({"protected": ["sex"], "column": "town"}, missingness._Gap(counts), (0, 1), {}, data)
        found += finding.outcome is Outcome.EXCEEDED
    assert found >= 160, found


def test_a_few_gaps_of_real_are_neither_named_nor_counted(group_input, pick):
    few = towns(f=(1996, 4), m=(2997, 3))
    assert list(missingness.check(group_input(few, towns(f=(2000, 0), m=(3000, 0))))) == []
    told = pick(list(missingness.check(group_input(few, towns(f=(1800, 200), m=(2900, 100))))), missingness.GAP)
    others = towns(f=(1997, 3), m=(2996, 4))
    again = pick(list(missingness.check(group_input(others, towns(f=(1800, 200), m=(2900, 100))))), missingness.GAP)
    assert told.detail["rounded_to"] == 0.01
    assert (told.real, told.value, told.detail["missing"]) == (again.real, again.value, again.detail["missing"])
    assert told.real == 0


def test_an_erased_group_and_a_lone_group(group_input, pick):
    lost = pick(list(missingness.check(group_input(towns(**REAL), towns(m=(900, 100))))), missingness.GAP)
    assert (lost.outcome, lost.reason) == (Outcome.NOT_ESTIMABLE, "group_without_synthetic_rows")
    alone = pick(list(missingness.check(group_input(towns(m=(900, 100)), towns(m=(900, 100))))), missingness.GAP)
    assert alone.reason == "single_group"
