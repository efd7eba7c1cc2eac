"""Columns as levels: every value lands in the level that NumPy says, by either way of encoding."""

from __future__ import annotations

import numpy as np
import pytest

from assaymark.checks.fidelity.levels import encode, numeric
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table

RNG = np.random.default_rng(0)
HOLED = np.where(RNG.random(900) < 0.1, np.nan, RNG.normal(size=900))
CASES = {
    "whole": [RNG.integers(-40, 90, 700).astype(float), RNG.integers(-60, 95, 500).astype(float)],
    "few": [RNG.integers(0, 3, 700).astype(float), RNG.integers(0, 5, 500).astype(float)],
    "fractions": [HOLED, RNG.normal(0.5, 2, 400)],
    "far apart": [np.array([0.0, 1e12, 5.0, np.nan]), np.array([3.0, -1e12])],
    "whole and not": [np.arange(50.0), np.arange(50.0) + 0.5],
    "holes": [np.where(np.arange(80) % 3 == 0, np.nan, np.arange(80.0)), np.full(20, np.nan)],
}


@pytest.mark.parametrize("numbers", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("kind", [Kind.FLOAT, Kind.DATETIME])
def test_numbers_fall_into_deciles_of_real_and_widths_of_their_own(numbers, kind):
    coded = numeric(Column("x", kind), numbers)
    scale = 1000.0 if kind is Kind.DATETIME else 1.0
    for shares, steps in ((np.linspace(0.1, 0.9, 9), coded.deciles), (np.linspace(0.2, 0.8, 4), coded.quintiles)):
        cuts = np.unique(np.quantile(numbers[0][~np.isnan(numbers[0])], shares))
        for own, codes in zip(numbers, coded.codes, strict=True):
            expected = np.where(np.isnan(own), len(cuts) + 1, np.searchsorted(cuts, own))
            assert steps[codes].tolist() == expected.tolist()
    for own, codes, bins in zip(numbers, coded.codes, coded.widths, strict=True):
        expected = np.digitize(own * scale, np.histogram_bin_edges(own[~np.isnan(own)] * scale))
        assert bins[codes].tolist() == expected.tolist()
    assert coded.width <= 60


@pytest.mark.parametrize("numbers", CASES.values(), ids=CASES.keys())
def test_points_are_the_distinct_numbers(numbers):
    points = numeric(Column("x", Kind.FLOAT), numbers).points
    known = [own[~np.isnan(own)] for own in numbers]
    assert points.values.tolist() == np.unique(np.concatenate(known)).tolist()
    for own, present, counts, missing in zip(numbers, known, points.counts, points.missing, strict=True):
        assert (counts.sum(), missing) == (len(present), np.isnan(own).sum())
        assert np.repeat(points.values, counts).tolist() == np.sort(present).tolist()
    shares = [0.0, 0.013, 0.5, 0.99, 1.0]
    assert points.quantiles(0, shares) == pytest.approx(np.quantile(known[0], shares), rel=1e-12)


def test_a_column_without_any_number_has_one_level():
    coded = numeric(Column("x", Kind.FLOAT), [np.full(5, np.nan), np.full(3, np.nan)])
    assert (coded.width, coded.codes[0].tolist(), coded.points.missing) == (1, [0] * 5, (5, 3))


def test_many_categories_keep_their_own_levels():
    schema = Schema((Column("a", Kind.CATEGORICAL),))
    real = Table.from_columns({"a": [f"v{place}" for place in range(70_000)] + [None]}, schema)
    coded = encode([real, real], schema["a"])
    assert (coded.width, len(np.unique(coded.codes[0])), coded.codes[0][-1]) == (70_001, 70_001, 70_000)
