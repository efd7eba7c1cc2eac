"""What rows are asked to be: values of categories, numbers and dates, as a user or a program writes them."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assaymark.errors import ConditionError
from assaymark.tables.schema import Column, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCALED = frozenset({Kind.INTEGER, Kind.FLOAT, Kind.DATETIME})


@dataclass(frozen=True, slots=True)
class Given:
    """Conditions, as a generator is to keep to them.

    Attributes:
        codes: (code column, code) pairs that hold in exactly the rows that are asked for, or, of a number, in those near it.
        scores: (number column, score) pairs that hold there too.
        exact: The number that a column has in every row, where its code or score says only about what it is.
        share: Share of all rows that have about those scores, 1 without any.
    """

    codes: tuple[tuple[int, int], ...]
    scores: tuple[tuple[int, float], ...]
    exact: Mapping[str, float]
    share: float = 1.0


def is_scaled(column: Column) -> bool:
    """Return whether values of a column lie on a scale: numbers and dates."""
    return column.kind in _SCALED


def as_number(column: Column, value: Any) -> float:
    """Return a condition on a number or a date as a number; dates in microseconds since 1970-01-01.

    Raises:
        ConditionError: When it is none, or not of the column's kind.
    """
    number = _moment(column, value) if column.kind is Kind.DATETIME else _number(value)
    if number is None or (column.kind is Kind.INTEGER and not number.is_integer()):
        kinds = {Kind.INTEGER: "a whole number", Kind.DATETIME: f"a date, as {column.layout or '%Y-%m-%d'} or in ISO 8601"}
        raise ConditionError(
            "the value of a condition cannot be read",
            where=column.name,
            found=str(value)[:100],
            expected=kinds.get(column.kind, "a number"),
            remedy="Correct it.",
        )
    return number


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _moment(column: Column, value: Any) -> float | None:
    if isinstance(value, dt.datetime | dt.date):
        value = value.isoformat()
    text = str(value).strip()
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return _in_layout(text, column.layout)
    zone = dt.UTC if moment.tzinfo is None else moment.tzinfo
    return float((moment.replace(tzinfo=zone) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1))


def _in_layout(text: str, layout: str | None) -> float | None:
    import pyarrow as pa

    from assaymark.tables.datetimes import parse_datetimes

    found = None if layout is None else parse_datetimes(pa.array([text]), layout)
    return None if found is None else float(found.cast(pa.int64())[0].as_py())


def no_such(column: Column, value: Any, expected: str, common: int) -> ConditionError:
    """Return the error for a value that too few rows have, or have about."""
    return ConditionError(
        "the column has no such category" if not is_scaled(column) else "the column has no such value, or too few rows near it",
        where=column.name,
        found=str(value)[:100],
        expected=expected,
        remedy=f"Name a value that at least {common} rows hold" + (" or lie around." if is_scaled(column) else "."),
    )
