"""Distances to the closest rows: what brute force in float64 gives, to the last bit of the grid."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

from assaymark.checks.privacy import proximity
from assaymark.checks.privacy.proximity import Points, closest, points
from assaymark.execution import Run
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table


@pytest.fixture
def three(make_people):
    return [make_people(rows, seed) for rows, seed in ((900, 1), (500, 2), (700, 3))]


def on_scale(tables, known=2):
    return points(tables[:known], tables[known:], tables[0].schema.learnable, Run(0))


def brute(queries, base, k):
    squares = cdist(queries.coordinates.astype(np.float64), base.coordinates.astype(np.float64), "sqeuclidean")
    return np.sqrt(np.sort(squares, axis=1)[:, :k] / 2.0)


@pytest.mark.parametrize("k", [1, 2, 6])
@pytest.mark.parametrize(("tile", "combinations"), [(512, 4096), (37, 16), (64, 1)])
def test_they_are_those_of_brute_force(three, monkeypatch, k, tile, combinations):
    monkeypatch.setattr(proximity, "_TILE", tile)
    monkeypatch.setattr(proximity, "_COMBINATIONS", combinations)
    real, holdout, synthetic = on_scale(three)
    for queries, base in ((synthetic, real), (holdout, real), (real, synthetic)):
        np.testing.assert_array_equal(closest(queries, base, k, Run(0)), brute(queries, base, k))


def test_a_library_finds_the_same(three):
    real, _, synthetic = on_scale(three)
    found, _ = NearestNeighbors(n_neighbors=3, algorithm="ball_tree").fit(real.coordinates).kneighbors(synthetic.coordinates)
    np.testing.assert_allclose(closest(synthetic, real, 3, Run(0)), found / np.sqrt(2.0), atol=1e-9)


def test_the_squared_distance_is_the_sum_of_its_columns(three):
    real, holdout, synthetic = three
    in_real, _, in_synthetic = on_scale(three)
    expected = np.zeros((synthetic.rows, real.rows))
    for column in real.schema.learnable:
        if column.kind is Kind.CATEGORICAL:
            own, other = (
                np.array([str(v) for v in table.column(column.name).to_pylist()], dtype=object) for table in (synthetic, real)
            )
            expected += own[:, None] != other[None, :]
            continue
        scale = np.sort(np.concatenate([table.numbers(column.name) for table in (real, holdout)]))
        scale = scale[~np.isnan(scale)]
        ranks = []
        for table in (synthetic, real):
            values = table.numbers(column.name)
            below, upto = (np.searchsorted(scale, values, side) for side in ("left", "right"))
            ranks.append(np.where(np.isnan(values), np.nan, (below + upto) / 2 / len(scale)))
        step = (ranks[0][:, None] - ranks[1][None, :]) ** 2
        gaps = np.isnan(ranks[0])[:, None].astype(int) + np.isnan(ranks[1])[None, :]
        known = [np.where(np.isnan(own), 0.0, own - 0.5) ** 2 for own in ranks]
        one = 1.25**2 / 2 + known[0][:, None] + known[1][None, :]
        expected += np.where(gaps == 0, step, np.where(gaps == 1, one, 0.0))
    np.testing.assert_allclose(
        closest(in_synthetic, in_real, 1, Run(0))[:, 0] ** 2, expected.min(axis=1), atol=5e-3
    )  # the grid


def test_equal_rows_are_at_no_distance_and_none_is_nearer_than_its_categories_differ(three):
    real, _, synthetic = on_scale(three)
    np.testing.assert_array_equal(closest(real, real, 1, Run(0)), 0.0)
    differ = (synthetic.keys[:, None, :] != real.keys[None, :, :]).sum(axis=2)
    assert (brute(synthetic, real, 1)[:, 0] ** 2 >= differ.min(axis=1)).all()


def test_fewer_rows_than_asked_for_leave_the_rest_infinitely_far(three):
    real, _, synthetic = on_scale(three)
    found = closest(synthetic, real.take(np.arange(2)), 4, Run(0))
    np.testing.assert_array_equal(found[:, :2], brute(synthetic, real.take(np.arange(2)), 2))
    assert np.isinf(found[:, 2:]).all()


def test_many_categories_share_directions_and_stay_apart():
    rng = np.random.default_rng(0)
    schema = Schema((Column("city", Kind.CATEGORICAL), Column("x", Kind.FLOAT)))
    names = np.array([f"city-{place}" for place in range(3000)])
    tables = [Table.from_columns({"city": names[rng.zipf(1.2, 4000) % 3000], "x": rng.random(4000)}, schema) for _ in range(2)]
    first, second = points(tables, [], schema.columns, Run(0))
    assert first.coordinates.shape[1] < 100
    np.testing.assert_array_equal(closest(first, second, 2, Run(0)), brute(first, second, 2))
    cities = Points(first.coordinates[:, :-1], first.keys)
    labels = np.asarray(tables[0].column("city").to_pylist())
    apart = cdist(cities.coordinates[:500], cities.coordinates[:500], "sqeuclidean") / 2.0
    same = labels[:500, None] == labels[None, :500]
    assert (apart[same] == 0).all()
    assert apart[~same].mean() == pytest.approx(1.0, abs=0.05)


def test_a_search_can_be_stopped(three):
    from assaymark.errors import Cancelled

    real, _, synthetic = on_scale(three)
    run = Run(0)
    run.cancelled.set()
    with pytest.raises(Cancelled):
        closest(synthetic, real, 1, run)
