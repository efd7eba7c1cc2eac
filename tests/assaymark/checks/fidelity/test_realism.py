"""Density, coverage, alpha-precision and beta-recall against their definitions, row by row."""

from __future__ import annotations

import numpy as np
import pytest

from assaymark.checks.fidelity import realism
from assaymark.checks.fidelity.embedding import embed, squared_distances
from assaymark.checks.fidelity.neighbours import ALPHAS, NEIGHBOURS, STEPS, measure_other, measure_real
from assaymark.results.findings import Outcome
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table


def euclid(first, second):
    return np.array([[np.sqrt(((a - b) ** 2).sum()) for b in second] for a in first])


def by_hand(real, other):
    """The four scores, straight from their definitions, with closed balls."""
    among, across = euclid(real, real), euclid(real, other)
    radii = [sorted(np.delete(own, place))[NEIGHBOURS - 1] for place, own in enumerate(among)]
    nearest = [np.delete(own, place).min() for place, own in enumerate(among)]
    density = np.mean([sum(across[i, j] <= radii[i] for i in range(len(real))) for j in range(len(other))]) / NEIGHBOURS
    coverage = np.mean([any(across[i, j] <= radii[i] for j in range(len(other))) for i in range(len(real))])
    centre, other_centre = real.mean(axis=0), other.mean(axis=0)
    shells = np.quantile([np.linalg.norm(row - centre) for row in real], ALPHAS)
    precision = [np.mean([np.linalg.norm(row - centre) <= shell for row in other]) for shell in shells]
    closest = [np.linalg.norm(other[across[i].argmin()] - other_centre) for i in range(len(real))]
    typical = np.quantile(closest, ALPHAS)
    recall = [np.mean([across[i].min() <= nearest[i] and closest[i] <= shell for i in range(len(real))]) for shell in typical]
    curves = [1 - np.abs(ALPHAS - np.array(curve)).sum() / ALPHAS.sum() for curve in (precision, recall)]
    return density, coverage, *curves


@pytest.mark.parametrize("repeated", [False, True])
@pytest.mark.parametrize("rows", [(60, 60), (40, 70)])
def test_scores_are_those_of_their_definitions(repeated, rows):
    rng = np.random.default_rng([int(repeated), *rows])
    high = 3 if repeated else 900  # whole numbers: ties are exact in both computations
    real, other = (rng.integers(0, high, (count, 4)).astype(np.float32) for count in rows)
    sample = measure_other(measure_real(real), other)
    scores = sample.density(), sample.coverage(), sample.alpha_precision(), sample.beta_recall()
    assert scores == pytest.approx(by_hand(real.astype(float), other.astype(float)), abs=1e-9)


def test_blocks_do_not_change_a_score(monkeypatch):
    rng = np.random.default_rng(0)
    real, other = (rng.integers(0, 500, (200, 3)).astype(np.float32) for _ in range(2))
    whole = measure_other(measure_real(real), other)
    monkeypatch.setattr("assaymark.checks.fidelity.neighbours._BLOCK", 7)
    parts = measure_other(measure_real(real), other)
    assert parts.balls.tolist() == whole.balls.tolist()
    assert (parts.covered, parts.recalled.tolist()) == (whole.covered, whole.recalled.tolist())


def test_a_copy_covers_everything():
    real = np.random.default_rng(0).integers(0, 500, (300, 3)).astype(np.float32)
    sample = measure_other(measure_real(real), real)
    assert (sample.coverage(), sample.density() >= 1.0) == (1.0, True)
    assert sample.alpha_precision() > 0.99
    assert sample.beta_recall() > 0.99
    assert (sample.recalled < STEPS).all()


SCHEMA = Schema((Column("x", Kind.FLOAT), Column("w", Kind.CATEGORICAL), Column("b", Kind.BOOLEAN)))


def mixed(x, w, b):
    return Table.from_columns({"x": x, "w": w, "b": b}, SCHEMA)


def test_columns_count_alike():
    real = mixed(np.arange(101.0), ["a", *["b"] * 100], [True, *[False] * 100])
    other = mixed([0.0, 100.0, 0.0, np.nan, 0.0], ["a", "a", "b", "a", None], [True] * 5)
    found = embed([real, other], SCHEMA.columns, [np.arange(101), np.arange(5)])
    distances = squared_distances(found.points[1], found.points[1]) / found.unit**2
    assert distances[0] == pytest.approx([0.0, 1.0, 1.0, 0.75, 1.0], abs=0.03)
    assert squared_distances(found.points[0], found.points[0]).diagonal().tolist() == [0.0] * 101


@pytest.mark.parametrize("columns", [1, 15, 200])
def test_distances_are_exact(columns):
    rng = np.random.default_rng(columns)
    schema = Schema(tuple(Column(f"c{place}", Kind.FLOAT) for place in range(columns)))
    tables = [Table.from_columns({name: rng.normal(size=50) for name in schema.names}, schema) for _ in range(2)]
    points = embed(tables, schema.columns, [np.arange(50)] * 2).points
    whole = [own.astype(np.int64) for own in points]
    expected = ((whole[0][:, None] - whole[1][None]) ** 2).sum(axis=2)
    assert squared_distances(*points).astype(np.int64).tolist() == expected.tolist()


def test_ten_thousand_categories_take_few_dimensions():
    schema = Schema((Column("w", Kind.CATEGORICAL),))
    table = Table.from_columns({"w": [f"v{place}" for place in range(10_000)]}, schema)
    assert embed([table], schema.columns, [np.arange(100)]).points[0].shape == (100, 64)


def by_id(findings):
    return {finding.id: finding for finding in findings}


def test_fresh_rows_are_as_real_as_the_holdout(make_people, row_input):
    found = by_id(realism.check(row_input(*(make_people(1500, seed) for seed in (1, 2, 3)))))
    assert set(found) == set(realism.IDS)
    for finding in found.values():
        assert finding.outcome is Outcome.SHOWN
        assert finding.value == pytest.approx(finding.synthetic - finding.real)
        assert finding.ci[0] <= 0.0 <= finding.ci[1]
        assert abs(finding.value) < 2 * finding.null
        assert finding.detail["rows_used"] == {"real": 1500, "synthetic": 1500, "holdout": 1500}
    assert 0.9 < found[realism.DENSITY].real < 1.1
    assert found[realism.ALPHA].real > 0.95


def test_a_generator_that_repeats_few_rows_is_dense_and_covers_little(make_people, row_input):
    real, holdout = make_people(1500, 1), make_people(1500, 3)
    repeated = real.take(np.random.default_rng(0).integers(0, 20, 1500))
    found = by_id(realism.check(row_input(real, repeated, holdout)))
    assert found[realism.DENSITY].synthetic > 0.8
    assert found[realism.COVERAGE].ci[1] < -0.5
    assert found[realism.BETA].ci[1] < -0.2


def test_rows_unlike_any_real_one_are_not_dense(make_people, row_input):
    real, synthetic, holdout = (make_people(800, seed) for seed in (1, 2, 3))
    arrow = synthetic.arrow.set_column(1, "age", [np.full(800, 150)]).set_column(2, "wage", [np.full(800, 60.0)])
    found = by_id(realism.check(row_input(real, Table(arrow, real.schema), holdout)))
    assert found[realism.DENSITY].ci[1] < -0.3


def test_without_a_holdout_there_is_a_score_and_no_level(make_people, row_input):
    for finding in realism.check(row_input(make_people(300, 1), make_people(300, 2))):
        assert (finding.real, finding.value, finding.ci, finding.null) == (None, None, None, None)
        low, high = finding.detail["score_interval"]
        assert low <= finding.synthetic <= high


def test_few_rows_are_not_estimable(make_people, row_input):
    found = list(realism.check(row_input(make_people(300, 1), make_people(10, 2))))
    assert {finding.reason for finding in found} == {"too_few_rows"}


def test_the_same_seed_gives_the_same_findings(make_people, row_input):
    data = row_input(*(make_people(600, seed) for seed in (1, 2, 3)), seed=5)
    first, second = ([finding.document() for finding in realism.check(data)] for _ in range(2))
    assert first == second
