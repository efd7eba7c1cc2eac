"""Tell columns that name rows from columns that describe them.

A generator must not learn an identifier, and must not lose a measure such as a weight or an income because its values
happen to differ. So whole numbers need more than being unique: a name that says so, or an unbroken run from 0 or 1, as a
row number makes. (A run from elsewhere may well be the ages of a small table.)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from assaymark.tables import numerals

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

_UNIQUE = 0.999  # distinct values a row, from which on a column counts as unique
_MOSTLY = 0.5  # the same, for strings that differ from row to row, and for names that say id
_FEW = 20  # rows below which being unique says little
_MANY = 100  # distinct strings from which on most rows differing says much

_STRONG = frozenset({"id", "ids", "uuid", "guid", "ssn", "mrn", "email"})
_WEAK = frozenset(
    {"key", "nr", "no", "nbr", "num", "number", "index", "idx", "pk", "sk", "serial", "unnamed", "rowid", "recno"}
)
_OWNERS = (
    "account|acct|case|claim|client|customer|cust|employee|loan|member|order|passenger|patient|person|policy|record|row|student"
)
_JOINED = re.compile(rf"({_OWNERS}|transaction|user)(id|no|nr|key)")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

_UUID = r"^\{?[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\}?$"
_EMAIL = r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$"


def _says_id(name: str, words: frozenset[str]) -> bool:
    parts = [word.lower() for word in _WORD.findall(name)]
    return any(part in words or _JOINED.fullmatch(part) for part in parts)


def names_rows(name: str, uniqueness: float) -> bool:
    """Return whether a column's name says that it identifies rows, and its values differ enough for that."""
    return (uniqueness >= _MOSTLY and _says_id(name, _STRONG)) or (uniqueness >= _UNIQUE and _says_id(name, _STRONG | _WEAK))


def numbers_rows(name: str, distinct: NDArray[np.float64], rows: int) -> bool:
    """Return whether whole numbers identify rows: unique, and named so or an unbroken run from 0 or 1.

    Args:
        name: Name of the column.
        distinct: Its distinct values, shape (k,).
        rows: Rows that have a value.
    """
    if len(distinct) < _UNIQUE * rows:
        return False
    if _says_id(name, _STRONG | _WEAK):
        return True
    return len(distinct) == rows >= _FEW and distinct.min() in {0, 1} and float(np.ptp(distinct)) == rows - 1


def look_unique(texts: pa.Array) -> bool:
    """Return whether all strings are UUIDs or e-mail addresses."""
    return bool(numerals.matches(texts, _UUID).all() or numerals.matches(texts, _EMAIL).all())


def mostly_differ(distinct: int, uniqueness: float) -> bool:
    """Return whether short strings are so many that each tells its row: names, ticket numbers, addresses."""
    return (distinct >= _FEW and uniqueness >= _UNIQUE) or (distinct >= _MANY and uniqueness >= _MOSTLY)
