"""Read CSV bytes into string columns: DuckDB tells the dialect, Arrow parses, the standard library says what is wrong."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assaymark.errors import (
    AssaymarkError,
    EmptyTableError,
    EncodingError,
    FormatError,
    LimitError,
    RaggedRowError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa

    from assaymark.tables.limits import Limits

_DELIMITERS = (",", ";", "\t", "|")
_NO_DELIMITER = "\x1f"  # what no text has: a file of one column must not be cut at the commas in its cells
_END = b"\x1e"  # a record of its own, put behind the last one
_CHUNK = 16 * 2**20
_SAMPLE = 16_384
_HEADER = 65_536  # bytes that tell the separator
_QUOTED = re.compile(r'(?:(?<=[,;\t|])|^)"(?:[^"]|"")*"?')
_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV file separates, quotes and escapes; without ``escape`` a quote is doubled."""

    delimiter: str
    quote: str = '"'
    escape: str | None = None


def read_csv(path: Path, data: bytes, limits: Limits) -> pa.Table:
    """Parse the bytes of a CSV file; all columns are strings, cells as they stand.

    Raises:
        EncodingError: When the bytes are not UTF-8.
        FormatError: When they hold NUL bytes or an open quote.
        EmptyTableError: When there is no header.
        HeaderError: When column names are empty or occur twice.
        RaggedRowError: When a row has more or fewer fields than the header.
        LimitError: When a limit is exceeded.
    """
    from assaymark.tables.reading import check_names

    _check_text(path, data)
    body = data[3:] if data.startswith(codecs.BOM_UTF8) else data
    if not body.endswith((b"\n", b"\r")):
        body += b"\n"  # without it Arrow does not see a lone header
    if not body.strip():
        raise EmptyTableError("the file holds blanks only", where=str(path), remedy="Give a table with a header and rows.")
    dialect = _dialect(path, body)
    header = next(record for _, record in _records(path, body, dialect))
    names = [name.strip() for name in header]
    check_names(path, names, limits)
    table = _parse(path, body, dialect, len(names), limits)
    if body.count(dialect.quote.encode()) % 2:
        _refuse_open_quote(path, body, dialect)
    return table.slice(1).rename_columns(names)


def _check_text(path: Path, data: bytes) -> None:
    """Refuse bytes that are not UTF-8 text."""
    for mark, name in _MARKS.items():
        if data.startswith(mark):
            raise _encoding_error(path, 0, data, name)
    zero = data.find(b"\0")
    if zero >= 0:
        guess = _guess(data[:_SAMPLE])
        if guess.startswith(("UTF_16", "UTF_32")):
            raise _encoding_error(path, zero, data, guess)
        raise FormatError(
            "this is not a text file",
            where=f"{path}, byte {zero:,}",
            found="a NUL byte",
            expected="a CSV or Parquet file",
            remedy="Export the table as CSV or Parquet.",
        )
    decoder = codecs.getincrementaldecoder("utf-8")()
    done = 0
    for start in range(0, len(data), _CHUNK):
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(data[start : start + _CHUNK], final=start + _CHUNK >= len(data))
        except UnicodeDecodeError as error:
            raise _encoding_error(path, done - pending + error.start, data, None) from error
        done = start + _CHUNK


def _encoding_error(path: Path, offset: int, data: bytes, guess: str | None) -> EncodingError:
    line = data.count(b"\n", 0, offset) + 1
    guess = guess or _guess(data[max(0, offset - _SAMPLE // 2) : offset + _SAMPLE // 2])
    return EncodingError(
        "the file is not UTF-8",
        where=f"{path}, line {line:,}, byte {offset:,}",
        found=f"what looks like {guess}",
        expected="UTF-8",
        remedy=f"Save it as UTF-8, for example: iconv -f {guess.replace('_', '-')} -t UTF-8 OLD > NEW",
    )


def _guess(sample: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    return best.encoding.upper() if best else "an unknown encoding"


def _dialect(path: Path, body: bytes) -> Dialect:
    """Tell separator and quoting; a separator counts only if the header has it."""
    start = body[:_HEADER].decode(errors="ignore").lstrip("\r\n")
    outside = re.split(r"[\r\n]", _QUOTED.sub("", start), maxsplit=1)[0]
    present = [mark for mark in _DELIMITERS if mark in outside]
    plain = len(present) == 1 and b"'" not in body and b"\\" not in body
    sniffed = None if plain else _sniff(path)
    quote = "'" if sniffed and sniffed.quote == "'" else '"'
    escape = "\\" if sniffed and sniffed.escape == "\\" else None
    if not present:
        return Dialect(_NO_DELIMITER, quote, escape)
    if sniffed and sniffed.delimiter in present:
        return Dialect(sniffed.delimiter, quote, escape)
    return Dialect(max(present, key=outside.count), quote, escape)


def _sniff(path: Path) -> Dialect | None:
    """Ask DuckDB for the dialect; None when it cannot tell, as with ragged rows."""
    import duckdb

    # nothing is loaded from disk or network besides the named file; its name is no pattern
    settings: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "threads": "1",
    }
    pattern = re.sub(r"([*?\[])", r"[\1]", str(path.resolve()))
    query = "SELECT Delimiter, Quote, Escape FROM sniff_csv(?, compression = 'none')"
    with duckdb.connect(":memory:", config=settings) as connection:
        try:
            row = connection.execute(query, [pattern]).fetchone()
        except duckdb.Error:
            return None
    return Dialect(*row) if row else None


def _records(path: Path, body: bytes, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Yield the line on which each record starts, and its fields; blank lines are skipped."""
    reader = csv.reader(
        io.TextIOWrapper(io.BytesIO(body), encoding="utf-8", newline=""),
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        escapechar=dialect.escape,
        doublequote=dialect.escape is None,
    )
    line = 1
    while True:
        try:
            record = next(reader, None)
        except csv.Error as error:
            raise LimitError(
                "a field is too long",
                where=f"{path}, line {line:,}",
                found=f"more than {csv.field_size_limit():,} characters",
                remedy="Look for a quote that is never closed, or drop the column.",
            ) from error
        if record is None:
            return
        if record:
            yield line, record
        line = reader.line_num + 1


def _parse(path: Path, body: bytes, dialect: Dialect, width: int, limits: Limits) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    from assaymark.tables.kernels import pc

    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(body),
            read_options=arrow_csv.ReadOptions(autogenerate_column_names=True, block_size=_CHUNK),
            parse_options=arrow_csv.ParseOptions(
                delimiter=dialect.delimiter,
                quote_char=dialect.quote,
                double_quote=dialect.escape is None,
                escape_char=dialect.escape or False,
                newlines_in_values=True,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={f"f{place}": pa.string() for place in range(width)}, strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise _diagnose(path, body, dialect) from error
    for column in table.columns:
        longest = pc.max(pc.binary_length(column)).as_py() or 0
        if longest > limits.max_field:
            raise LimitError(
                "a field is too long",
                where=str(path),
                found=f"{longest:,} bytes",
                expected=f"at most {limits.max_field:,}",
                remedy="Look for a quote that is never closed, or drop the column.",
            )
    return table


def _diagnose(path: Path, body: bytes, dialect: Dialect) -> AssaymarkError:
    """Say why Arrow refused the file."""
    width = 0
    for line, record in _records(path, body, dialect):
        width = width or len(record)
        if len(record) != width:
            return RaggedRowError(
                "a row has another number of fields than the header",
                where=f"{path}, line {line:,}",
                found=f"{len(record):,} fields",
                expected=f"{width:,} fields",
                remedy="Quote fields that contain the separator, and complete rows that end early.",
            )
    return FormatError(
        "the rows cannot be told apart", where=str(path), remedy="Export the table again as plain CSV (RFC 4180)."
    )


def _refuse_open_quote(path: Path, body: bytes, dialect: Dialect) -> None:
    """Refuse a quote that is never closed: it would swallow the rows after it in silence."""
    *_, (line, record) = deque(_records(path, body + b"\n" + _END, dialect), maxlen=1)
    if record != [_END.decode()]:
        raise FormatError(
            "a quoted field is never closed",
            where=f"{path}, line {line:,}",
            expected=f"a closing {dialect.quote}",
            remedy="Close or remove the quote on that line.",
        )
