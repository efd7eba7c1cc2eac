"""Distances of groups against SciPy, and their intervals against simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp

from assaymark.checks.groups.distances import column_distances, count, measure
from assaymark.checks.groups.levels import joint_levels
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table

MIXED = Schema((Column("n", Kind.INTEGER), Column("c", Kind.CATEGORICAL), Column("x", Kind.FLOAT)))


def mixed(rows: int, rng: np.random.Generator, shift: float = 0.0) -> Table:
    columns = {
        "n": rng.poisson(5 + shift, rows),
        "c": rng.choice(["a", "b", "c", None], rows, p=[0.5 - shift / 10, 0.2, 0.2 + shift / 10, 0.1]),
        "x": np.where(rng.random(rows) < 0.1, np.nan, np.round(rng.normal(size=rows), 2)),
    }
    return Table.from_columns(columns, MIXED)


def distances(levels):
    first, second = levels.codes[:2]
    return column_distances(levels, count(first, levels.width), len(first), count(second, levels.width), len(second))


def test_distances_are_those_of_scipy_and_of_the_definition():
    rng = np.random.default_rng(0)
    real, other = mixed(700, rng), mixed(450, rng, 0.5)
    found = distances(joint_levels([real, other], MIXED.columns))
    numbers = [[np.nan_to_num(t.numbers(name), nan=-1e9) for t in (real, other)] for name in ("n", "x")]
    expected = [ks_2samp(*pair).statistic for pair in numbers]
    shares = [
        [np.mean([v == label for v in t.column("c").to_pylist()]) for label in ("a", "b", "c", None)] for t in (real, other)
    ]
    assert found == pytest.approx([expected[0], np.abs(np.subtract(*shares)).sum() / 2, expected[1]], abs=1e-12)


def test_many_distinct_numbers_are_compared_at_a_thousand_points():
    rng = np.random.default_rng(1)
    schema = Schema((Column("x", Kind.FLOAT),))
    values = rng.normal(size=20_000), rng.normal(0.2, 1.1, size=15_000)
    levels = joint_levels([Table.from_columns({"x": v}, schema) for v in values], schema.columns)
    assert levels.width <= 1001
    assert distances(levels) == pytest.approx([ks_2samp(*values).statistic], abs=2e-3)


def test_the_floor_is_what_fresh_samples_show():
    rng = np.random.default_rng(2)
    everyone = mixed(60_000, rng)
    levels = joint_levels([everyone], MIXED.columns)
    pool = levels.codes[0]
    fresh = []
    for _ in range(300):
        rows = rng.choice(len(pool), 300, replace=False)
        first, second = pool[rows[:200]], pool[rows[200:]]
        fresh.append(column_distances(levels, count(first, levels.width), 200, count(second, levels.width), 100))
    found = [measure(levels, pool[:200], pool[200:300], pool, np.random.default_rng(seed)) for seed in range(20)]
    assert np.mean([f.floors for f in found], axis=0) == pytest.approx(np.mean(fresh, axis=0), rel=0.05)
    assert np.mean([f.chance for f in found]) == pytest.approx(np.std(np.mean(fresh, axis=1)), rel=0.12)


def test_intervals_of_a_real_difference_cover_what_they_estimate():
    """95% intervals hold the mean over all samples in 93 to 97% of 1,000 of them."""
    rng = np.random.default_rng(3)
    people, others = mixed(50_000, rng), mixed(50_000, rng, 1.5)
    levels = joint_levels([people, others], MIXED.columns)
    found = []
    for seed in range(1000):
        real, synthetic = (
            codes[rng.integers(0, len(codes), size)] for codes, size in zip(levels.codes, (600, 800), strict=True)
        )
        found.append(measure(levels, real, synthetic, real, np.random.default_rng(seed)))
    net, error = np.array([f.net for f in found]), np.array([f.error for f in found])
    covered = np.abs(net - net.mean()) <= 1.959964 * error
    assert 0.93 <= covered.mean() <= 0.97, covered.mean()
