"""Load the real table, and load other tables into its schema."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from assaymark.errors import OptionError, SchemaMismatchError, TooFewRowsError
from assaymark.tables.casting import build_table, cast_column, whole_numbers
from assaymark.tables.inference import infer_schema
from assaymark.tables.labels import canonical
from assaymark.tables.reading import DEFAULT_NULLS, Limits, RawTable, read_raw
from assaymark.tables.roles import RoleOptions, assign_roles, nearest, require_column
from assaymark.tables.schema import Column, Kind, Role, Schema
from assaymark.tables.schema_file import apply_overrides, read_schema_file
from assaymark.tables.table import Table, arrow_type

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pyarrow as pa

_MIN_ROWS = 2
_TRUTH_TO_DIGIT = {"True": "1", "False": "0"}
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class TableOptions:
    """How files are read.

    Attributes:
        schema_file: TOML file that corrects the inferred schema; None for none.
        nulls: Texts that read as missing.
        drop: Columns of the real table to leave out.
        limits: How large a table may be.
    """

    schema_file: Path | None = None
    nulls: tuple[str, ...] = DEFAULT_NULLS
    drop: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class LoadedTable:
    """A table and where it came from.

    Attributes:
        table: The rows.
        schema: The table's schema.
        sha256: Digest of the file's bytes, hexadecimal. Never published for real rows.
        rows: Number of rows.
        dropped: Columns that ``--drop`` left out.
        path: The file.
        extra: Columns that the real table does not have; they were left out.
        notes: What the user should know, one sentence each.
    """

    table: Table
    schema: Schema
    sha256: str
    rows: int
    dropped: tuple[str, ...]
    path: Path
    extra: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def load_real(path: Path, options: TableOptions, roles: RoleOptions) -> LoadedTable:
    """Read a table, infer its schema, correct it by the schema file, and assign roles.

    Raises:
        InputError: When the file or a column cannot be used; see `read_raw`, `infer_schema`, `assign_roles`.
        SchemaFileError: When the schema file cannot be used.
        OptionError: When options contradict each other.
        TooFewRowsError: When the table has one row.
    """
    overrides = read_schema_file(options.schema_file) if options.schema_file is not None else None
    raw = read_raw(path, nulls=options.nulls, limits=options.limits)
    _require_rows(raw)
    kept = _drop(raw, options.drop, roles)
    schema = infer_schema(kept)
    if overrides is not None:
        schema = apply_overrides(schema, overrides)
    table = assign_roles(build_table(kept, schema), roles)
    notes = _notes(table)
    return LoadedTable(table, table.schema, raw.sha256, table.rows, tuple(dict.fromkeys(options.drop)), path, notes=notes)


def load_like(
    path: Path,
    like: Schema,
    options: TableOptions,
    *,
    rename: Mapping[str, str] = MappingProxyType({}),
    name: str = "synthetic",
) -> LoadedTable:
    """Read another table into the schema of the real one.

    Columns may come in any order. Identifiers and free text may be absent and are then filled with missing values. An integer
    column that holds fractions here is read as float, and a note says so. Unseen categories are kept. The file is not touched.

    Args:
        path: The file.
        like: Schema of the real table.
        options: How files are read; ``schema_file`` has no effect, since ``like`` is its outcome.
        rename: Headers of this file to headers of the real table. An entry whose old header is absent here while its new one
            is present is for another file, and skipped.
        name: What the table is called in messages.

    Raises:
        InputError: When the file cannot be used; see `read_raw`.
        ColumnNotFoundError: When a column of ``rename`` does not exist.
        OptionError: When ``rename`` gives two columns one name.
        SchemaMismatchError: When a column is missing or has an incompatible type.
        NotFiniteError: When a numeric column holds an infinite value.
        TooFewRowsError: When the table has one row.
    """
    raw = read_raw(path, nulls=options.nulls, limits=options.limits)
    _require_rows(raw)
    data = _rename(raw, like, rename, name)
    _require_columns(data, like, path, name)
    columns: list[Column] = []
    arrays: list[pa.ChunkedArray] = []
    notes: list[str] = []
    for column in like:
        cast, array, note = _column_like(data, column, like, f"{name} table {path}")
        columns.append(cast)
        arrays.append(array)
        notes += [note] if note else []
    import pyarrow as pa

    table = Table(pa.table(arrays, names=list(like.names)), replace(like, columns=tuple(columns)))
    extra = tuple(header for header in data.column_names if header not in like and header not in options.drop)
    dropped = tuple(header for header in data.column_names if header in options.drop)
    return LoadedTable(table, table.schema, raw.sha256, table.rows, dropped, path, extra, tuple(notes))


def _require_rows(raw: RawTable) -> None:
    if raw.arrow.num_rows < _MIN_ROWS:
        raise TooFewRowsError(
            "the table has too few rows",
            where=str(raw.path),
            found=f"{raw.arrow.num_rows} row",
            expected=f"at least {_MIN_ROWS}",
            remedy="Give a table with more rows.",
        )


def _drop(raw: RawTable, drop: tuple[str, ...], roles: RoleOptions) -> RawTable:
    everything = Schema(tuple(Column(name, Kind.TEXT) for name in raw.arrow.column_names))
    used = {roles.target, *roles.protected, *roles.strata, *roles.secret}
    for name in drop:
        require_column(everything, name, "--drop")
        if name in used:
            raise OptionError(
                "a column that has a role cannot be dropped",
                where=f"--drop {name}",
                remedy="Leave it out of --drop, or out of the other option.",
            )
    kept = [name for name in raw.arrow.column_names if name not in drop]
    if not kept:
        raise OptionError("all columns are dropped", where="--drop", remedy="Keep at least one column.")
    return replace(raw, arrow=raw.arrow.select(kept))


def _notes(table: Table) -> tuple[str, ...]:
    left = [column.name for column in table.schema if column.kind is Kind.IDENTIFIER]
    empty = [name for name in table.names if table.arrow.column(name).null_count == table.rows]
    notes = []
    if left:
        notes.append(f"Identifiers are not learned: {', '.join(left)}.")
    if empty:
        notes.append(f"Columns without any value: {', '.join(empty)}.")
    return tuple(notes)


def _rename(raw: RawTable, like: Schema, rename: Mapping[str, str], name: str) -> pa.Table:
    headers: list[str] = raw.arrow.column_names
    here = Schema(tuple(Column(header, Kind.TEXT) for header in headers))
    applied = {old: new for old, new in rename.items() if old in here}
    for old, new in rename.items():
        require_column(like, new, f"--rename {old}={new}")
        if new not in here and new not in applied.values():
            require_column(here, old, f"--rename {old}={new}, {name} table")
    renamed: list[str] = [applied.get(header, header) for header in headers]
    clashes = sorted({header for header in renamed if renamed.count(header) > 1}) if applied else []
    if clashes:
        raise OptionError(
            "renaming gives two columns one name",
            where="--rename",
            found=f"{', '.join(map(repr, clashes))} in the {name} table",
            expected="a header of the real table that this table does not have yet",
            remedy="Leave out one of the renamed columns.",
        )
    return raw.arrow.rename_columns(renamed)


def _optional(column: Column) -> bool:
    return column.kind in {Kind.IDENTIFIER, Kind.TEXT} and not column.roles


def _require_columns(data: pa.Table, like: Schema, path: Path, name: str) -> None:
    missing = [column.name for column in like if column.name not in data.column_names and not _optional(column)]
    if not missing:
        return
    unmatched = [header for header in data.column_names if header not in like]
    hints = [f"--rename {close[0]!r}={header!r}" for header in missing if (close := nearest(header, unmatched))]
    if hints:
        remedy = "If the columns differ in name only, add " + " ".join(hints[:_SHOWN]).replace("'", "") + "."
    elif unmatched:
        remedy = (
            f"If the columns differ in name only, add --rename OLD=NEW; without a match are {', '.join(unmatched[:_SHOWN])}."
        )
    else:
        remedy = "Give a table that has them, or leave them out with --drop."
    raise SchemaMismatchError(
        f"the {name} table lacks columns of the real table",
        where=str(path),
        found="no column " + ", ".join(repr(header) for header in missing[:_SHOWN]) + (", …" if len(missing) > _SHOWN else ""),
        expected="the columns of the real table",
        remedy=remedy,
    )


def _column_like(data: pa.Table, column: Column, like: Schema, where: str) -> tuple[Column, pa.ChunkedArray, str | None]:
    """Return the column as it is here, its values, and a note if it is not as in the real table."""
    import pyarrow as pa

    if column.name not in data.column_names:
        empty = pa.chunked_array([pa.nulls(data.num_rows, arrow_type(column.kind))])
        return column, empty, f"Column {column.name!r} is absent and read as missing."
    values = data.column(column.name)
    if column.kind is Kind.INTEGER and whole_numbers(values) is False:
        wide = replace(column, kind=Kind.FLOAT)
        note = f"Column {column.name!r} holds fractions where the real table holds integers; it is read as float."
        return wide, cast_column(values, wide, where), note
    array = cast_column(values, column, where)
    if Role.TARGET in column.roles and column.kind is Kind.CATEGORICAL:
        array = _same_truth(array, like)
    return column, array, None


def _same_truth(target: pa.ChunkedArray, like: Schema) -> pa.ChunkedArray:
    """Turn truth values into digits where the real target has digits, so that the positive outcome is found."""
    import pyarrow as pa

    from assaymark.tables.kernels import pc

    literal = like.positive.literal if like.positive else None
    if literal is None or canonical(literal) not in _TRUTH_TO_DIGIT.values():
        return target
    if not pc.all(pc.is_in(target.drop_null(), pa.array(list(_TRUTH_TO_DIGIT)))).as_py():
        return target
    for truth, digit in _TRUTH_TO_DIGIT.items():
        target = pc.if_else(pc.equal(target, truth), digit, target)
    return target
