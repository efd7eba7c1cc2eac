"""Read Parquet bytes into flat typed columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.errors import FormatError, LimitError
from assaymark.tables.reading import check_names

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from assaymark.tables.limits import Limits


def read_parquet(path: Path, data: bytes, limits: Limits) -> pa.Table:
    """Decode the bytes of a Parquet file.

    Integers, floats, decimals, booleans, strings, dates and timestamps are read, dictionary columns decoded, times of day
    become text; everything nested is refused.

    Raises:
        FormatError: When the file is damaged, or a column is nested or binary.
        HeaderError: When column names are empty or occur twice.
        LimitError: When a limit is exceeded.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(pa.BufferReader(data))
        schema = file.schema_arrow
        check_names(path, schema.names, limits)
        _check_size(path, file.metadata, limits)
        for field in schema:
            _check_type(path, field)
        table = file.read(use_threads=False)
        table.validate(full=True)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise FormatError(
            "the Parquet file is damaged",
            where=str(path),
            found="a footer or page that cannot be decoded",
            remedy="Write the file again; it may have been cut off.",
        ) from error
    return pa.table([_flat(column) for column in table.columns], names=schema.names)


def _check_size(path: Path, metadata: object, limits: Limits) -> None:
    rows: int = metadata.num_rows  # type: ignore[attr-defined]
    groups: int = metadata.num_row_groups  # type: ignore[attr-defined]
    size = sum(metadata.row_group(place).total_byte_size for place in range(groups))  # type: ignore[attr-defined]
    if rows > limits.max_rows or size > limits.max_bytes:
        raise LimitError(
            "the Parquet file is too large once decompressed",
            where=str(path),
            found=f"{rows:,} rows, {size:,} bytes",
            expected=f"at most {limits.max_rows:,} rows and {limits.max_bytes:,} bytes",
            remedy="Give a sample of its rows.",
        )


def _check_type(path: Path, field: pa.Field) -> None:
    import pyarrow as pa

    types = pa.types
    kind = field.type.value_type if types.is_dictionary(field.type) else field.type
    flat = (
        types.is_integer,
        types.is_floating,
        types.is_decimal,
        types.is_boolean,
        types.is_string,
        types.is_large_string,
        types.is_string_view,
        types.is_date,
        types.is_timestamp,
        types.is_time,
        types.is_null,
    )
    if not any(test(kind) for test in flat):
        raise FormatError(
            "a column has a type that no table here can hold",
            where=f"{path}, column {field.name!r}",
            found="a nested column" if types.is_nested(kind) else f"type {kind}",
            expected="numbers, booleans, strings, dates or timestamps",
            remedy="Flatten or remove the column before the audit.",
        )


def _flat(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column as one of few types: int64, uint64, float64, bool, string, timestamp[us]."""
    import pyarrow as pa

    from assaymark.tables.kernels import pc

    types = pa.types
    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    if types.is_unsigned_integer(kind):
        largest = pc.max(column).as_py() or 0
        return column.cast(pa.int64() if largest < 2**63 else pa.float64(), safe=False)
    if types.is_integer(kind):
        return column.cast(pa.int64())
    if types.is_floating(kind):
        # a float32 of 0.1 is meant as 0.1, not as 0.10000000149
        return column.cast(pa.float64()) if kind == pa.float64() else column.cast(pa.string()).cast(pa.float64())
    if types.is_decimal(kind):
        return column.cast(pa.float64())
    if types.is_timestamp(kind) or types.is_date(kind):
        return column.cast(pa.timestamp("us"), safe=False) if not getattr(kind, "tz", None) else _utc(column)
    return column if types.is_boolean(kind) else column.cast(pa.string())


def _utc(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return instants as wall-clock times in UTC."""
    import pyarrow as pa

    return column.cast(pa.timestamp("us", tz="UTC"), safe=False).cast(pa.int64()).cast(pa.timestamp("us"))
