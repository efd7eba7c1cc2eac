"""Turn typed columns into lines of CSV, column by column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.tables.datetimes import format_datetimes
from assaymark.tables.schema import Column, Kind, Schema

if TYPE_CHECKING:
    import pyarrow as pa

    from assaymark.tables.table import Table

_ISO = "%Y-%m-%dT%H:%M:%S.%f"
_NEEDS_QUOTES = r'[",;|\t\r\n]|^\s|\s$'


def csv_header(schema: Schema) -> bytes:
    """Return the header line of a table."""
    import pyarrow as pa

    names = _quoted(pa.chunked_array([pa.array(schema.names, pa.string())]))
    return (",".join(names.to_pylist()) + "\n").encode()


def csv_lines(table: Table, schema: Schema) -> bytes:
    """Return the rows of a table as CSV lines, in UTF-8, each ended by a line feed."""
    from assaymark.tables.kernels import pc

    if not table.rows:
        return b""
    # a line that is empty counts as no row, so a lone missing value needs quotes
    empty = '""' if len(schema) == 1 else ""
    columns = [pc.fill_null(_texts(table.arrow.column(column.name), column), empty) for column in schema]
    lines = columns[0] if len(columns) == 1 else pc.binary_join_element_wise(*columns, ",")
    ended = pc.binary_join_element_wise(lines, "", "\n")
    # texts of an Arrow array lie one behind the other, so all lines of a chunk are one buffer
    return b"".join(_content(chunk) for chunk in ended.chunks)


def _content(lines: pa.Array) -> bytes:
    offsets = np.frombuffer(lines.buffers()[1], dtype=np.int32)
    content: bytes = lines.buffers()[2].to_pybytes()
    return content[offsets[lines.offset] : offsets[lines.offset + len(lines)]]


def _texts(values: pa.ChunkedArray, column: Column) -> pa.ChunkedArray:
    import pyarrow as pa

    from assaymark.tables.kernels import pc

    if column.kind is Kind.BOOLEAN:
        return pc.if_else(values, "True", "False")
    if column.kind is Kind.DATETIME:
        return _quoted(format_datetimes(values, column.layout or _ISO))
    if column.kind is Kind.FLOAT:
        numbers = pc.fill_null(values, np.nan).to_numpy()
        if column.decimals is not None:
            numbers = np.round(numbers, column.decimals)
        # adding 0 turns -0 into 0
        return pa.chunked_array([pa.array(numbers + 0.0, from_pandas=True).cast(pa.string())])
    if column.kind is Kind.INTEGER:
        return values.cast(pa.string())
    return _quoted(values)


def _quoted(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Put quotes around texts that need them, and double the quotes in them."""
    from assaymark.tables.kernels import pc

    needy = pc.match_substring_regex(values, _NEEDS_QUOTES)
    if not pc.any(needy).as_py():
        return values
    doubled = pc.binary_join_element_wise('"', pc.replace_substring(values, '"', '""'), '"', "")
    return pc.if_else(needy, doubled, values)
