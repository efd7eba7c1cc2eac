"""The one table type: Arrow columns, typed by a schema."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assaymark.tables.schema import Kind, Schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray


def arrow_type(kind: Kind) -> pa.DataType:
    """Return the Arrow type in which a table stores a column of ``kind``."""
    import pyarrow as pa

    return {
        Kind.INTEGER: pa.int64(),
        Kind.FLOAT: pa.float64(),
        Kind.BOOLEAN: pa.bool_(),
        Kind.DATETIME: pa.timestamp("us"),
        Kind.CATEGORICAL: pa.string(),
        Kind.TEXT: pa.string(),
        Kind.IDENTIFIER: pa.string(),
    }[kind]


def _cast(column: pa.ChunkedArray, kind: Kind) -> pa.ChunkedArray:
    import pyarrow as pa

    from assaymark.tables.kernels import pc

    target, types = arrow_type(kind), pa.types
    if types.is_floating(column.type):
        # pandas turns integers with gaps into floats, with NaN for the gap
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    if column.type == target:
        return column
    text = column.type.value_type if types.is_dictionary(column.type) else column.type
    if kind is Kind.CATEGORICAL and not (types.is_string(text) or types.is_large_string(text)):
        from assaymark.tables.labels import to_labels

        return to_labels(column)
    if types.is_timestamp(column.type):
        return column.cast(target, safe=False)  # nanoseconds are cut off
    return column.cast(target)


@dataclass(frozen=True, slots=True)
class Table:
    """A table of typed columns, held as Arrow memory; nothing in it is changed after it is made.

    Column types follow the schema: integer ``int64``, float ``float64``, boolean ``bool``, datetime ``timestamp[us]``,
    categorical, text and identifier ``string``. A missing value is an Arrow null in each of them.

    Attributes:
        arrow: The data, columns in the order of ``schema``.
        schema: Kinds and roles of the columns.
    """

    arrow: pa.Table
    schema: Schema
    # what many readers ask for, worked out once; the arrays cannot be written to
    _numbers: dict[str, NDArray[np.float64]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _labels: dict[str, tuple[NDArray[np.int32], tuple[str, ...]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @classmethod
    def from_arrow(cls, data: pa.Table, schema: Schema) -> Table:
        """Make a table from Arrow data; columns are picked by name and cast to the type of their kind.

        Raises:
            KeyError: When a column of the schema is absent from ``data``.
            pyarrow.ArrowInvalid: When values cannot be cast.
        """
        import pyarrow as pa

        columns = [_cast(data.column(c.name), c.kind) for c in schema]
        return cls(pa.table(columns, names=list(schema.names)), schema)

    @classmethod
    def from_columns(cls, columns: Mapping[str, Any], schema: Schema) -> Table:
        """Make a table from one sequence or NumPy array a column; None and NaN are missing values."""
        import pyarrow as pa

        arrays = [pa.array(columns[c.name], type=arrow_type(c.kind), from_pandas=True) for c in schema]
        return cls(pa.table(arrays, names=list(schema.names)), schema)

    @classmethod
    def from_pandas(cls, frame: pd.DataFrame, schema: Schema) -> Table:
        """Make a table from a data frame; its index is ignored."""
        import pyarrow as pa

        picked = frame[list(schema.names)]
        return cls.from_arrow(pa.Table.from_pandas(picked, preserve_index=False), schema)

    @classmethod
    def concat(cls, tables: Sequence[Table]) -> Table:
        """Stack tables of one schema."""
        import pyarrow as pa

        return cls(pa.concat_tables([t.arrow for t in tables]).combine_chunks(), tables[0].schema)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.arrow.num_rows)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return self.schema.names

    def column(self, name: str) -> pa.ChunkedArray:
        """Return a column as Arrow data."""
        self.schema[name]
        return self.arrow.column(name)

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Return a column as float64, shape (rows,), NaN where missing.

        Booleans become 0 and 1; datetimes become microseconds since 1970-01-01. The array is shared and read-only.
        """
        known = self._numbers.get(name)
        if known is not None:
            return known
        import pyarrow as pa

        column = self.column(name)
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.int64())
        numbers: NDArray[np.float64] = column.cast(pa.float64(), safe=False).to_numpy().astype("float64", copy=False)
        numbers.flags.writeable = False
        self._numbers[name] = numbers
        return numbers

    def labels(self, name: str) -> tuple[NDArray[np.int32], tuple[str, ...]]:
        """Return a column as codes and labels.

        A label is the canonical text of a value, so that ``1``, ``1.0`` and ``"1"`` have one label.

        Returns:
            Codes of shape (rows,), shared and read-only, -1 where missing, and the labels that occur, sorted.
        """
        known = self._labels.get(name)
        if known is not None:
            return known
        from assaymark.tables.labels import encode_labels

        codes, labels = encode_labels(self.column(name))
        codes.flags.writeable = False
        self._labels[name] = codes, labels
        return codes, labels

    def select(self, names: Iterable[str]) -> Table:
        """Return the columns ``names``, in that order."""
        names = list(names)
        return Table(self.arrow.select(names), self.schema.select(names))

    def take(self, indices: NDArray[np.int64]) -> Table:
        """Return the rows at ``indices``, in that order."""
        import pyarrow as pa

        return Table(self.arrow.take(pa.array(indices)), self.schema)

    def to_pandas(self) -> pd.DataFrame:
        """Return a data frame: nullable ``Int64`` and ``boolean``, ``string``, ``float64``, ``datetime64[us]``."""
        import pandas as pd
        import pyarrow as pa

        types = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype(), pa.string(): pd.StringDtype()}
        frame: pd.DataFrame = self.arrow.to_pandas(types_mapper=types.get)
        return frame
