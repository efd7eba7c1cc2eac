"""Groups of a protected column, and the outcome of the target, as codes."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from assaymark.errors import OptionError
from assaymark.tables.labels import canonical

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.tables.schema import Column, Schema
    from assaymark.tables.table import Table

MISSING = "(missing)"
"""Label of the group whose value is missing; a value that reads so itself is shown in apostrophes."""

_LIKE_MISSING = re.compile(r"'*\(missing\)'*")


def bin_labels(edges: tuple[float, ...]) -> tuple[str, ...]:
    """Return the labels of the groups that ``edges`` cut, lowest first.

    >>> bin_labels((25, 45))
    ('<25', '25-45', '>=45')
    """
    texts = [canonical(edge) for edge in edges]
    inner = [f"{low}-{high}" for low, high in pairwise(texts)]
    return (f"<{texts[0]}", *inner, f">={texts[-1]}")


def group_labels(table: Table, column: Column) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Return the group of each row.

    Args:
        table: The rows.
        column: The column that makes the groups; its bins cut numbers, otherwise each value is a group.

    Returns:
        Codes of shape (rows,), 0 or more, and the labels that occur: bins in ascending order, values sorted by text, last
        ``(missing)`` for rows without a value.
    """
    if column.bins:
        numbers = table.numbers(column.name)
        codes = np.digitize(numbers, column.bins).astype(np.int32)
        codes[np.isnan(numbers)] = -1
        labels = bin_labels(column.bins)
        used = np.unique(codes[codes >= 0])
        codes = np.where(codes < 0, -1, np.searchsorted(used, codes)).astype(np.int32)
        labels = tuple(labels[place] for place in used)
    else:
        codes, labels = table.labels(column.name)
        labels = tuple(f"'{label}'" if _LIKE_MISSING.fullmatch(label) else label for label in labels)
    if not (codes < 0).any():
        return codes, labels
    return np.where(codes < 0, np.int32(len(labels)), codes).astype(np.int32), (*labels, MISSING)


def outcome(table: Table, schema: Schema | None = None) -> NDArray[np.int8]:
    """Return the outcome of each row, shape (rows,): 1 positive, 0 not, -1 where the target is missing.

    Args:
        table: The rows.
        schema: Which column is the target and what is positive; None for the table's own schema.

    Raises:
        OptionError: When no target or no positive outcome is declared.
    """
    schema = schema or table.schema
    target, positive = schema.target, schema.positive
    if target is None or positive is None:
        raise OptionError(
            "an outcome needs a target and a positive value",
            where="--target" if target is None else "--positive",
            remedy="Name both, for example --target income --positive '>50K'.",
        )
    if positive.above is not None:
        numbers = table.numbers(target.name)
        return np.where(np.isnan(numbers), -1, numbers > positive.above).astype(np.int8)
    codes, labels = table.labels(target.name)
    wanted = canonical(positive.literal)
    hit = labels.index(wanted) if wanted in labels else -2
    return np.where(codes < 0, -1, codes == hit).astype(np.int8)
