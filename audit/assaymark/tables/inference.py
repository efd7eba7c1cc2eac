"""Infer what the columns of a table are, from their distinct values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.errors import NotFiniteError
from assaymark.tables import identifiers, numerals
from assaymark.tables.datetimes import find_layout
from assaymark.tables.labels import distinct
from assaymark.tables.schema import Column, Kind, Schema

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from assaymark.tables.reading import RawTable

_MANY = 50  # distinct strings from which on a column may be free text
_TEXT_SHARE = 0.2  # of rows that differ, for free text
_TEXT_LENGTH = 25.0  # characters on average, for free text
_TEXT_WORDS = 3.0  # words on average, for free text


@dataclass(frozen=True, slots=True)
class _Values:
    """Distinct values of a column: ``codes`` hold each row's place among ``distinct``, -1 where missing."""

    name: str
    distinct: pa.Array
    codes: NDArray[np.int32]

    @property
    def present(self) -> int:
        return int(np.count_nonzero(self.codes >= 0))

    @property
    def uniqueness(self) -> float:
        """Distinct values a row that has one."""
        return len(self.distinct) / max(self.present, 1)


def infer_schema(raw: RawTable) -> Schema:
    """Infer kind, decimals and layout of each column; roles are assigned later.

    A column without any value is categorical, with no category. Digits behind a leading zero are categorical. Whole numbers
    are integer even when written with a point, unless beyond int64, where they are float. An identifier is what names a
    row: see `assaymark.tables.identifiers`.

    Raises:
        NotFiniteError: When a numeric column holds an infinite value.
    """
    return Schema(tuple(_infer(name, raw.arrow.column(name)) for name in raw.arrow.column_names))


def _infer(name: str, column: pa.ChunkedArray) -> Column:
    import pyarrow as pa

    if column.null_count == len(column):
        return Column(name, Kind.CATEGORICAL)
    if pa.types.is_boolean(column.type):
        return Column(name, Kind.BOOLEAN)
    if pa.types.is_timestamp(column.type):
        return Column(name, Kind.DATETIME)
    values = _Values(name, *distinct(column))
    if not pa.types.is_string(column.type):
        numbers = values.distinct.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        return _infer_number(values, numbers, whole=pa.types.is_integer(column.type))
    return _infer_text(values)


def _infer_text(values: _Values) -> Column:
    name, texts = values.name, values.distinct
    if numerals.matches(texts, r"^(?i:true|false)$").all():
        return Column(name, Kind.BOOLEAN)
    finite = numerals.matches(texts, numerals.NUMERAL)
    if finite.any() and (finite | numerals.matches(texts, numerals.INFINITE)).all():
        if numerals.matches(texts, numerals.CODE).any():
            return Column(name, Kind.IDENTIFIER if identifiers.names_rows(name, values.uniqueness) else Kind.CATEGORICAL)
        return _infer_number(values, numerals.parse_floats(texts), whole=numerals.exact_integers(texts) is not None)
    layout = find_layout(texts)
    if layout is not None:
        return Column(name, Kind.DATETIME, layout=layout)
    return Column(name, _kind_of_strings(values))


def _infer_number(values: _Values, numbers: NDArray[np.float64], *, whole: bool = False) -> Column:
    infinite = np.isinf(numbers)
    if infinite.any():
        row = int(np.flatnonzero(np.append(infinite, False)[values.codes])[0]) + 1
        raise NotFiniteError(
            "a numeric column holds an infinite value",
            where=f"column {values.name!r}, data row {row:,}",
            found="±inf",
            expected="finite numbers or missing values",
            remedy="Replace infinite values by missing ones or by a bound, or leave the column out with --drop.",
        )
    if not (whole or numerals.fits_int64(numbers).all()):
        return Column(values.name, Kind.FLOAT, decimals=numerals.decimals_of(numbers))
    if identifiers.numbers_rows(values.name, numbers, values.present):
        return Column(values.name, Kind.IDENTIFIER)
    return Column(values.name, Kind.INTEGER)


def _kind_of_strings(values: _Values) -> Kind:
    from assaymark.tables.kernels import pc

    texts = values.distinct
    if identifiers.look_unique(texts):
        return Kind.IDENTIFIER
    length = pc.mean(pc.utf8_length(texts)).as_py()
    words = 1.0 + pc.mean(pc.count_substring_regex(texts, r"\S\s+\S")).as_py()
    is_long = length >= _TEXT_LENGTH and words >= _TEXT_WORDS
    if is_long and len(texts) >= _MANY and values.uniqueness >= _TEXT_SHARE:
        return Kind.TEXT
    if identifiers.names_rows(values.name, values.uniqueness) or identifiers.mostly_differ(len(texts), values.uniqueness):
        return Kind.IDENTIFIER
    return Kind.CATEGORICAL
