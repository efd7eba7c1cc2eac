"""Columns and rows of several tables as codes on one scale, exact: equal codes if and only if equal values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.tables.labels import distinct
from assaymark.tables.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.tables.schema import Column
    from assaymark.tables.table import Table

    Codes = NDArray[np.int64]

_SPACE = 2**62


def joint_labels(tables: Sequence[Table], name: str) -> tuple[list[Codes], tuple[str, ...]]:
    """Return a column of each table as codes, -1 where missing, and the sorted labels that occur in any of them."""
    coded = [table.labels(name) for table in tables]
    labels = sorted({label for _, own in coded for label in own})
    place = {label: code for code, label in enumerate(labels)}
    lookups = [np.array([*(place[label] for label in own), -1], dtype=np.int64) for _, own in coded]
    return [lookup[codes] for lookup, (codes, _) in zip(lookups, coded, strict=True)], tuple(labels)


def row_keys(tables: Sequence[Table], columns: Sequence[Column]) -> list[Codes]:
    """Return a key for each row of each table: equal if and only if all ``columns`` are equal; missing equals missing."""
    sizes = [table.rows for table in tables]
    keys = np.zeros(sum(sizes), dtype=np.int64)
    space = 1
    for column in columns:
        codes = _joint_codes(tables, column) + 1
        width = int(codes.max(initial=0)) + 1
        if space * width >= _SPACE:  # number the combinations that occur anew, so that products stay exact
            used, keys = np.unique(keys, return_inverse=True)
            space = len(used)
        keys = keys * width + codes
        space *= width
    return np.split(keys, np.cumsum(sizes)[:-1])


def _joint_codes(tables: Sequence[Table], column: Column) -> Codes:
    """Return a column of all tables, one after the other, as codes, -1 where missing."""
    if column.kind in {Kind.CATEGORICAL, Kind.BOOLEAN}:
        return np.concatenate(joint_labels(tables, column.name)[0])
    import pyarrow as pa

    from assaymark.tables.kernels import pc

    whole = pa.chunked_array([chunk for table in tables for chunk in table.column(column.name).chunks])
    if column.kind is Kind.FLOAT:
        whole = pc.add(whole, 0.0)  # -0.0 is 0.0
    return distinct(whole)[1].astype(np.int64)
