"""Canonical labels."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assaymark.tables.labels import canonical, distinct, encode_labels, to_labels


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (1, "1"),
        (1.0, "1"),
        ("1.0", "1"),
        ("+1", "1"),
        ("-0", "0"),
        (-0.0, "0"),
        ("1e5", "100000"),
        ("2.50", "2.5"),
        (".5", "0.5"),
        (np.int64(3), "3"),
        (np.float64(0.1), "0.1"),
        (True, "True"),
        (np.bool_(False), "False"),
        ("TRUE", "True"),
        (" >50K ", ">50K"),
        ("", ""),
        ("nan", "nan"),
        (float("nan"), "nan"),
        ("inf", "inf"),
        ("1e999", "1e999"),
        ("0x10", "0x10"),
        ("\u0661", "\u0661"),
        ("1\u0661", "1\u0661"),
        ("1_000", "1_000"),
        ("007", "007"),
        ("01234", "01234"),
        ("0", "0"),
        ("0.50", "0.5"),
        ("-", "-"),
        ("1-2", "1-2"),
        ("9" * 5000, "9" * 5000),
        (2**60 + 1, str(2**60 + 1)),
    ],
)
def test_canonical(value, label):
    assert canonical(value) == label


@given(st.text())
def test_canonical_is_idempotent(text):
    assert canonical(canonical(text)) == canonical(text)


@given(st.integers(-(2**53) + 1, 2**53 - 1))
def test_integer_float_and_text_agree(value):
    assert canonical(value) == canonical(float(value)) == canonical(str(value)) == str(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_keep_their_value(value):
    assert float(canonical(value)) == value


@pytest.mark.parametrize(
    "column",
    [
        pa.chunked_array([], pa.string()),
        pa.chunked_array([pa.array([], pa.string())]),
        pa.chunked_array([pa.array(["b", None, "a"]), pa.array(["a", "1.0", "1"])]),
        pa.chunked_array([pa.array(["b", None]).dictionary_encode(), pa.array(["a"]).dictionary_encode()]),
        pa.chunked_array([pa.array([True, None, False])]),
        pa.chunked_array([pa.array([1.0, 2.5, None])]),
        pa.chunked_array([pa.nulls(3, pa.string())]),
    ],
)
def test_codes_and_labels_rebuild_the_column(column):
    codes, labels = encode_labels(column)
    wanted = [None if value is None else canonical(value) for value in column.to_pylist()]
    assert [labels[code] if code >= 0 else None for code in codes] == wanted
    assert list(labels) == sorted(set(wanted) - {None})
    assert codes.dtype == np.int32
    assert to_labels(column).to_pylist() == wanted


def test_distinct_values():
    values, codes = distinct(pa.chunked_array([["x", None], ["y", "x"]]))
    assert values.to_pylist() == ["x", "y"]
    assert codes.tolist() == [0, -1, 1, 0]
