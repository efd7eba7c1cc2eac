"""Distances to closest records: those of brute force, shown beside fresh rows, judged by nobody."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from assaymark.checks.privacy import closest_records
from assaymark.checks.privacy.closest_records import DISTANCE, RATIO
from assaymark.checks.privacy.proximity import points
from assaymark.execution import Run
from assaymark.results.findings import Outcome
from assaymark.tables.table import Table


@pytest.fixture
def both(row_input):
    return lambda *tables, **more: {f.id: f for f in closest_records.check(row_input(*tables, **more))}


def two_closest(queries, base):
    squares = cdist(queries.coordinates.astype(np.float64), base.coordinates.astype(np.float64), "sqeuclidean")
    return np.sqrt(np.sort(squares, axis=1)[:, :2] / 2.0).T


def test_they_are_those_of_brute_force(make_people, both):
    tables = [make_people(rows, seed) for rows, seed in ((1200, 1), (900, 2), (700, 3))]
    found = both(*tables)
    real, holdout, synthetic = points([tables[0], tables[2]], [tables[1]], tables[0].schema.learnable, Run(0))
    for identifier, measure in ((DISTANCE, lambda a, b: a), (RATIO, np.divide)):
        own, fresh = (measure(*two_closest(queries, real)) for queries in (synthetic, holdout))
        one = found[identifier]
        assert one.synthetic == round(np.quantile(own, 0.05), 3)
        assert one.real == round(np.quantile(fresh, 0.05), 3)
        assert one.detail["median"] == {"synthetic": round(np.median(own), 3), "holdout": round(np.median(fresh), 3)}
        assert one.n == {"real": 1200, "synthetic": 900, "holdout": 700}
        assert one.ci[0] <= one.value <= one.ci[1]
        assert (one.outcome, one.margin) == (Outcome.SHOWN, None)


def test_fresh_rows_are_as_often_closer_to_real_as_to_the_holdout(make_people, both):
    shares = [
        both(*(make_people(600, 3 * seed + part) for part in range(3)))[DISTANCE].detail["share_closer_to_real"]
        for seed in range(20)
    ]
    assert np.mean(shares) == pytest.approx(0.5, abs=4 * np.std(shares) / np.sqrt(20))


def test_the_share_compares_equally_many_rows(make_people, both):
    real, synthetic, holdout = (make_people(rows, seed) for rows, seed in ((4000, 1), (500, 2), (500, 3)))
    found = both(real, synthetic, holdout)[DISTANCE].detail
    assert found["share_closer_to_real"] == pytest.approx(0.5, abs=0.08)  # not 8 in 9
    assert found["rows_in_that_share"] == {"synthetic": 500, "real": 500, "holdout": 500}


def test_copies_are_at_no_distance(make_people, both):
    real, holdout = make_people(500, 1), make_people(500, 2)
    found = both(real, real, holdout)
    assert found[DISTANCE].synthetic == 0.0
    assert found[DISTANCE].detail["share_closer_to_real"] == 1.0
    assert found[RATIO].synthetic == 0.0


def test_rows_that_occur_twice_have_a_ratio_of_one(make_people, both):
    real = make_people(300, 1)
    found = both(Table.concat([real, real]), real, make_people(300, 2))
    assert found[RATIO].synthetic == 1.0


@pytest.mark.parametrize(
    ("sizes", "disabled", "reason"),
    [
        ((500, 500, None), None, "no_holdout"),
        ((500, 500, 500), "holdout_overlaps_real", "holdout_overlaps_real"),
        ((500, 500, 199), None, "too_few_rows"),  # its 5th percentile would rest on fewer than ten rows
        ((500, 199, 500), None, "too_few_synthetic_rows"),
    ],
)
def test_what_cannot_be_shown_says_why(make_people, both, sizes, disabled, reason):
    tables = [None if rows is None else make_people(rows, seed) for seed, rows in enumerate(sizes)]
    found = both(*tables, disabled=disabled).values()
    assert {(f.outcome, f.reason, f.value) for f in found} == {(Outcome.NOT_ESTIMABLE, reason, None)}


def test_no_record_is_shown(make_people, both):
    real, synthetic, holdout = (make_people(400, seed) for seed in (1, 2, 3))
    for finding in both(real, synthetic, holdout).values():
        assert not {"minimum", "min", "distances"} & set(finding.detail)
        assert len(str(finding.document())) < 1200
