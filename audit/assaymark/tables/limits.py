"""Limits for untrusted tables."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a table may be; what lies beyond is refused before it is held in memory.

    Attributes:
        max_columns: Columns of a table.
        max_bytes: Bytes of a file, and of a Parquet file's data once decompressed.
        max_field: Bytes of one cell.
        max_rows: Rows of a table; a few bytes of Parquet may claim billions.
    """

    max_columns: int = 10_000
    max_bytes: int = 4 * 2**30
    max_field: int = 131_072
    max_rows: int = 200_000_000
