"""Read a file into columns as they stand in it: a CSV's as text, a Parquet file's as typed."""

from __future__ import annotations

import hashlib
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from assaymark.errors import EmptyTableError, FormatError, HeaderError, LimitError, MissingFileError, NotAFileError
from assaymark.tables.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pyarrow as pa

__all__ = ["DEFAULT_NULLS", "Limits", "RawTable", "read_raw"]

DEFAULT_NULLS = ("", "?", "NA", "NaN", "null")
"""Texts that read as missing, compared without surrounding blanks and without regard to case."""

_SHOWN = 10  # names in a message
_FOREIGN = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"BZh": "a bzip2 archive",
    b"(\xb5/\xfd": "a Zstandard archive",
    b"\xfd7zXZ": "an xz archive",
    b"PARE": "an encrypted Parquet file",
    b"ARROW1": "an Arrow file",
    b"SQLite format 3": "a SQLite database",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF document",
}


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table as its file has it.

    Attributes:
        path: The file.
        arrow: Its columns. From CSV all are strings without surrounding blanks; from Parquet they keep their types.
            What reads as missing is an Arrow null.
        sha256: Digest of the file's bytes, hexadecimal; these very bytes were parsed.
        format: What the file is, told from its bytes and not from its name.
    """

    path: Path
    arrow: pa.Table
    sha256: str
    format: Literal["csv", "parquet"]


def read_raw(path: Path, *, nulls: tuple[str, ...] = DEFAULT_NULLS, limits: Limits | None = None) -> RawTable:
    """Read a CSV or Parquet file.

    Args:
        path: A regular file. CSV: UTF-8 with or without byte order mark, first record the header, separated by comma,
            semicolon, tab or bar, quoted as RFC 4180 says. Parquet: flat columns.
        nulls: Texts that read as missing; blanks around them and case do not count.
        limits: How large the table may be; None for the defaults.

    Raises:
        MissingFileError: When there is no such file, or it may not be read.
        NotAFileError: When it is a folder or a device.
        EmptyTableError: When it has no bytes, no header or no rows.
        EncodingError: When a CSV is not UTF-8.
        HeaderError: When column names are empty or occur twice.
        RaggedRowError: When a row has more or fewer fields than the header.
        FormatError: When the bytes are no table.
        LimitError: When the table is larger than ``limits``.
    """
    limits = limits or Limits()
    data = _load(path, limits)
    if data[:4] == b"PAR1":
        from assaymark.tables.parquet_reading import read_parquet

        arrow = read_parquet(path, data, limits)
        kind: Literal["csv", "parquet"] = "parquet"
    else:
        from assaymark.tables.csv_reading import read_csv

        _refuse_foreign(path, data)
        arrow = read_csv(path, data, limits)
        kind = "csv"
    if not arrow.num_rows:
        raise EmptyTableError(
            "the table has a header but no rows", where=str(path), found="0 rows", remedy="Give a table with rows."
        )
    return RawTable(path, _with_nulls(arrow, nulls), hashlib.sha256(data).hexdigest(), kind)


def _load(path: Path, limits: Limits) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise NotAFileError(
                "this is not a regular file",
                where=str(path),
                found="a folder" if stat.S_ISDIR(status.st_mode) else "a device, pipe or socket",
                expected="a CSV or Parquet file",
                remedy="Name the file itself.",
            )
        if status.st_size > limits.max_bytes:
            raise _too_large(path, status.st_size, limits)
        with path.open("rb") as file:
            data = file.read(limits.max_bytes + 1)
    except (OSError, ValueError) as error:
        raise MissingFileError(
            "the file cannot be read",
            where=str(path),
            found=getattr(error, "strerror", None) or "an impossible path",
            remedy="Check the path and the permissions.",
        ) from error
    if len(data) > limits.max_bytes:
        raise _too_large(path, len(data), limits)
    if not data:
        raise EmptyTableError(
            "the file is empty", where=str(path), found="0 bytes", remedy="Give a table with a header and rows."
        )
    return data


def _too_large(path: Path, size: int, limits: Limits) -> LimitError:
    return LimitError(
        "the file is too large",
        where=str(path),
        found=f"{size:,} bytes",
        expected=f"at most {limits.max_bytes:,} bytes",
        remedy="Give a sample of its rows.",
    )


def _refuse_foreign(path: Path, data: bytes) -> None:
    for magic, what in _FOREIGN.items():
        if data.startswith(magic):
            raise FormatError(
                "this is neither CSV nor Parquet",
                where=str(path),
                found=what,
                expected="a CSV or Parquet file",
                remedy="Unpack or export it as CSV or Parquet first.",
            )


def check_names(path: Path, names: Sequence[str], limits: Limits) -> None:
    """Refuse too many, empty or repeated column names.

    Raises:
        LimitError: When there are more than ``limits.max_columns``.
        HeaderError: When names are empty or occur twice.
    """
    if len(names) > limits.max_columns:
        raise LimitError(
            "the table has too many columns",
            where=str(path),
            found=f"{len(names):,} columns",
            expected=f"at most {limits.max_columns:,}",
            remedy="Drop columns before the audit.",
        )
    empty = [place for place, name in enumerate(names, start=1) if not name]
    if empty:
        raise HeaderError(
            "column names are empty",
            where=str(path),
            found="no name for column "
            + ", ".join(map(str, empty[:_SHOWN]))
            + (f" of {len(names)}" if len(empty) <= _SHOWN else ", …"),
            expected="a name for each column",
            remedy="Name them in the first line; a first column without a name is often a saved row index, so save without it.",
        )
    repeated = list(dict.fromkeys(name for name in names if names.count(name) > 1)) if len(set(names)) < len(names) else []
    if repeated:
        raise HeaderError(
            "column names occur more than once",
            where=str(path),
            found=", ".join(repr(name) for name in repeated[:_SHOWN]) + (", …" if len(repeated) > _SHOWN else ""),
            expected="a different name for each column",
            remedy="Rename or remove the repeated columns.",
        )


def _with_nulls(table: pa.Table, nulls: tuple[str, ...]) -> pa.Table:
    """Strip blanks around text and turn what reads as missing, and NaN, into nulls."""
    import pyarrow as pa

    from assaymark.tables.kernels import pc

    missing = pa.array(sorted({text.strip().lower() for text in nulls}), pa.string())
    columns = []
    for column in table.columns:
        clean = column
        if pa.types.is_string(column.type):
            clean = pc.utf8_trim_whitespace(column)
            clean = pc.if_else(pc.is_in(pc.utf8_lower(clean), value_set=missing), pa.scalar(None, pa.string()), clean)
        elif pa.types.is_floating(column.type):
            clean = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
        columns.append(clean)
    return pa.table(columns, names=table.column_names)
