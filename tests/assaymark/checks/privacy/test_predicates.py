"""Predicates: how many rows they are true of, against a plain loop; how an attacker makes them, against Anonymeter."""

from __future__ import annotations

import json
import operator
from pathlib import Path

import numpy as np
import pytest

from assaymark.checks.privacy import predicates as module
from assaymark.checks.privacy.guessing import at_random, of_one_column, of_several_columns
from assaymark.checks.privacy.predicates import Population, Predicates, Relation, matches, matching, populations
from assaymark.execution import Run
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table

RECORDED = json.loads((Path(__file__).parents[3] / "fixtures" / "privacy" / "anonymeter.json").read_text())
COMPARE = {
    Relation.EQUAL: operator.eq,
    Relation.UNEQUAL: operator.ne,
    Relation.AT_LEAST: operator.ge,
    Relation.AT_MOST: operator.le,
    Relation.ABOVE: operator.gt,
    Relation.BELOW: operator.lt,
}


def mixed(rows, seed):
    rng = np.random.default_rng(seed)
    number = np.where(rng.random(rows) < 0.1, np.nan, rng.integers(0, 9, rows) / 3)
    return Population(
        (number, rng.integers(-1, 4, rows).astype(np.int32), rng.normal(size=rows).astype(np.float32)), (True, False, True)
    )


def drawn(population, count, seed):
    return at_random(population, count, 2, np.random.default_rng(seed))


def true_of(predicates, population, place, row):
    for column, relation, value in zip(
        predicates.columns[place], predicates.tests[place], predicates.values[place], strict=True
    ):
        missing = bool(population.missing(column)[row])
        if relation in {Relation.MISSING, Relation.PRESENT}:
            passed = missing == (relation == Relation.MISSING)
        else:
            passed = not missing and COMPARE[relation](population.columns[column][row], value)
        if not passed:
            return False
    return True


@pytest.mark.parametrize("sizes", [(1024, 65_536, 2**25), (16, 64, 200)])
def test_counts_and_rows_are_those_of_a_plain_loop(monkeypatch, sizes):
    monkeypatch.setattr(module, "_FIRST", sizes[0])
    monkeypatch.setattr(module, "_LARGEST", sizes[1])
    monkeypatch.setattr(module, "_BYTES", sizes[2])
    population = mixed(333, 1)
    made = drawn(population, 60, 2)
    assert {int(relation) for relation in made.tests.ravel()} == {int(relation) for relation in Relation}
    expected = {(p, row) for p in range(60) for row in range(333) if true_of(made, population, p, row)}
    counts = np.bincount([p for p, _ in expected], minlength=60)
    assert np.array_equal(matches(made, population), counts)
    assert set(zip(*(part.tolist() for part in matching(made, population)), strict=True)) == expected
    assert np.array_equal(np.minimum(matches(made, population, enough=3), 3), np.minimum(counts, 3))


def test_counts_are_those_of_anonymeter():
    """The same predicates, of three columns each, on its tables."""
    schema = Schema(
        tuple(
            Column(name, kind)
            for name, kind in zip(
                RECORDED["tables"]["R"],
                [Kind.INTEGER, Kind.FLOAT, Kind.FLOAT, Kind.CATEGORICAL, Kind.CATEGORICAL, Kind.CATEGORICAL],
                strict=True,
            )
        )
    )
    tables = [Table.from_columns(RECORDED["tables"][name], schema) for name in "RHS"]
    labels = {c.name: sorted({v for t in tables for v in t.column(c.name).to_pylist()}) for c in schema if not c.is_numeric}
    relations = {"equal": Relation.EQUAL, "at_least": Relation.AT_LEAST, "at_most": Relation.AT_MOST}
    spelled = RECORDED["predicates"]["predicates"]
    made = Predicates(
        np.array([[schema.names.index(column) for column, _, _ in one] for one in spelled]),
        np.array([[int(relations[relation]) for _, relation, _ in one] for one in spelled]),
        np.array([[labels[c].index(value) if c in labels else value for c, _, value in one] for one in spelled], dtype=float),
    )
    for population, counts in zip(populations(tables, schema.columns), RECORDED["predicates"]["counts"], strict=True):
        assert matches(made, population).tolist() == counts


def test_predicates_of_one_column_are_rare_extreme_or_alone_in_missing():
    number = np.array([1.0, 1.0, 2.0, 5.0, 5.0, np.nan])
    label = np.array([0, 0, 1, 1, 2, 2], dtype=np.int32)
    made = of_one_column(Population((number, label), (True, False)), 100, np.random.default_rng(0))
    found = {
        (int(c), Relation(t).name, float(v))
        for c, t, v in zip(*(part[:, 0] for part in (made.columns, made.tests, made.values)), strict=True)
    }
    assert found == {(0, "EQUAL", 2.0), (0, "MISSING", 0.0)}
    extreme = of_one_column(Population((np.array([1.0, 2.0, 2.0, 3.0]),), (True,)), 100, np.random.default_rng(0))
    assert {Relation(int(t)).name for t in extreme.tests[:, 0]} == {"AT_MOST", "AT_LEAST", "EQUAL"}


def test_a_column_of_many_rare_values_does_not_crowd_the_others_out():
    rng = np.random.default_rng(1)
    rare, few = rng.normal(size=5000), np.repeat([1.0, 2.0, 3.0], [1, 4998, 1])
    made = of_one_column(Population((rare, few), (True, True)), 200, rng)
    assert len(made) == 200
    assert (made.columns == 1).sum() == 4  # 1 and 3 by themselves, at most 1, at least 3


def test_predicates_of_several_columns_are_true_of_one_row_and_differ():
    population = mixed(400, 3)
    made = of_several_columns(population, 40, Run(0), np.random.default_rng(1))
    assert len(made) == 40
    assert (matches(made, population) == 1).all()
    assert len(set(made.keys())) == 40
    assert (np.diff(made.columns, axis=1) > 0).all()
    medians = np.array([np.nanmedian(population.columns[0]), 0, np.median(population.columns[2])])
    for place in (0, 2):
        at = made.columns == place
        upward = made.tests[at] == Relation.AT_LEAST
        known = made.tests[at] != Relation.MISSING
        assert np.array_equal(upward[known], made.values[at][known] > medians[place])


def test_a_table_without_rare_combinations_gives_no_predicates():
    population = Population((np.tile(np.array([0, 1], dtype=np.int32), 500),), (False,))
    assert len(of_several_columns(population, 100, Run(0), np.random.default_rng(0))) == 0
    assert len(of_one_column(population, 100, np.random.default_rng(0))) == 0


def test_numbers_that_single_precision_cannot_hold_stay_exact():
    schema = Schema((Column("x", Kind.INTEGER),))
    tables = [Table.from_columns({"x": [2**24, 2**24 + 1]}, schema), Table.from_columns({"x": [1, 2]}, schema)]
    wide, _ = populations(tables, schema.columns)
    made = Predicates(np.array([[0]]), np.array([[int(Relation.EQUAL)]]), np.array([[2.0**24 + 1]]))
    assert matches(made, wide).tolist() == [1]
