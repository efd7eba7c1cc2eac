"""Cast columns as read to the types of a schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.errors import NotFiniteError, SchemaMismatchError
from assaymark.tables import numerals
from assaymark.tables.datetimes import find_layout, parse_datetimes
from assaymark.tables.labels import canonical, distinct, to_labels
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from assaymark.tables.reading import RawTable

_TRUTH = {"True": True, "1": True, "False": False, "0": False}


def build_table(raw: RawTable, schema: Schema) -> Table:
    """Type the columns of a file as a schema says; columns that the schema lacks are left out.

    Categories are stored as canonical labels, so that ``1.0`` in one file and ``1`` in another are one category.

    Raises:
        SchemaMismatchError: When a column is absent, or a value does not fit the kind of its column.
        NotFiniteError: When a numeric column holds an infinite value.
    """
    import pyarrow as pa

    missing = [name for name in schema.names if name not in raw.arrow.column_names]
    if missing:
        raise SchemaMismatchError(
            "columns are missing",
            where=str(raw.path),
            found="no column " + ", ".join(repr(name) for name in missing[:10]),
            remedy="Give a table that has them.",
        )
    arrays = [cast_column(raw.arrow.column(column.name), column, str(raw.path)) for column in schema]
    return Table(pa.table(arrays, names=list(schema.names)), schema)


def cast_column(data: pa.ChunkedArray, column: Column, where: str) -> pa.ChunkedArray:
    """Return ``data`` in the type of ``column``.

    Args:
        data: Strings, or a typed column of a Parquet file.
        column: What it is to be.
        where: The file, for messages.

    Raises:
        SchemaMismatchError: When a value does not fit.
        NotFiniteError: When a number is infinite.
    """
    import pyarrow as pa

    if column.kind is Kind.CATEGORICAL:
        return to_labels(data)
    if column.kind in {Kind.TEXT, Kind.IDENTIFIER}:
        return data if pa.types.is_string(data.type) else to_labels(data)
    values, codes = distinct(data)
    if column.kind is Kind.BOOLEAN:
        typed, bad = _booleans(values)
    elif column.kind is Kind.DATETIME:
        typed, bad = _datetimes(values, column.layout)
    else:
        typed, bad = _numbers(values, column.kind)
    if bad.any():
        raise _misfit(data, codes, bad, column, where)
    if column.kind is Kind.FLOAT:
        _refuse_infinite(typed, codes, column, where)
    return pa.chunked_array([typed.take(pa.array(codes, mask=codes < 0))])


def whole_numbers(data: pa.ChunkedArray) -> bool | None:
    """Return whether all values are whole numbers; None when some are no numbers at all."""
    typed, bad = _numbers(distinct(data)[0], Kind.FLOAT)
    if bad.any():
        return None
    return bool(numerals.fits_int64(typed.to_numpy(zero_copy_only=False)).all())


def _booleans(values: pa.Array) -> tuple[pa.Array, NDArray[np.bool_]]:
    import pyarrow as pa

    truths = [_TRUTH.get(canonical(value)) for value in values.to_pylist()]
    return pa.array(truths, pa.bool_()), np.array([truth is None for truth in truths], dtype=bool)


def _datetimes(values: pa.Array, layout: str | None) -> tuple[pa.Array, NDArray[np.bool_]]:
    import pyarrow as pa

    good = np.zeros(len(values), dtype=bool)
    if pa.types.is_timestamp(values.type):
        return values, good
    if not pa.types.is_string(values.type):
        return values, ~good
    for attempt in (layout, find_layout(values)):
        parsed = parse_datetimes(values, attempt) if attempt else None
        if parsed is not None:
            return parsed, good
    bad = np.array([not _is_date(values.slice(place, 1), layout) for place in range(len(values))], dtype=bool)
    # each is a date, but in no layout that they share
    return values, bad if bad.any() else ~bad


def _is_date(value: pa.Array, layout: str | None) -> bool:
    return (layout is not None and parse_datetimes(value, layout) is not None) or find_layout(value) is not None


def _numbers(values: pa.Array, kind: Kind) -> tuple[pa.Array, NDArray[np.bool_]]:
    import pyarrow as pa

    types = pa.types
    none = np.zeros(len(values), dtype=bool)
    target = pa.int64() if kind is Kind.INTEGER else pa.float64()
    if types.is_timestamp(values.type):
        return values, ~none
    if types.is_string(values.type):
        return _parse_integers(values) if kind is Kind.INTEGER else _parse_floats(values)
    if types.is_floating(values.type) and kind is Kind.INTEGER:
        bad = ~numerals.fits_int64(values.to_numpy(zero_copy_only=False))
        return (values if bad.any() else values.cast(target)), bad
    if types.is_boolean(values.type):
        values = values.cast(pa.int64())
    return values.cast(target, safe=False), none


def _parse_floats(texts: pa.Array) -> tuple[pa.Array, NDArray[np.bool_]]:
    import pyarrow as pa

    numbers = numerals.parse_floats(texts)
    return pa.array(numbers), np.isnan(numbers)


def _parse_integers(texts: pa.Array) -> tuple[pa.Array, NDArray[np.bool_]]:
    import pyarrow as pa

    exact = numerals.exact_integers(texts)
    if exact is not None:
        return exact, np.zeros(len(texts), dtype=bool)
    numbers = numerals.parse_floats(texts)
    bad = ~numerals.fits_int64(numbers)
    return (texts if bad.any() else pa.array(numbers).cast(pa.int64())), bad


def _refuse_infinite(typed: pa.Array, codes: NDArray[np.int32], column: Column, where: str) -> None:
    infinite = np.append(np.isinf(typed.to_numpy(zero_copy_only=False)), False)
    if infinite.any():
        row = int(np.flatnonzero(infinite[codes])[0]) + 1
        raise NotFiniteError(
            "a numeric column holds an infinite value",
            where=f"{where}, column {column.name!r}, data row {row:,}",
            found="±inf",
            expected="finite numbers or missing values",
            remedy="Replace infinite values by missing ones or by a bound, or leave the column out with --drop.",
        )


def _misfit(
    data: pa.ChunkedArray, codes: NDArray[np.int32], bad: NDArray[np.bool_], column: Column, where: str
) -> SchemaMismatchError:
    """Say where a value does not fit; the value itself may be private, so only its shape is told."""
    import pyarrow as pa

    rows = np.flatnonzero(np.append(bad, False)[codes])
    value = data[int(rows[0])].as_py()
    found = f"a text of {len(value)} characters" if pa.types.is_string(data.type) else f"a value of type {data.type}"
    return SchemaMismatchError(
        "a value does not fit the kind of its column",
        where=f"{where}, column {column.name!r}, data row {int(rows[0]) + 1:,}",
        found=f"{found} ({len(rows):,} such rows)",
        expected=f"{column.kind.value}" + (f" as {column.layout}" if column.layout else ""),
        remedy="Correct the value, name its text with --null if it means missing, or set the kind in a --schema file.",
    )
