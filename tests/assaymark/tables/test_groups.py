"""Group codes and outcomes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assaymark.errors import OptionError
from assaymark.tables.groups import bin_labels, group_labels, outcome
from assaymark.tables.schema import Column, Kind, Positive, Role, Schema
from assaymark.tables.table import Table


def groups(values, kind, **attributes):
    column = Column("g", kind, **attributes)
    codes, labels = group_labels(Table.from_columns({"g": values}, Schema((column,))), column)
    assert codes.dtype == np.int32
    return [labels[code] for code in codes], labels


def test_bins_hold_their_lower_edge():
    named, labels = groups([24, 25, 44, 45, None, 90], Kind.INTEGER, bins=(25.0, 45.0))
    assert named == ["<25", "25-45", "25-45", ">=45", "(missing)", ">=45"]
    assert labels == ("<25", "25-45", ">=45", "(missing)")


def test_labels_are_those_that_occur():
    assert groups([10.0, 90.0], Kind.FLOAT, bins=(25.0, 45.0))[1] == ("<25", ">=45")


def test_edges_are_written_short():
    assert bin_labels((-1.5, 0.0, 100_000.0)) == ("<-1.5", "-1.5-0", "0-100000", ">=100000")


def test_values_and_missing():
    assert groups(["b", None, "a"], Kind.CATEGORICAL)[0] == ["b", "(missing)", "a"]
    assert groups([True, None, False], Kind.BOOLEAN)[1] == ("False", "True", "(missing)")


def test_nothing_but_missing():
    assert groups([None, None], Kind.CATEGORICAL) == (["(missing)"] * 2, ("(missing)",))


@given(st.lists(st.sampled_from(["(missing)", "'(missing)'", "''(missing)''", "x", None])))
def test_a_value_never_collides_with_the_missing_group(values):
    named, labels = groups(values, Kind.CATEGORICAL)
    assert len(set(labels)) == len(labels)
    assert len(set(zip(values, named, strict=True))) == len(set(values)) == len(set(named))
    assert [name == "(missing)" for name in named] == [value is None for value in values]


@given(st.lists(st.floats(-100, 100), min_size=1), st.lists(st.integers(-90, 90), min_size=1, max_size=5, unique=True))
def test_bins_agree_with_comparison(values, edges):
    edges = tuple(float(edge) for edge in sorted(edges))
    named, _ = groups(values, Kind.FLOAT, bins=edges)
    names = bin_labels(edges)
    assert named == [names[sum(value >= edge for edge in edges)] for value in values]


def schema(kind, positive):
    return Schema((Column("t", kind, frozenset({Role.TARGET})),), positive)


@pytest.mark.parametrize(
    ("kind", "values", "positive", "wanted"),
    [
        (Kind.CATEGORICAL, ["y", "n", None], Positive(literal="y"), [1, 0, -1]),
        (Kind.CATEGORICAL, ["n", None], Positive(literal="y"), [0, -1]),
        (Kind.BOOLEAN, [True, False, None], Positive(literal="True"), [1, 0, -1]),
        (Kind.FLOAT, [1.0, 1.5, None], Positive(above=1.0), [0, 1, -1]),
    ],
)
def test_outcome(kind, values, positive, wanted):
    table = Table.from_columns({"t": values}, schema(kind, positive))
    assert outcome(table).tolist() == outcome(table, table.schema).tolist() == wanted
    assert outcome(table).dtype == np.int8


def test_outcome_needs_a_target_and_a_positive():
    table = Table.from_columns({"t": ["x"]}, Schema((Column("t", Kind.CATEGORICAL),)))
    with pytest.raises(OptionError, match="--target"):
        outcome(table)
    with pytest.raises(OptionError, match="--positive"):
        outcome(table, schema(Kind.CATEGORICAL, None))
