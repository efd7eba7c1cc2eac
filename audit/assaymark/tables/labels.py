"""Canonical labels: one text for one meaning, so that ``1``, ``1.0`` and ``"1"`` are the same value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

_WHOLE_LIMIT = 2**53  # beyond it float64 cannot tell neighbouring integers apart
_TRUTH = {"true": "True", "false": "False"}


def canonical(value: Any) -> str:
    """Return the canonical label of one value.

    >>> canonical(1), canonical(1.0), canonical("1.0"), canonical(" >50K "), canonical("TRUE"), canonical(2.50)
    ('1', '1', '1', '>50K', 'True', '2.5')
    """
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    text = str(value).strip()
    if text.lower() in _TRUTH:
        return _TRUTH[text.lower()]
    if not text or text[0] not in "+-.0123456789" or "_" in text:
        return text
    try:
        return str(int(text))
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return text
    if number == int(number) if abs(number) < _WHOLE_LIMIT else False:
        return str(int(number))
    return repr(number) if np.isfinite(number) else text


def encode_labels(column: pa.ChunkedArray) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Return codes, -1 where missing, and the sorted canonical labels that occur."""
    import pyarrow as pa

    encoded = column.dictionary_encode().combine_chunks() if column.num_chunks != 1 else column.chunk(0).dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.chunk(0) if encoded.num_chunks else pa.array([], pa.string()).dictionary_encode()
    raw = [canonical(value) for value in encoded.dictionary.to_pylist()]
    labels = sorted(set(raw))
    place = {label: code for code, label in enumerate(labels)}
    lookup = np.array([*(place[label] for label in raw), -1], dtype=np.int32)
    codes = encoded.indices.fill_null(len(raw)).to_numpy(zero_copy_only=False)
    return lookup[codes], tuple(labels)
