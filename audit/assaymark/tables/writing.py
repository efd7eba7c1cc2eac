"""Write tables as CSV or Parquet: complete or not at all, and the same bytes for the same rows."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from typing import IO, TYPE_CHECKING, Any, Literal, Self

from assaymark.errors import OptionError
from assaymark.tables.atomic import replacing
from assaymark.tables.csv_writing import csv_header, csv_lines
from assaymark.tables.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

    import pyarrow as pa

    from assaymark.tables.schema import Schema

TableFormat = Literal["csv", "parquet"]

_GROUP_ROWS = 65_536  # rows of a Parquet row group, whatever batches they come in


class TableWriter:
    """Write a table batch by batch; the file gets its name when the block ends well.

    Bytes depend on rows and schema alone, not on how the rows are cut into batches, and hold no time. CSV is RFC 4180 with
    line feeds: integers without point, floats as short as reading them back allows, datetimes in the layout of their column,
    ``True`` and ``False``, missing values empty. Parquet names its sidecar in the key-value entry ``c2pa.manifest``.

    Args:
        path: File to write.
        schema: Schema of all batches.
        format: ``csv`` or ``parquet``.
        overwrite: Whether an existing file may be replaced.
        sidecar: File name of the manifest, for Parquet.

    Raises:
        OptionError: When the format is unknown.
        OutputExistsError: On entering, when ``path`` exists and ``overwrite`` is false.
        OutputError: When the operating system refuses to write.
    """

    def __init__(
        self,
        path: Path,
        schema: Schema,
        format: TableFormat,  # noqa: A002 - the name that users know
        *,
        overwrite: bool = False,
        sidecar: str | None = None,
    ) -> None:
        if format not in {"csv", "parquet"}:
            raise OptionError(
                "there is no such table format",
                where="--format",
                found=repr(format),
                expected="csv or parquet",
                remedy="Use --format csv or --format parquet.",
            )
        self._path = path
        self._schema = schema
        self._format = format
        self._overwrite = overwrite
        self._sidecar = sidecar
        self._stack = ExitStack()
        self._sink: _CsvSink | _ParquetSink | None = None
        self.rows = 0

    def __enter__(self) -> Self:
        file = self._stack.enter_context(replacing(self._path, overwrite=self._overwrite))
        self._sink = _CsvSink(file, self._schema) if self._format == "csv" else _ParquetSink(file, self._schema, self._sidecar)
        return self

    def write(self, table: Table) -> None:
        """Append rows.

        Raises:
            ValueError: When the columns are not those of the writer's schema.
            OutputError: When the disk is full.
        """
        if self._sink is None:
            raise RuntimeError("the writer is not open")
        if table.names != self._schema.names:
            raise ValueError("the columns of a batch are not those of the table")
        self._sink.write(table)
        self.rows += table.rows

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        sink, self._sink = self._sink, None
        try:
            if sink is not None and kind is None:
                sink.close()
            elif sink is not None:
                sink.abandon()
        except BaseException as late:
            self._stack.__exit__(type(late), late, late.__traceback__)
            raise
        self._stack.__exit__(kind, error, trace)


def write_table(
    tables: Table | Iterable[Table],
    path: Path,
    format: TableFormat,  # noqa: A002 - the name that users know
    *,
    overwrite: bool = False,
    sidecar: str | None = None,
) -> int:
    """Write a table, or an iterator of batches of one schema; see `TableWriter`.

    Returns:
        The number of rows written.

    Raises:
        ValueError: When there is no batch at all.
        OutputExistsError: When ``path`` exists and ``overwrite`` is false.
        OutputError: When the operating system refuses to write.
    """
    batches = iter((tables,) if isinstance(tables, Table) else tables)
    first = next(batches, None)
    if first is None:
        raise ValueError("there is no table to write")
    with TableWriter(path, first.schema, format, overwrite=overwrite, sidecar=sidecar) as writer:
        writer.write(first)
        for batch in batches:
            writer.write(batch)
        return writer.rows


class _CsvSink:
    def __init__(self, file: IO[bytes], schema: Schema) -> None:
        self._file = file
        self._schema = schema
        file.write(csv_header(schema))

    def write(self, table: Table) -> None:
        self._file.write(csv_lines(table, self._schema))

    def close(self) -> None:
        """Do nothing: all lines are written."""

    def abandon(self) -> None:
        """Do nothing: the file is removed."""


class _ParquetSink:
    def __init__(self, file: IO[bytes], schema: Schema, sidecar: str | None) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        from assaymark.tables.table import arrow_type

        self._arrow = pa.schema([(column.name, arrow_type(column.kind)) for column in schema])
        self._writer: Any = parquet.ParquetWriter(file, self._arrow, version="2.6", compression="zstd", store_schema=False)
        if sidecar:
            self._writer.add_key_value_metadata({"c2pa.manifest": sidecar})
        self._waiting: list[pa.Table] = []
        self._count = 0

    def write(self, table: Table) -> None:
        self._waiting.append(table.arrow.cast(self._arrow))
        self._count += table.rows
        while self._count >= _GROUP_ROWS:
            self._flush(_GROUP_ROWS)

    def _flush(self, rows: int) -> None:
        import pyarrow as pa

        data = pa.concat_tables(self._waiting)
        # one chunk a column, so that pages fall the same however the rows came in
        self._writer.write_table(data.slice(0, rows).combine_chunks(), row_group_size=_GROUP_ROWS)
        self._waiting = [data.slice(rows)]
        self._count -= rows

    def close(self) -> None:
        if self._count:
            self._flush(self._count)
        self._writer.close()

    def abandon(self) -> None:
        """Let Arrow end its work while the file is open; the file is removed."""
        import pyarrow as pa

        with suppress(OSError, pa.ArrowException):  # an error of its own led here
            self._writer.close()
