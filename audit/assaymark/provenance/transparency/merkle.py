"""Merkle trees as certificate transparency shapes them: hashes, proofs, and their verification.

Source: RFC 9162 sections 2.1.1 (tree), 2.1.3 (inclusion) and 2.1.4 (consistency); RFC 6962 has the same hashes.

A tree is kept as its complete subtrees: node (level, position) covers ``1 << level`` leaves from ``position << level`` on. No
such node ever changes, so a tree grows by adding nodes, and every hash of a proof is made of a few of them.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

EMPTY = hashlib.sha256(b"").digest()


class Nodes(Protocol):
    """Gives the hash of a complete subtree."""

    def __call__(self, level: int, position: int) -> bytes:
        """Return the hash over the leaves ``position << level`` to ``(position + 1) << level``."""
        ...


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def completed(nodes: Nodes, index: int, leaf: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield level, position and hash of every subtree that becomes complete with a new leaf, the leaf first."""
    level, position, value = 0, index, leaf
    yield level, position, value
    while position % 2:
        value = node_hash(nodes(level, position - 1), value)
        level, position = level + 1, position // 2
        yield level, position, value


def root(nodes: Nodes, size: int) -> bytes:
    """Return the root hash of the first ``size`` leaves."""
    return _hash(nodes, 0, size) if size else EMPTY


def _split(size: int) -> int:
    """Return the largest power of two below a size of at least two."""
    return 1 << (size - 1).bit_length() - 1


def _hash(nodes: Nodes, start: int, end: int) -> bytes:
    size = end - start
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return nodes(level, start >> level)
    middle = start + _split(size)
    return node_hash(_hash(nodes, start, middle), _hash(nodes, middle, end))


def inclusion_path(nodes: Nodes, index: int, size: int) -> list[bytes]:
    """Return the hashes that lead from a leaf to the root of the first ``size`` leaves.

    Raises:
        ValueError: When there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} of {size}")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_hash(nodes, middle, end))
            end = middle
        else:
            path.append(_hash(nodes, start, middle))
            start = middle
    return path[::-1]


def consistency_path(nodes: Nodes, first: int, second: int) -> list[bytes]:
    """Return the hashes that show that the first ``second`` leaves begin with the first ``first``.

    Raises:
        ValueError: When ``first`` is no size from 1 to ``second``.
    """
    if not 0 < first <= second:
        raise ValueError(f"from {first} to {second} leaves")
    path: list[bytes] = []
    start, end, whole = 0, second, True
    while first < end:
        middle = start + _split(end - start)
        if first <= middle:
            path.append(_hash(nodes, middle, end))
            end = middle
        else:
            path.append(_hash(nodes, start, middle))
            start, whole = middle, False
    return ([] if whole else [_hash(nodes, start, end)]) + path[::-1]


def includes(leaf: bytes, index: int, size: int, path: Sequence[bytes], top: bytes) -> bool:
    """Return whether a path leads from a leaf to a root (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, value = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if place % 2 or place == last:
            value = node_hash(step, value)
            while place % 2 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            value = node_hash(value, step)
        place, last = place >> 1, last >> 1
    return last == 0 and value == top


def consistent(first: int, first_root: bytes, second: int, second_root: bytes, path: Sequence[bytes]) -> bool:
    """Return whether a path shows that one tree extends another (RFC 9162 section 2.1.4.2)."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not path and first_root == second_root
    steps = [first_root, *path] if first & (first - 1) == 0 else list(path)
    if not steps:
        return False
    place, last = first - 1, second - 1
    while place % 2:
        place, last = place >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place % 2 or place == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while place % 2 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, step)
        place, last = place >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root
