"""The table type."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from assaymark.errors import ColumnNotFoundError
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table

SCHEMA = Schema(
    (
        Column("n", Kind.INTEGER),
        Column("f", Kind.FLOAT),
        Column("c", Kind.CATEGORICAL),
        Column("b", Kind.BOOLEAN),
        Column("d", Kind.DATETIME),
    )
)


@pytest.fixture
def table():
    day = np.array(["2020-01-01", "NaT", "2020-01-03"], dtype="datetime64[us]")
    return Table.from_columns(
        {"n": [1, None, 3], "f": np.array([0.5, np.nan, 2.0]), "c": ["x", None, "y"], "b": [True, None, False], "d": day},
        SCHEMA,
    )


def test_nan_is_missing(table):
    assert [table.column(name).null_count for name in table.names] == [1] * 5
    made = Table.from_arrow(pa.table({"f": [1.0, float("nan")], "n": [1.0, float("nan")]}), SCHEMA.select(["f", "n"]))
    assert made.column("f").null_count == 1
    assert made.column("n").to_pylist() == [1, None]


def test_survives_pandas(table):
    assert Table.from_pandas(table.to_pandas(), SCHEMA).arrow.equals(table.arrow)


def test_pandas_gaps_and_categories():
    frame = pd.DataFrame(
        {
            "n": [1.0, np.nan, 3.0],
            "c": pd.Categorical(["x", None, "y"]),
            "d": pd.to_datetime(["2020-01-01", None, "2020-01-02"]),
        }
    )
    made = Table.from_pandas(frame, SCHEMA.select(["n", "c", "d"]))
    assert made.column("n").to_pylist() == [1, None, 3]
    assert made.column("c").to_pylist() == ["x", None, "y"]
    assert made.column("d").null_count == 1


def test_categories_from_other_types_are_canonical():
    schema = Schema((Column("c", Kind.CATEGORICAL),))
    assert Table.from_arrow(pa.table({"c": [True, False]}), schema).column("c").to_pylist() == ["True", "False"]
    assert Table.from_arrow(pa.table({"c": [1.0, 2.5]}), schema).column("c").to_pylist() == ["1", "2.5"]


def test_fractions_are_no_integers():
    with pytest.raises(pa.ArrowInvalid):
        Table.from_arrow(pa.table({"n": [1.5]}), SCHEMA.select(["n"]))


def test_numbers(table):
    np.testing.assert_array_equal(table.numbers("n"), [1, np.nan, 3])
    np.testing.assert_array_equal(table.numbers("b"), [1, np.nan, 0])
    assert table.numbers("d")[2] - table.numbers("d")[0] == 2 * 86_400e6


def test_picks_rows_and_columns(table):
    part = table.select(["c", "n"]).take(np.array([2, 0]))
    assert part.names == ("c", "n")
    assert part.arrow.to_pydict() == {"c": ["y", "x"], "n": [3, 1]}
    assert Table.concat([table, table]).rows == 6


def test_unknown_column(table):
    with pytest.raises(ColumnNotFoundError):
        table.column("z")
