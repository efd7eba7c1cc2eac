"""JSON that could be read in two ways, or that is too much, is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assaymark.errors import ReleaseError
from assaymark.provenance.strict_json import loads_strict

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON)
def test_plain_json_is_read_as_it_is(value):
    import json

    assert loads_strict(json.dumps(value).encode(), max_bytes=1_000_000) == value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"{} {}",
        b'{"a": 1, "a": 1}',
        b'{"a": {"b": 1, "b": 2}}',
        b'{"a": 1, "\\u0061": 2}',
        b"NaN",
        b"[Infinity]",
        b"[-Infinity]",
        b"[1e999]",
        b"[" + b"9" * 5000 + b"]",
        b"\xff",
        b'"\xed\xa0\x80"',
        b"\xef\xbb\xbf{}",
        b"{}".decode().encode("utf-16"),
        b"[" * 65 + b"]" * 65,
        b"[" * 1_000_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    ],
)
def test_ambiguous_or_hostile_json_is_refused(data):
    with pytest.raises(ReleaseError):
        loads_strict(data, max_bytes=10_000_000)


def test_limits_are_exact():
    deepest = b"[" * 64 + b"]" * 64
    assert loads_strict(deepest, max_bytes=128)
    with pytest.raises(ReleaseError) as caught:
        loads_strict(deepest, max_bytes=127, where="release.json")
    assert (caught.value.where, caught.value.expected) == ("release.json", "at most 127 bytes")


def test_brackets_in_text_are_no_levels():
    assert loads_strict(b'"' + b"[" * 1000 + b'"', max_bytes=2000) == "[" * 1000
