"""Trees, paths and their verification: against the definitions of RFC 9162, and the reference's vectors."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assaymark.provenance.transparency import merkle

SIZES = range(1, 65)

# inputs, roots and paths of certificate-transparency's own merkle_tree_test.cc
INPUTS = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                                           "606162636465666768696a6b6c6d6e6f")]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
_96A2 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
_5F08 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
_6B47 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
_BC1A = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
_CA85 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
_0EBC = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
INCLUSION = [(0, 1, []), (0, 8, [_96A2, _5F08, _6B47]), (5, 8, [_BC1A, _CA85, ROOTS[3]]), (2, 3, [ROOTS[1]]),
             (1, 5, [ROOTS[0], _5F08, _BC1A])]  # fmt: skip
CONSISTENCY = [(1, 1, []), (1, 8, [_96A2, _5F08, _6B47]), (6, 8, [_0EBC, _CA85, ROOTS[3]]), (2, 5, [_5F08, _BC1A])]


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def split(size: int) -> int:
    """The largest power of two smaller than a size."""
    return max(2**power for power in range(10) if 2**power < size)


@cache
def tree_hash(leaves: tuple[bytes, ...]) -> bytes:
    """MTH of RFC 9162 section 2.1.1."""
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return sha(b"\x00" + leaves[0])
    k = split(len(leaves))
    return sha(b"\x01" + tree_hash(leaves[:k]) + tree_hash(leaves[k:]))


def path(m: int, leaves: tuple[bytes, ...]) -> list[bytes]:
    """PATH of section 2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), tree_hash(leaves[k:])]
    return [*path(m - k, leaves[k:]), tree_hash(leaves[:k])]


def subproof(m: int, leaves: tuple[bytes, ...], whole: bool) -> list[bytes]:
    """SUBPROOF of section 2.1.4.1."""
    if m == len(leaves):
        return [] if whole else [tree_hash(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole), tree_hash(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), tree_hash(leaves[:k])]


def grown(leaves: Sequence[bytes]):
    """The nodes of a tree that grew leaf by leaf, as a log keeps them."""
    nodes: dict[tuple[int, int], bytes] = {}

    def node(level: int, position: int) -> bytes:
        return nodes[level, position]

    for index, leaf in enumerate(leaves):
        for level, position, value in merkle.completed(node, index, merkle.leaf_hash(leaf)):
            assert (level, position) not in nodes
            nodes[level, position] = value
    return node


LEAVES = tuple(f"leaf {number}".encode() for number in SIZES)


def test_the_roots_of_the_reference():
    node = grown(INPUTS)
    assert merkle.root(node, 0).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert [merkle.root(node, size).hex() for size in range(1, 9)] == ROOTS


@pytest.mark.parametrize(("index", "size", "steps"), INCLUSION)
def test_the_inclusion_paths_of_the_reference(index, size, steps):
    found = merkle.inclusion_path(grown(INPUTS), index, size)
    assert [step.hex() for step in found] == steps
    assert merkle.includes(merkle.leaf_hash(INPUTS[index]), index, size, found, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("first", "second", "steps"), CONSISTENCY)
def test_the_consistency_paths_of_the_reference(first, second, steps):
    found = merkle.consistency_path(grown(INPUTS), first, second)
    assert [step.hex() for step in found] == steps
    old, new = (bytes.fromhex(ROOTS[size - 1]) for size in (first, second))
    assert merkle.consistent(first, old, second, new, found)


def test_every_leaf_of_every_size_to_64_has_the_path_of_the_definition_and_no_other():
    node = grown(LEAVES)
    for size in SIZES:
        top = tree_hash(LEAVES[:size])
        assert merkle.root(node, size) == top
        for index in range(size):
            steps = merkle.inclusion_path(node, index, size)
            assert steps == path(index, LEAVES[:size])
            assert merkle.includes(merkle.leaf_hash(LEAVES[index]), index, size, steps, top)
            for wrong in {0, size // 2, size - 1, size, index ^ 1} - {index}:
                assert not merkle.includes(merkle.leaf_hash(LEAVES[index]), wrong, size, steps, top)


def test_every_pair_of_sizes_to_64_has_the_consistency_path_of_the_definition():
    node = grown(LEAVES)
    tops = {size: merkle.root(node, size) for size in SIZES}
    for second in SIZES:
        for first in range(1, second + 1):
            steps = merkle.consistency_path(node, first, second)
            assert steps == subproof(first, LEAVES[:second], True)
            assert merkle.consistent(first, tops[first], second, tops[second], steps)
            other = first % second + 1
            if other != first:
                assert not merkle.consistent(other, tops[other], second, tops[second], steps)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 3), (7, 3)])
def test_there_is_no_path_for_a_leaf_that_is_not_there(index, size):
    with pytest.raises(ValueError):
        merkle.inclusion_path(grown(INPUTS), index, size)
    with pytest.raises(ValueError):
        merkle.consistency_path(grown(INPUTS), size + 1, size)
    with pytest.raises(ValueError):
        merkle.consistency_path(grown(INPUTS), 0, size)


hashes = st.binary(min_size=32, max_size=32)


def changed(draw, steps: list[bytes]) -> list[bytes]:
    """Another path: one step more, less, swapped or changed."""
    kinds = ["more"] + (["less", "change"] if steps else []) + (["swap"] if len(set(steps)) > 1 else [])
    kind, place = draw(st.sampled_from(kinds)), draw(st.integers(0, max(len(steps) - 1, 0)))
    other = list(steps)
    if kind == "more":
        other.insert(place, draw(hashes))
    elif kind == "less":
        other.pop(place)
    elif kind == "change":
        other[place] = bytes([other[place][0] ^ draw(st.integers(1, 255)), *other[place][1:]])
    else:
        other = other[1:] + other[:1] if other[1:] + other[:1] != other else other[::-1]
    return other


@given(st.data())
def test_a_changed_path_proves_nothing(data):
    leaves = data.draw(st.lists(st.binary(max_size=8), min_size=2, max_size=64, unique=True))
    node, size = grown(leaves), len(leaves)
    index, first = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    steps = merkle.inclusion_path(node, index, size)
    leaf, top = merkle.leaf_hash(leaves[index]), merkle.root(node, size)
    assert merkle.includes(leaf, index, size, steps, top)
    assert not merkle.includes(leaf, index, size, changed(data.draw, steps), top)
    assert not merkle.includes(merkle.leaf_hash(leaves[index] + b"x"), index, size, steps, top)
    steps = merkle.consistency_path(node, first, size)
    assert merkle.consistent(first, merkle.root(node, first), size, top, steps)
    assert not merkle.consistent(first, merkle.root(node, first), size, top, changed(data.draw, steps))
    assert not merkle.consistent(first, merkle.leaf_hash(b"other"), size, top, steps)


@given(st.integers(-2, 70), st.integers(-2, 70), st.lists(hashes, max_size=9), hashes, hashes)
def test_a_made_up_path_proves_nothing(first, second, steps, one, other):
    assert not merkle.includes(one, first, second, steps, other) or (first, second, steps) == (0, 1, [])
    assert not merkle.consistent(first, one, second, other, steps) or one == other
