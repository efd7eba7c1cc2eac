"""Canonical labels: one text for one meaning, so that ``1``, ``1.0`` and ``"1"`` are the same value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

_WHOLE_LIMIT = 2**53  # beyond it float64 cannot tell neighbouring integers apart
_TRUTH = {"true": "True", "false": "False"}
_NUMERAL = re.compile(r"[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def canonical(value: Any) -> str:
    """Return the canonical label of one value.

    Numerals in ASCII digits become the shortest text of their number. Digits behind a leading zero (``007``, ``01234``) are
    a code and not a number, and stay as they are, as do hexadecimal numerals, ``nan`` and ``inf``.

    >>> canonical(1), canonical(1.0), canonical("1.0"), canonical(" >50K "), canonical("TRUE"), canonical(2.50)
    ('1', '1', '1', '>50K', 'True', '2.5')
    """
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    text = str(value).strip()
    if text.lower() in _TRUTH:
        return _TRUTH[text.lower()]
    if not _NUMERAL.fullmatch(text):
        return text
    try:
        return str(int(text))
    except ValueError:  # a fraction, an exponent, or more digits than Python converts
        number = float(text)
    if abs(number) < _WHOLE_LIMIT and number == int(number):
        return str(int(number))
    return repr(number) if np.isfinite(number) else text


def encode_labels(column: pa.ChunkedArray) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Return codes, -1 where missing, and the sorted canonical labels that occur."""
    values, codes = distinct(column)
    raw = [canonical(value) for value in values.to_pylist()]
    labels = sorted(set(raw))
    place = {label: code for code, label in enumerate(labels)}
    lookup = np.array([*(place[label] for label in raw), -1], dtype=np.int32)
    return lookup[codes], tuple(labels)


def distinct(column: pa.ChunkedArray) -> tuple[pa.Array, NDArray[np.int32]]:
    """Return the distinct values of a column, and the place of each row's value among them, -1 where missing."""
    import pyarrow as pa

    whole = column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):  # what older Arrow returns
        whole = whole.chunk(0) if whole.num_chunks else pa.array([], column.type)
    encoded = whole if pa.types.is_dictionary(whole.type) else whole.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return encoded.dictionary, codes.astype(np.int32, copy=False)


def to_labels(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of any type as strings, each value its canonical label."""
    import pyarrow as pa

    values, codes = distinct(column)
    texts = pa.array([canonical(value) for value in values.to_pylist()], pa.string())
    places = pa.array(codes, mask=codes < 0)
    return pa.chunked_array([texts.take(places)], pa.string())
