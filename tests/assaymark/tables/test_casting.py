"""Casting columns to the kinds of a schema."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from assaymark.errors import NotFiniteError, SchemaMismatchError
from assaymark.tables.casting import build_table, cast_column, whole_numbers
from assaymark.tables.reading import RawTable
from assaymark.tables.schema import Column, Kind, Schema


def cast(values, kind, **attributes):
    data = values if isinstance(values, pa.Array) else pa.array(values, pa.string())
    return cast_column(pa.chunked_array([data]), Column("x", kind, **attributes), "t.csv")


@pytest.mark.parametrize(
    ("values", "kind", "wanted"),
    [
        (["1", "+2", None, "-3.0", "1e3"], Kind.INTEGER, [1, 2, None, -3, 1000]),
        (["9223372036854775807", "9007199254740993"], Kind.INTEGER, [2**63 - 1, 2**53 + 1]),
        (pa.array([1.0, None]), Kind.INTEGER, [1, None]),
        (pa.array([True, None]), Kind.INTEGER, [1, None]),
        (["1", "+.5", "2.", None], Kind.FLOAT, [1.0, 0.5, 2.0, None]),
        (pa.array([1, None]), Kind.FLOAT, [1.0, None]),
        (["TRUE", "false", "1", "0.0", None], Kind.BOOLEAN, [True, False, True, False, None]),
        (pa.array([1, 0]), Kind.BOOLEAN, [True, False]),
        (["1.0", "01", "x ", None], Kind.CATEGORICAL, ["1", "01", "x", None]),
        (pa.array([1.0, 2.5, None]), Kind.CATEGORICAL, ["1", "2.5", None]),
        (pa.array([True]), Kind.CATEGORICAL, ["True"]),
        (["1.0", "7"], Kind.IDENTIFIER, ["1.0", "7"]),
        ([None, None], Kind.FLOAT, [None, None]),
        ([None, None], Kind.DATETIME, [None, None]),
    ],
)
def test_casts(values, kind, wanted):
    assert cast(values, kind).to_pylist() == wanted


def test_datetimes_in_their_layout_or_another():
    data = ["01/02/2020", None]
    assert cast(data, Kind.DATETIME, layout="%d/%m/%Y")[0].as_py().month == 2
    assert cast(data, Kind.DATETIME, layout="%m/%d/%Y")[0].as_py().month == 1
    assert cast(["2020-02-01"], Kind.DATETIME, layout="%d/%m/%Y")[0].as_py().month == 2


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "secret"], Kind.INTEGER),
        (["1", "2.5"], Kind.INTEGER),
        (["1", "99999999999999999999"], Kind.INTEGER),
        (["1", "secret"], Kind.FLOAT),
        (["1", "0x10"], Kind.FLOAT),
        (["true", "secret"], Kind.BOOLEAN),
        (["2020-01-01", "secret"], Kind.DATETIME),
        (["2020-01-01", "2020-02-30"], Kind.DATETIME),
        (pa.array([1.0, 2.5]), Kind.INTEGER),
    ],
)
def test_what_does_not_fit_is_refused_without_being_shown(values, kind):
    with pytest.raises(SchemaMismatchError) as caught:
        cast(values, kind)
    error = caught.value
    assert error.code == "AM214"
    assert error.where == "t.csv, column 'x', data row 2"
    assert error.expected.startswith(kind.value)
    assert "--schema" in error.remedy
    assert "secret" not in str(error.document())


def test_row_of_the_first_misfit():
    with pytest.raises(SchemaMismatchError, match=r"data row 4.*2 such rows"):
        cast(["1", None, "2", "x", "1", "x"], Kind.INTEGER)


def test_infinite():
    with pytest.raises(NotFiniteError) as caught:
        cast(["1", None, "-inf"], Kind.FLOAT)
    assert caught.value.where == "t.csv, column 'x', data row 3"


@pytest.mark.parametrize(("values", "answer"), [(["1", "2.0", None], True), (["1", "2.5"], False), (["1", "x"], None)])
def test_whole_numbers(values, answer):
    assert whole_numbers(pa.chunked_array([pa.array(values)])) is answer


def test_missing_column():
    raw = RawTable(Path("t.csv"), pa.table({"a": ["1"]}), "", "csv")
    with pytest.raises(SchemaMismatchError, match="'b'"):
        build_table(raw, Schema((Column("b", Kind.INTEGER),)))
