"""Exact row identity: one number for each distinct row, over several tables of one schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.tables.table import Table

_KEY_LIMIT = 2**62


def row_keys(tables: Sequence[Table]) -> list[NDArray[np.int64]]:
    """Return a key for each row of each table; equal keys mean rows equal in every learnable column, without any collision."""
    sizes = [table.rows for table in tables]
    keys = np.zeros(sum(sizes), dtype=np.int64)
    width = 1
    for column in tables[0].schema.learnable:
        codes, count = _codes(tables, column.name)
        if width * count > _KEY_LIMIT:
            keys, width = _dense(keys)
        keys = keys * count + codes
        width *= count
        if width > _KEY_LIMIT // 2**20:
            keys, width = _dense(keys)
    return np.split(keys, np.cumsum(sizes)[:-1])


def _dense(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    distinct, inverse = np.unique(keys, return_inverse=True)
    return inverse.astype(np.int64), len(distinct)


def _codes(tables: Sequence[Table], name: str) -> tuple[NDArray[np.int64], int]:
    import pyarrow as pa
    import pyarrow.compute as pc

    kinds = {table.column(name).type for table in tables}
    chunks = [chunk for table in tables for chunk in _common_type(table.column(name), len(kinds) > 1).chunks]
    encoded = pc.dictionary_encode(pa.chunked_array(chunks), null_encoding="encode").combine_chunks()
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64), max(len(encoded.dictionary), 1)


def _common_type(column: object, differs: bool) -> object:  # noqa: FBT001 - internal, one caller
    import pyarrow as pa

    return column.cast(pa.float64(), safe=False) if differs else column  # type: ignore[attr-defined]
