"""Changes that keep most of a good input, so that a parser gets far into it: of bytes, and of the values of a JSON document."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

TOKENS = [
    b"[", b"]", b"{", b"}", b",", b":", b'"', b"\\", b"0", b"-1", b"1e999", b"9" * 400, b"NaN", b"null", b"true", b"\0",
    b"\xff", b"\xed\xa0\x80", b"=", b"\n", b"[[", b"'''", b"jumb", b"jumd", b"cbor", b"\x00\x00\x00\x08", b"\xff\xff\xff\xff",
    b"\xd8\x12", b"\x9f\xff", b"\xbf\xff", b"\xf9\x7e\x00", b"\x5f", b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff",
    b"-----BEGIN X-----\n",
]  # fmt: skip
ODD: list[Any] = [
    None, True, False, 0, -1, 1, 2**31, 2**53, 2**63, 2**64, -(2**63), 10**299, 0.5, -0.0, 1e308, 5e-324, "", "x", "\0",
    "\x1b[2J", "\ud7ff\ue000", "9" * 400, "../x", "_pooled", [], {}, [[]], [None], [1, 2], {"a": 1}, {"": {}}, ["x"] * 50,
]  # fmt: skip


def bytes_of(good: bytes, seed: int) -> bytes:
    """Return good bytes with a few places changed."""
    rng = random.Random(seed)
    content = bytearray(good)
    for _ in range(rng.randint(1, 6)):
        place, size = rng.randrange(len(content) + 1), rng.choice([1, 1, 2, 8, 64, 1024])
        other = rng.randrange(len(content) + 1)
        content[place : place + rng.choice([0, 1, size])] = rng.choice(
            [b"", rng.choice(TOKENS), rng.randbytes(size), content[other : other + size], rng.choice(TOKENS) * size]
        )
    return bytes(content)


def document_of(good: Any, seed: int) -> Any:
    """Return a JSON document with one to three of its values exchanged, taken out or repeated."""
    rng, document = random.Random(seed), copy.deepcopy(good)
    for _ in range(rng.randint(1, 3)):
        holder, key = _somewhere(document, rng)
        if holder is None:
            return rng.choice(ODD)
        what = rng.randrange(4)
        if what == 0:
            del holder[key]
        elif what == 1 and isinstance(holder, list):
            holder.insert(rng.randrange(len(holder) + 1), copy.deepcopy(holder[key]))
        elif what == 2:
            other, place = _somewhere(document, rng)
            holder[key] = copy.deepcopy(other[place]) if other is not None else None
        else:
            holder[key] = copy.deepcopy(rng.choice(ODD))
    return document


def _somewhere(document: Any, rng: random.Random) -> tuple[Any, Any]:
    """Walk down to a random value; return what holds it, and its key."""
    holder, key, value = None, None, document
    while isinstance(value, (dict, list)) and value and (holder is None or rng.random() < 0.8):
        holder = value
        key = rng.choice(list(value)) if isinstance(value, dict) else rng.randrange(len(value))
        value = value[key]
    return holder, key


def json_of(good: bytes, seed: int) -> bytes:
    """Return the bytes of a good document with values changed."""
    return json.dumps(document_of(json.loads(good), seed)).encode()
