"""The little DER that is ours, beside another implementation."""

from __future__ import annotations

import pytest
from asn1crypto.core import OctetString, SequenceOf
from hypothesis import given
from hypothesis import strategies as st

from assaymark.provenance.der import content_of, encoded, parts, with_sorted_certificates


class Octets(SequenceOf):
    _child_spec = OctetString


@given(st.lists(st.binary(max_size=400), max_size=8))
def test_sequences_are_those_of_asn1crypto(values):
    elements = [OctetString(value).dump() for value in values]
    whole = Octets(values).dump()
    assert encoded(0x30, b"".join(elements)) == whole
    assert content_of(whole) == b"".join(elements)
    assert parts(content_of(whole)) == elements


@given(st.binary(max_size=300))
def test_no_bytes_break_it(content):
    assert with_sorted_certificates(content) == content
    try:
        found = parts(content)
    except ValueError:
        return
    assert b"".join(found) == content


@pytest.mark.parametrize("content", [b"\x30", b"\x30\x81", b"\x30\x85\0\0\0\0\1\0", b"\x30\x81\x01\x00", b"\x30\x05\0"])
def test_what_is_not_in_its_one_form_is_refused(content):
    with pytest.raises(ValueError):
        parts(content)
