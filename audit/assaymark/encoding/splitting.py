"""Columns of very many categories as several code columns of few, as a numeral has several digits.

A network then needs no input and no output for each of, say, 10,000 categories, but 100 for each of two digits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.encoding.columns import Codec
    from assaymark.tables.table import Table

    Codes = NDArray[np.int32]

_FEWEST, _MOST = 2, 256  # codes of a column that categories can be sorted by


@dataclass(frozen=True, slots=True)
class Split:
    """How the codes of one column become digits.

    Attributes:
        places: Place of each code in the numbering that the digits stand for, shape (codes,).
        bases: Number of values of each digit, the first counts most.
    """

    places: NDArray[np.int64]
    bases: tuple[int, ...]

    def digits(self, codes: Codes) -> tuple[Codes, ...]:
        """Return one array a digit, shape (rows,) each."""
        return tuple(np.asarray(d, dtype=np.int32) for d in np.unravel_index(self.places[codes], self.bases))

    def joined(self, digits: Sequence[Codes]) -> Codes:
        """Return the codes of digits; a combination beyond the last code stands for the last one."""
        order = np.argsort(self.places, kind="stable").astype(np.int32)
        place = np.ravel_multi_index([np.asarray(d, dtype=np.int64) for d in digits], self.bases)
        return order[np.minimum(place, len(order) - 1)]

    def document(self) -> dict[str, Any]:
        """Return the JSON-ready form."""
        return {"places": self.places.tolist(), "bases": list(self.bases)}


def read_split(document: Any, codec: Codec) -> Split | None:
    """Return what :meth:`Split.document` wrote, or None for None.

    Raises:
        ValueError: When it does not have that form or does not fit the column.
    """
    if document is None:
        return None
    places, bases = np.array(document["places"], dtype=np.int64), tuple(int(base) for base in document["bases"])
    if not np.array_equal(np.sort(places), np.arange(codec.cardinality)) or math.prod(bases) < len(places) or min(bases) < 1:
        raise ValueError("malformed split")
    return Split(places, bases)


def fit_splits(table: Table, codecs: Sequence[Codec], widest: int | None) -> tuple[Split | None, ...]:
    """Return how each column is split; None for one with at most ``widest`` codes."""
    if widest is None or all(codec.cardinality <= widest for codec in codecs):
        return (None,) * len(codecs)
    rng = np.random.Generator(np.random.PCG64(0))  # encoding codes needs none
    keys = [
        (codec, codes)
        for codec in codecs
        if _FEWEST <= codec.cardinality <= _MOST and (codes := codec.encode(table, rng).codes) is not None
    ]
    return tuple(_split(table, codec, keys, widest) if codec.cardinality > widest else None for codec in codecs)


def _split(table: Table, codec: Codec, keys: Sequence[tuple[Codec, Codes]], widest: int) -> Split:
    codes = codec.encode(table, np.random.Generator(np.random.PCG64(0))).codes
    if codes is None:
        raise ValueError("a column without codes cannot be split")
    digits = max(2, math.ceil(math.log(codec.cardinality) / math.log(widest)))
    base = math.ceil(codec.cardinality ** (1 / digits) - 1e-9)
    first = math.ceil(codec.cardinality / base ** (digits - 1))
    order = np.lexsort((-np.bincount(codes, minlength=codec.cardinality), _neighbourhood(codec, codes, keys)))
    places = np.empty(codec.cardinality, dtype=np.int64)
    places[order] = np.arange(codec.cardinality)
    return Split(places, (first, *(base,) * (digits - 1)))


def _neighbourhood(codec: Codec, codes: Codes, keys: Sequence[tuple[Codec, Codes]]) -> NDArray[np.int64]:
    """Return, for each code, the value of another column that it mostly comes with: of the column that tells most about it.

    Categories that share it get equal first digits, so that a city's first digit says in which country it is.
    """
    best, found = 0.0, np.zeros(codec.cardinality, dtype=np.int64)
    for key, values in keys:
        flat = codes.astype(np.int64) * key.cardinality + values
        table = np.bincount(flat, minlength=codec.cardinality * key.cardinality).reshape(codec.cardinality, -1)
        n, outer = table.sum(), np.outer(table.sum(axis=1), table.sum(axis=0))
        seen = table > 0
        told = float((table[seen] * np.log(table[seen] * n / outer[seen])).sum() / n)
        told -= (codec.cardinality - 1) * (key.cardinality - 1) / (2 * n)  # what chance would tell
        if told > best:
            best, found = told, table.argmax(axis=1)
    return found
