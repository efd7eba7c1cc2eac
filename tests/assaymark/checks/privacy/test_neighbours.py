"""Nearest neighbours against a search that adds up every distance in exact fractions."""

from __future__ import annotations

import threading
from fractions import Fraction

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from assaymark.checks.privacy import neighbours
from assaymark.checks.privacy.neighbours import Wanted, nearest, nearest_by
from assaymark.checks.privacy.rows import on_one_scale
from assaymark.errors import Cancelled
from assaymark.execution import Run
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table

SCHEMA = Schema(
    (
        Column("age", Kind.INTEGER),
        Column("job", Kind.CATEGORICAL),
        Column("wage", Kind.FLOAT),
        Column("member", Kind.BOOLEAN),
        Column("since", Kind.DATETIME),
        Column("constant", Kind.INTEGER),
    )
)


def mixed(rows, seed, missing=0.1):
    rng = np.random.default_rng(seed)

    def holey(values):
        return [None if gone else value for value, gone in zip(values, rng.random(rows) < missing, strict=True)]

    columns = {
        "age": holey(rng.integers(18, 30, rows).tolist()),
        "job": holey(rng.choice(["clerk", "cook", "miner"], rows).tolist()),
        "wage": holey(np.round(rng.normal(size=rows), 1).tolist()),
        "member": holey((rng.random(rows) < 0.5).tolist()),
        "since": holey([np.datetime64(int(day) * 86_400_000_000, "us").item() for day in rng.integers(0, 400, rows)]),
        "constant": [7] * rows,
    }
    return Table.from_columns(columns, SCHEMA)


def brute(queries, base, columns, tables):
    """Distances in exact fractions of the values that the tables hold."""

    def values(table, name):
        if SCHEMA[name].kind in {Kind.CATEGORICAL, Kind.BOOLEAN}:
            return table.arrow[name].to_pylist()
        return [None if np.isnan(number) else Fraction(float(number)) for number in table.numbers(name)]

    total = [[Fraction(0)] * base.rows for _ in range(queries.rows)]
    for name in columns:
        pooled = [value for table in tables for value in values(table, name) if value is not None]
        numeric = isinstance(pooled[0], Fraction)
        width = (max(pooled) - min(pooled) or 1) if numeric else 1
        for row, theirs in enumerate(values(queries, name)):
            for place, ours in enumerate(values(base, name)):
                if theirs is None or ours is None or not numeric:
                    total[row][place] += theirs != ours
                else:
                    total[row][place] += abs(theirs - ours) / width
    return total


@pytest.mark.parametrize("blocks", [(49_152, 128), (64, 7)])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_neighbours_are_those_of_an_exact_search(monkeypatch, blocks, seed):
    monkeypatch.setattr(neighbours, "_BLOCK", blocks[0])
    monkeypatch.setattr(neighbours, "_QUERIES", blocks[1])
    tables = [mixed(30, seed), mixed(400, seed + 100)]
    queries, base = on_one_scale(tables, SCHEMA.columns)
    wanted = [
        Wanted(SCHEMA.names, 5),
        Wanted(("age", "wage"), 1),
        Wanted(("job", "member"), 12),
        Wanted(("age", "job", "wage", "member", "since"), 3),
        Wanted(("since", "constant", "member"), 400),
    ]
    for one, found in zip(wanted, nearest_by(queries, base, wanted, Run(0)), strict=True):
        exact = brute(*tables, one.columns, tables)
        assert found.distances.shape == found.places.shape == (30, one.k)
        for row, distances in enumerate(exact):
            smallest = sorted(distances)[: one.k]
            assert found.distances[row] == pytest.approx([float(distance) for distance in smallest], abs=1e-12)
            own = [distances[place] for place in found.places[row]]
            assert [float(distance) for distance in own] == pytest.approx([float(one) for one in smallest], abs=1e-12)
            assert len(set(found.places[row].tolist())) == one.k


def test_equally_near_rows_come_in_their_order(monkeypatch):
    monkeypatch.setattr(neighbours, "_BLOCK", 50)
    rng = np.random.default_rng(5)
    schema = Schema((Column("a", Kind.CATEGORICAL), Column("b", Kind.INTEGER)))
    tables = [
        Table.from_columns({"a": rng.choice(["x", "y"], rows), "b": rng.integers(0, 3, rows)}, schema) for rows in (20, 300)
    ]
    queries, base = on_one_scale(tables, schema.columns)
    found = nearest(queries, base, 40, Run(0))
    steps = np.abs(queries.numbers[0][:, None] - base.numbers[0][None])
    exact = steps + (queries.codes[0][:, None] != base.codes[0][None])
    assert np.array_equal(found.places, np.argsort(exact, axis=1, kind="stable")[:, :40])


def test_numbers_agree_with_scipy():
    rng = np.random.default_rng(6)
    schema = Schema(tuple(Column(f"x{place}", Kind.FLOAT) for place in range(9)))
    tables = [Table.from_columns({name: rng.lognormal(size=rows) for name in schema.names}, schema) for rows in (50, 5000)]
    queries, base = on_one_scale(tables, schema.columns)
    found = nearest(queries, base, 10, Run(0))
    exact = cdist(queries.numbers.T, base.numbers.T, "cityblock")
    assert np.array_equal(found.places, np.argsort(exact, axis=1, kind="stable")[:, :10])
    assert found.distances == pytest.approx(np.sort(exact, axis=1)[:, :10], abs=1e-12)


def test_a_wide_table_is_searched_as_exactly():
    rng = np.random.default_rng(7)
    ordered = [Column(f"x{place}", Kind.FLOAT) for place in range(80)]
    schema = Schema((*ordered, *(Column(f"c{place}", Kind.CATEGORICAL) for place in range(300))))
    tables = [
        Table.from_columns(
            {c.name: rng.normal(size=rows) if c.is_numeric else rng.choice(["p", "q"], rows) for c in schema}, schema
        )
        for rows in (10, 700)
    ]
    queries, base = on_one_scale(tables, schema.columns)
    exact = cdist(queries.numbers.T, base.numbers.T, "cityblock")
    for theirs, ours in zip(queries.codes, base.codes, strict=True):
        exact += theirs[:, None] != ours[None]
    found = nearest(queries, base, 4, Run(0))
    assert np.array_equal(found.places, np.argsort(exact, axis=1, kind="stable")[:, :4])


def test_differences_far_below_the_integers_resolution_decide():
    schema = Schema((Column("x", Kind.FLOAT), Column("y", Kind.FLOAT)))
    base = Table.from_columns({"x": [0.0, 0.5 + 3e-9, 0.5 + 2e-9, 0.5 - 1e-9, 1.0], "y": [0.0] * 4 + [1.0]}, schema)
    queries = Table.from_columns({"x": [0.5], "y": [0.0]}, schema)
    found = nearest(*on_one_scale([queries, base], schema.columns), 3, Run(0))
    assert found.places.tolist() == [[3, 2, 1]]


def test_fewer_rows_than_neighbours_are_all_of_them():
    tables = [mixed(3, 1), mixed(4, 2)]
    found = nearest(*on_one_scale(tables, SCHEMA.columns), 10, Run(0))
    assert found.places.shape == (3, 4)
    assert {tuple(sorted(row)) for row in found.places.tolist()} == {(0, 1, 2, 3)}


def test_infinite_numbers_count_as_missing():
    schema = Schema((Column("x", Kind.FLOAT),))
    base = Table.from_columns({"x": [np.inf, 1.0, 2.0]}, schema)
    queries = Table.from_columns({"x": [-np.inf, 1.2]}, schema)
    found = nearest(*on_one_scale([queries, base], schema.columns), 3, Run(0))
    assert found.places.tolist() == [[0, 1, 2], [1, 2, 0]]
    assert found.distances[0].tolist() == [0.0, 1.0, 1.0]


def test_a_search_can_be_stopped():
    cancelled = threading.Event()
    cancelled.set()
    tables = [mixed(3, 1), mixed(4, 2)]
    with pytest.raises(Cancelled):
        nearest(*on_one_scale(tables, SCHEMA.columns), 1, Run(0, cancelled=cancelled))
