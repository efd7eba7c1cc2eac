"""Numbers in text: which strings are numerals, what they are worth, and how many decimals they need."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

NUMERAL = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
INFINITE = r"^[+-]?(?i:inf|infinity)$"
CODE = r"^[+-]?0[0-9]+$"
"""Digits behind a leading zero: a postal code, say, and no number."""

_DIGITS = r"^[+-]?[0-9]+$"

MAX_DECIMALS = 8
_WHOLE_LIMIT = 2**53


def matches(texts: pa.Array, pattern: str) -> NDArray[np.bool_]:
    """Return for each string, shape (n,), whether ``pattern`` matches; nulls do not."""
    from assaymark.tables.kernels import pc

    hits = pc.fill_null(pc.match_substring_regex(texts, pattern), fill_value=False)
    flags: NDArray[np.bool_] = hits.to_numpy(zero_copy_only=False)
    return flags


def parse_floats(texts: pa.Array) -> NDArray[np.float64]:
    """Return the numbers that strings stand for, shape (n,); NaN for null and for what is no numeral."""
    import numpy as np
    import pyarrow as pa

    from assaymark.tables.kernels import pc

    good = matches(texts, NUMERAL) | matches(texts, INFINITE)
    plain = pc.replace_substring_regex(pc.if_else(pa.array(good), texts, None), r"^\+", "")
    values: NDArray[np.float64] = plain.cast(pa.float64()).to_numpy(zero_copy_only=False).astype("float64")
    return np.where(good, values, np.nan)


def exact_integers(texts: pa.Array) -> pa.Array | None:
    """Return strings of digits as int64, exact beyond 2**53 too; None when one has a point or an exponent, or is too long."""
    import pyarrow as pa

    from assaymark.tables.kernels import pc

    if not (matches(texts, _DIGITS) | pc.is_null(texts).to_numpy(zero_copy_only=False)).all():
        return None
    try:
        return pc.replace_substring_regex(texts, r"^\+", "").cast(pa.int64())
    except pa.ArrowInvalid:
        return None


def fits_int64(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return for each number whether it is whole and an int64 can hold it."""
    import numpy as np

    with np.errstate(invalid="ignore"):
        return np.asarray(np.isfinite(values) & (values == np.trunc(values)) & (np.abs(values) < 2.0**63))


def decimals_of(values: NDArray[np.float64]) -> int | None:
    """Return the least number of digits behind the point that all finite values fit in; None when more than 8."""
    import numpy as np

    finite = values[np.isfinite(values)]
    if np.any(np.abs(finite) >= _WHOLE_LIMIT):
        return None
    left = finite
    for digits in range(MAX_DECIMALS + 1):
        left = left[np.round(left, digits) != left]
        if not left.size:
            return digits
    return None
